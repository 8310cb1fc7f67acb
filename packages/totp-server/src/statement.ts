import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Tables } from './tables.js'

export type Dialect = 'sqlite' | 'postgres'

/** What a column may hold. */
export type Value = string | number | Uint8Array | null

/** SQL text that was compiled once, to be run many times with other values. */
export interface Statement<Row> {
  /** Names the prepared statement on PostgreSQL. */
  readonly name: string
  readonly sql: string
  /** Changes nothing. */
  readonly isRead: boolean
  /**
   * Which value names the one row that the statement makes others wait for. Such statements may share a commit:
   * carried out in the order of that value, two commits cannot wait for each other in a circle.
   */
  readonly locks: string | undefined
  /** Values in the order of the text's placeholders. Throws for a name that `values` lacks. */
  readonly bind: (values: Values) => Value[]
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

const later = (name: string) => sql.val(new Placeholder(name))

/** Placeholders. The casts tell PostgreSQL the type where the surroundings do not, and read the same on SQLite. */
export const value = {
  /** As the column it is compared with or written to. */
  of: <T extends Value>(name: string): RawBuilder<T> => sql<T>`${later(name)}`,
  integer: (name: string): RawBuilder<number> => sql<number>`cast(${later(name)} as bigint)`,
  real: (name: string): RawBuilder<number> => sql<number>`cast(${later(name)} as double precision)`,
}

/** A query builder that only writes SQL: connections are the engines' own affair. */
export function queryBuilder(dialect: Dialect): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect:
      dialect === 'sqlite'
        ? {
            createAdapter: () => new SqliteAdapter(),
            createDriver: () => new DummyDriver(),
            createIntrospector: (db) => new SqliteIntrospector(db),
            createQueryCompiler: () => new SqliteQueryCompiler(),
          }
        : {
            createAdapter: () => new PostgresAdapter(),
            createDriver: () => new DummyDriver(),
            createIntrospector: (db) => new PostgresIntrospector(db),
            createQueryCompiler: () => new PostgresQueryCompiler(),
          },
  })
}

/** Compiles a query with {@link value} placeholders in it. */
export function compile<Row>(
  name: string,
  query: Compilable<Row>,
  { locks }: { locks?: string } = {},
): Statement<Row> {
  const { sql: text, parameters } = query.compile()
  return {
    name,
    sql: text,
    isRead: text.startsWith('select'),
    locks,
    bind: (values) =>
      parameters.map((parameter) => {
        const bound = parameter instanceof Placeholder ? values[parameter.name] : parameter
        if (bound === null || typeof bound === 'string' || typeof bound === 'number') return bound
        if (bound instanceof Uint8Array) return bound
        throw new TypeError(
          `Statement ${name} has no value for ${parameter instanceof Placeholder ? parameter.name : 'a constant'}.`,
        )
      }),
  }
}
