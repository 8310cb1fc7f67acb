import type { Pool } from 'pg'

/** The PostgreSQL that several processes share. */
export interface Database {
  /** Runs one statement. `name` makes it a prepared one, so give the same text with it always. */
  query<Row extends object>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** How long a database that failed is to be left alone, so that no request waits for it in vain. */
export const databaseRestMs = 5_000

/** Any fixed number: processes that start at once take turns by it. */
const migrationLock = 42_012_026

/**
 * UNLOGGED writes no journal, so a crash of the database empties the counts, and limits begin anew. The marks are kept
 * through it: a spent code must not pass again, nor a signed-out session count.
 */
const schema = `
  CREATE UNLOGGED TABLE IF NOT EXISTS kit_bff_counts (
    key text PRIMARY KEY,
    count integer NOT NULL CHECK (count >= 0),
    reset_at timestamptz NOT NULL
  );
  CREATE INDEX IF NOT EXISTS kit_bff_counts_reset_at ON kit_bff_counts (reset_at);
  CREATE TABLE IF NOT EXISTS kit_bff_marks (
    name text PRIMARY KEY,
    until_at timestamptz NOT NULL
  );
  CREATE INDEX IF NOT EXISTS kit_bff_marks_until_at ON kit_bff_marks (until_at);`

/**
 * Connects when the first statement comes, and makes the tables then. `pg` is loaded only here, and only when a
 * database is configured. Every wait has an end: one second for a connection, two for a statement.
 *
 * @throws TypeError where the URL is not one of PostgreSQL
 */
export function createDatabase(databaseUrl: string): Database {
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new TypeError('databaseUrl must begin with postgres:// or postgresql://.')
  }
  let opening: Promise<Pool> | undefined

  const open = async () => {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      max: 5,
      connectionTimeoutMillis: 1_000,
      query_timeout: 2_000,
      statement_timeout: 2_000,
      lock_timeout: 1_000,
      idle_in_transaction_session_timeout: 5_000,
      application_name: 'kit-bff',
      allowExitOnIdle: true,
    })
    // An idle connection that breaks would otherwise end the process; the next query tells whoever needs to know.
    pool.on('error', () => {})
    try {
      await migrate(pool)
      return pool
    } catch (error) {
      await pool.end()
      throw error
    }
  }

  const ready = () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  return {
    async query<Row extends object>(name: string, text: string, values: readonly unknown[]) {
      const pool = await ready()
      const { rows } = await pool.query<Row>({ name, text, values: [...values] })
      return rows
    },
    async close() {
      const pool = await opening?.catch(() => undefined)
      opening = undefined
      await pool?.end()
    },
  }
}

/** Connects, makes the tables where they are missing, and says in words what is wrong. */
export async function checkDatabase(databaseUrl: string): Promise<{ ok: boolean; text: string }> {
  const database = createDatabase(databaseUrl)
  try {
    await database.query('kit_bff_check', 'SELECT 1 AS one', [])
    return { ok: true, text: 'The database answers and has its tables.' }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
    return {
      ok: false,
      text: `The database of DATABASE_URL cannot be used (${code}): look at the address, and whether it runs.`,
    }
  } finally {
    await database.close()
  }
}

/** CREATE … IF NOT EXISTS of two processes at once can fail on the catalogue's unique index, so they take turns. */
async function migrate(pool: Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${migrationLock}); ${schema} COMMIT`)
  } finally {
    client.release()
  }
}
