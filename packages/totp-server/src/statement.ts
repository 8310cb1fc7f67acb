import { createRequire } from 'node:module'
import type { AliasedExpression, Compilable, CompiledQuery, Kysely, RawBuilder } from 'kysely'
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

/** A statement that carries out many calls at once, on PostgreSQL: a list a placeholder. */
export interface Many {
  readonly name: string
  readonly sql: string
  readonly bind: (calls: readonly Values[]) => Value[][]
}

/** SQL text that was compiled once, to be run many times with other values. */
export interface Statement<Row> {
  /** Names the prepared statement on PostgreSQL. */
  readonly name: string
  readonly sql: string
  /** Changes nothing. */
  readonly isRead: boolean
  /**
   * Which value names the one row that the statement changes, and gives if any. Others wait for that row: many calls at
   * once are carried out in the order of the value, so that two such statements cannot wait for each other in a circle.
   */
  readonly locks: string | undefined
  /** Values in the order of the text's placeholders. Throws for a name that `values` lacks. */
  readonly bind: (values: Values) => Value[]
  /** For many calls at once, where there is such a way. */
  readonly many: Many | undefined
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

const placeholders = new Map<string, Placeholder>()

/** A name has one placeholder, wherever it stands. */
function later(name: string): RawBuilder<unknown> {
  const placeholder = placeholders.get(name) ?? new Placeholder(name)
  placeholders.set(name, placeholder)
  return kysely().sql.val(placeholder)
}

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

/**
 * A column of statements that nearly always give one row: how many there are. SQLite's driver gives the first alone for
 * 10 µs less than all, which are then asked for only where there are more.
 */
export const rowCount = 'row_count'

/** {@link place}, among the columns that a statement gives. */
export const placeOfCall = () => kysely().sql<number>`${kysely().sql.ref(`calls.${place}`)}`.as(place)

/** The values of a statement, of one call or of many: see {@link compileForMany}. */
export interface Calls<Name extends string> {
  /** Whether there is a table of calls to join: not on SQLite. */
  readonly isTable: boolean
  /** Whether that table may have more than one row. */
  readonly isMany: boolean
  readonly table: AliasedExpression<object, 'calls'>
  of<T extends Value>(name: Name): RawBuilder<T>
  integer(name: Name): RawBuilder<number>
  real(name: Name): RawBuilder<number>
}

function callsOf<Name extends string>(
  dialect: Dialect,
  types: Readonly<Record<Name, ListedType>>,
  isMany: boolean,
): Calls<Name> {
  const { sql } = kysely()
  const names = Object.keys(types) as Name[]
  const column = (name: string) => `call_${name}`
  const one = <T extends Value>(name: Name): RawBuilder<T> => {
    if (dialect === 'postgres') return sql<T>`${sql.ref(`calls.${column(name)}`)}`
    const isNumber = types[name] === 'bigint' || types[name] === 'double precision'
    return isNumber ? sql<T>`cast(${later(name)} as ${sql.raw(types[name])})` : value.of<T>(name)
  }
  const casts = names.map(
    (name) => sql`cast(${later(name)} as ${sql.raw(types[name] + (isMany ? '[]' : ''))})`,
  )
  const columns = sql.join([...names.map(column), place].map((name) => sql.ref(name)))
  const rows = isMany ? sql`unnest(${sql.join(casts)}) with ordinality` : sql`(select ${sql.join(casts)}, 1)`
  return {
    isTable: dialect === 'postgres',
    isMany,
    table: sql<object>`${rows}`.as<'calls'>(sql`calls(${columns})`),
    of: one,
    integer: (name) => one<number>(name),
    real: (name) => one<number>(name),
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

const boundTo =
  (name: string) =>
  (parameter: unknown, values: Values): Value => {
    const bound = parameter instanceof Placeholder ? values[parameter.name] : parameter
    if (bound === null || typeof bound === 'string' || typeof bound === 'number') return bound
    if (bound instanceof Uint8Array) return bound
    throw new TypeError(
      `Statement ${name} has no value for ${parameter instanceof Placeholder ? parameter.name : 'a constant'}.`,
    )
  }

/**
 * SQLite counts its question marks, and the driver takes some 0.3 µs to bind each: a value that stands in many places is
 * bound once. Of `reserve_attempt` that is 15 values in place of 41. PostgreSQL's text has numbers already.
 */
function bindOnce({ sql, parameters }: CompiledQuery) {
  if (!sql.includes('?')) return { sql, parameters }
  const distinct = [...new Set(parameters)]
  let at = 0
  const place = () => `?${distinct.indexOf(parameters[at++]) + 1}`
  return { sql: sql.replace(/\?/g, place), parameters: distinct }
}

/** Compiles a query with {@link value} placeholders in it. */
export function compile<Row>(name: string, query: Compilable<Row>): Statement<Row> {
  const { sql, parameters } = bindOnce(query.compile())
  const bound = boundTo(name)
  return {
    name,
    sql,
    isRead: sql.startsWith('select'),
    locks: undefined,
    bind: (values) => parameters.map((parameter) => bound(parameter, values)),
    many: undefined,
  }
}

/** A statement whose text depends on a number of rows, compiled once for each number. */
export function forCount<Row>(make: (count: number) => Statement<Row>): (count: number) => Statement<Row> {
  const made = new Map<number, Statement<Row>>()
  return (count) => {
    const statement = made.get(count) ?? make(count)
    made.set(count, statement)
    return statement
  }
}

/**
 * Compiles a statement that many requests ask for at the same time. PostgreSQL takes a list of each value and joins the
 * table that they make, a row a call, so that thirty calls cost little more than one; a call by itself it takes with its
 * values as they are, which costs a tenth less than a list of one. So does SQLite, which is no round trip away.
 */
export function compileForMany<Row, Name extends string>(
  dialect: Dialect,
  name: string,
  types: Readonly<Record<Name, ListedType>>,
  build: (calls: Calls<Name>) => Compilable<Row>,
  locks?: NoInfer<Name>,
): Statement<Row> {
  const one = { ...compile(name, build(callsOf(dialect, types, false))), locks }
  if (dialect === 'sqlite') return one
  const { sql, parameters } = build(callsOf(dialect, types, true)).compile()
  const bound = boundTo(name)
  const bind = (calls: readonly Values[]) =>
    parameters.map((parameter) => calls.map((values) => bound(parameter, values)))
  return { ...one, many: { name: `${name}_many`, sql, bind } }
}
