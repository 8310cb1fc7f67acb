import { createRequire } from 'node:module'
import type { Compilable, Kysely, RawBuilder } from 'kysely'
import type { Tables } from './tables.js'

export type Dialect = 'sqlite' | 'postgres'

let loaded: typeof import('kysely') | undefined

/**
 * The query builder's module, loaded when the first statement is written: after the server listens. `require` takes
 * half the 200 ms of CPU that `import` takes for its 280 files.
 */
export function kysely(): typeof import('kysely') {
  loaded ??= createRequire(import.meta.url)('kysely') as typeof import('kysely')
  return loaded
}

/** What a column may hold. */
export type Value = string | number | Uint8Array | null

/** SQL text that was compiled once, to be run many times with other values. */
export interface Statement<Row> {
  /** Names the prepared statement on PostgreSQL. */
  readonly name: string
  readonly sql: string
  /** Changes nothing. */
  readonly isRead: boolean
  /** Carries out many calls at once, on PostgreSQL: see {@link callsOf}. */
  readonly takesMany: boolean
  /**
   * Which value names the one row that the statement makes others wait for. Many calls at once are carried out in the
   * order of that value, so that two such statements cannot wait for each other in a circle.
   */
  readonly locks: string | undefined
  /** Values in the order of the text's placeholders. Throws for a name that `values` lacks. */
  readonly bind: (values: Values) => Value[]
  /** The same where it takes many: a list a placeholder. */
  readonly bindMany: (calls: readonly Values[]) => Value[][]
  /** Carries the row type only; never there. */
  readonly row?: Row
}

/** Runs a statement and gives its rows. */
export type Run = <Row>(statement: Statement<Row>, values: Values) => Promise<Row[]>

export type Values = Readonly<Record<string, Value>>

/** Stands in a query for a value that comes later. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

const later = (name: string) => kysely().sql.val(new Placeholder(name))

/** Placeholders. The casts tell PostgreSQL the type where the surroundings do not, and read the same on SQLite. */
export const value = {
  /** As the column it is compared with or written to. */
  of: <T extends Value>(name: string): RawBuilder<T> => kysely().sql<T>`${later(name)}`,
  integer: (name: string): RawBuilder<number> => kysely().sql<number>`cast(${later(name)} as bigint)`,
  real: (name: string): RawBuilder<number> => kysely().sql<number>`cast(${later(name)} as double precision)`,
}

/** What a value is where PostgreSQL takes a list of them. */
type ListedType = 'text' | 'bigint' | 'double precision' | 'bytea'

/** Which of the calls that were carried out together a row answers, counted from 1. */
export const place = 'call_place'

/** {@link place}, among the columns that a statement gives. */
export const placeOfCall = () => kysely().sql<number>`${kysely().sql.ref(`calls.${place}`)}`.as(place)

/**
 * The values of a statement that many requests ask for at the same time. PostgreSQL takes a list of each and joins the
 * table that they make, a row a call, so that thirty calls cost little more than one; SQLite, which is no
 * round trip away, takes the values as they are.
 */
export function callsOf<Name extends string>(dialect: Dialect, types: Readonly<Record<Name, ListedType>>) {
  const { sql } = kysely()
  const names = Object.keys(types) as Name[]
  const column = (name: string) => `call_${name}`
  const one = <T extends Value>(name: Name): RawBuilder<T> => {
    if (dialect === 'postgres') return sql<T>`${sql.ref(`calls.${column(name)}`)}`
    const isNumber = types[name] === 'bigint' || types[name] === 'double precision'
    return isNumber ? sql<T>`cast(${later(name)} as ${sql.raw(types[name])})` : value.of<T>(name)
  }
  const lists = names.map((name) => sql`cast(${later(name)} as ${sql.raw(types[name])}[])`)
  const columns = [...names.map(column), place].map((name) => sql.ref(name))
  return {
    /** Whether there is a table of calls to join. */
    isTable: dialect === 'postgres',
    table: sql<object>`unnest(${sql.join(lists)}) with ordinality`.as<'calls'>(
      sql`calls(${sql.join(columns)})`,
    ),
    of: one,
    integer: (name: Name) => one<number>(name),
    real: (name: Name) => one<number>(name),
  }
}

/** A query builder that only writes SQL: connections are the engines' own affair. */
export function queryBuilder(dialect: Dialect): Kysely<Tables> {
  const k = kysely()
  return new k.Kysely<Tables>({
    dialect:
      dialect === 'sqlite'
        ? {
            createAdapter: () => new k.SqliteAdapter(),
            createDriver: () => new k.DummyDriver(),
            createIntrospector: (db) => new k.SqliteIntrospector(db),
            createQueryCompiler: () => new k.SqliteQueryCompiler(),
          }
        : {
            createAdapter: () => new k.PostgresAdapter(),
            createDriver: () => new k.DummyDriver(),
            createIntrospector: (db) => new k.PostgresIntrospector(db),
            createQueryCompiler: () => new k.PostgresQueryCompiler(),
          },
  })
}

/** Compiles a query with {@link value} placeholders in it. */
export function compile<Row>(
  name: string,
  query: Compilable<Row>,
  { locks, takesMany = false }: { locks?: string; takesMany?: boolean } = {},
): Statement<Row> {
  const { sql: text, parameters } = query.compile()
  const boundTo = (parameter: unknown, values: Values): Value => {
    const bound = parameter instanceof Placeholder ? values[parameter.name] : parameter
    if (bound === null || typeof bound === 'string' || typeof bound === 'number') return bound
    if (bound instanceof Uint8Array) return bound
    throw new TypeError(
      `Statement ${name} has no value for ${parameter instanceof Placeholder ? parameter.name : 'a constant'}.`,
    )
  }
  return {
    name,
    sql: text,
    isRead: text.startsWith('select'),
    takesMany,
    locks,
    bind: (values) => parameters.map((parameter) => boundTo(parameter, values)),
    bindMany: (calls) => parameters.map((parameter) => calls.map((values) => boundTo(parameter, values))),
  }
}
