import { BoundedMap } from './bounded-map.js'
import { type Database, databaseRestMs } from './database.js'
import { tokenHashOf } from './token-hash.js'

/**
 * Things that must not count again until a time: signed-out sessions and, where the provider may forget them,
 * spent codes. Names are hashes; nothing here can be used.
 */
export interface Marks {
  /** False when the name is marked already: of two who mark it at once, one is told true. Never rejects. */
  add(name: string, untilMs: number): Promise<boolean>
  /** Marks a name, or lets its mark last longer, never shorter. Never rejects. */
  keep(name: string, untilMs: number): Promise<void>
  /** Never rejects. */
  has(name: string): Promise<boolean>
}

/** The mark of a session of the provider that was signed out. */
export const signedOutMark = (sessionToken: string): string => `out:${tokenHashOf(sessionToken)}`

const addSql = `
  INSERT INTO kit_bff_marks AS m (name, until_at) VALUES ($1, now() + $2::float8 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET until_at = excluded.until_at WHERE m.until_at <= now()
  RETURNING name`
const keepSql = `
  INSERT INTO kit_bff_marks AS m (name, until_at) VALUES ($1, now() + $2::float8 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET until_at = greatest(m.until_at, excluded.until_at)`
const hasSql = 'SELECT name FROM kit_bff_marks WHERE name = $1 AND until_at > now()'
const sweepSql = 'DELETE FROM kit_bff_marks WHERE until_at <= now()'

/**
 * Marks of this process and, with a database, of all that share it. While the database is out of reach each process
 * knows its own, and the provider's word, asked for every five minutes, tells the rest.
 */
export function createMarks(now: () => number, database?: Database): Marks {
  const own = new BoundedMap<string, number>(100_000)
  let restUntilMs = 0
  let added = 0

  const isOwn = (name: string) => (own.get(name) ?? 0) > now()

  const shared = async (name: string, sql: string, values: unknown[]): Promise<number | null> => {
    if (!database || performance.now() < restUntilMs) return null
    try {
      return (await database.query(name, sql, values)).length
    } catch {
      restUntilMs = performance.now() + databaseRestMs
      return null
    }
  }

  const setOwn = (name: string, untilMs: number) => {
    own.set(name, Math.max(own.get(name) ?? 0, untilMs))
    if (++added % 1_000 === 0) void shared('kit_bff_sweep_marks', sweepSql, [])
  }

  return {
    async add(name, untilMs) {
      if (isOwn(name)) return false
      setOwn(name, untilMs)
      return (await shared('kit_bff_mark', addSql, [name, untilMs - now()])) !== 0
    },
    async keep(name, untilMs) {
      setOwn(name, untilMs)
      await shared('kit_bff_keep_mark', keepSql, [name, untilMs - now()])
    },
    async has(name) {
      return isOwn(name) || ((await shared('kit_bff_marked', hasSql, [name])) ?? 0) > 0
    },
  }
}
