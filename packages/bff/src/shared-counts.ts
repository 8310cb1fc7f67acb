import { hash } from 'node:crypto'
import type { Counter, FullForMs } from './counts.js'
import type { Database } from './database.js'

/** One statement for all counters, in the order of their keys so that two of them never wait for each other. */
const addSql = `
  INSERT INTO kit_bff_counts AS c (key, count, reset_at)
  SELECT key, 1, now() + window_ms * interval '1 millisecond'
    FROM unnest($1::text[], $2::float8[]) AS t (key, window_ms) ORDER BY key
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.reset_at <= now() THEN 1 ELSE least(c.count, 1000000) + 1 END,
    reset_at = CASE WHEN c.reset_at <= now() THEN excluded.reset_at ELSE c.reset_at END
  RETURNING key, count, extract(epoch FROM reset_at - now())::float8 * 1000 AS left_ms`

const subtractSql = `
  UPDATE kit_bff_counts SET count = count - 1 WHERE key = ANY($1::text[]) AND count > 0 AND reset_at > now()`

/** Every thousandth request also sweeps what is over. */
const sweepSql = 'DELETE FROM kit_bff_counts WHERE reset_at < now()'

/** Counts that other processes see too. */
export interface SharedCounts {
  /** As `Counts.add`. */
  add(counters: readonly Counter[]): Promise<FullForMs>
  subtract(counters: readonly Counter[]): Promise<void>
}

/** 128 bits of a hash: nobody who reads the table learns who was here. */
const rowKey = ({ key }: Counter) => hash('sha256', key, 'base64url').slice(0, 22)

/** Counts in PostgreSQL, by its clock (F44), which all processes share. */
export function createSharedCounts(database: Database): SharedCounts {
  let adds = 0
  return {
    async add(counters) {
      const keys = counters.map(rowKey)
      const rows = await database.query<{ key: string; count: number; left_ms: number }>(
        'kit_bff_add',
        addSql,
        [keys, counters.map(({ windowMs }) => windowMs)],
      )
      if (++adds % 1_000 === 0) void database.query('kit_bff_sweep', sweepSql, []).catch(() => {})
      let waitMs: FullForMs = null
      for (const [index, { max, windowMs }] of counters.entries()) {
        const row = rows.find((found) => found.key === keys[index])
        // A count that cannot be read is a full one: T32.
        const full = !row || !(row.count <= max)
        if (full) waitMs = Math.max(waitMs ?? 0, row && row.left_ms > 0 ? row.left_ms : windowMs)
      }
      return waitMs
    },
    async subtract(counters) {
      await database.query('kit_bff_subtract', subtractSql, [counters.map(rowKey)])
    },
  }
}
