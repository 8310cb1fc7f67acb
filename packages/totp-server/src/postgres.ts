import type pg from 'pg'
import { TotpServerError } from './error.js'
import { migrate } from './migrations/index.js'
import { connect, createLanes, runOn, unavailable } from './postgres-lanes.js'
import { createSqlStore, type Engine } from './sql-store.js'
import type { Run } from './statement.js'
import type { Store } from './store.js'

/** Any number of its own; every process of this program asks for the same one. */
const migrationLock = 7_165_412_026

/**
 * Every statement finds its rows by an index, in the order that it is given; these plans are made once a connection.
 * Left to itself PostgreSQL plans anew for each length of a list, and reads small tables whole, in an order of its own.
 */
const settings = {
  statement_timeout: 2000,
  // Longer than PostgreSQL takes to look for a deadlock, a second, or it would never find one.
  lock_timeout: 1500,
  idle_in_transaction_session_timeout: 5000,
  synchronous_commit: 'on',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
}

/**
 * Where to connect, and with which options: those of the URL or else of `PGOPTIONS`, as the driver has it, and
 * {@link settings} behind them, since the later one of a name wins. Options that stay in the URL would take the place of
 * all others. The rest of the URL stays as it is written: what is not encoded in it the driver reads in its own way.
 */
function withSettings(connectionString: string): { connectionString: string; options: string } {
  const ours = Object.entries(settings).map(([name, setting]) => `-c ${name}=${setting}`)
  const [address = '', query = ''] = connectionString.split(/\?(.*)/s)
  const told = new URLSearchParams(query).getAll('options')
  const given = told.length > 0 ? told : [process.env['PGOPTIONS'] ?? '']
  const rest = query.split('&').filter((pair) => pair !== '' && !/^options(=|$)/.test(pair))
  return {
    connectionString: rest.length === 0 ? address : `${address}?${rest.join('&')}`,
    options: [...given, ...ours].join(' '),
  }
}

/** BIGINT comes as text by default, though all of ours are times, steps and counts below 2^53; BYTEA as a Buffer. */
function columnTypes({ builtins, getTypeParser }: typeof pg.types): pg.CustomTypesConfig {
  const { INT8, BYTEA } = builtins
  const parseBytes = getTypeParser(BYTEA, 'text')
  return {
    getTypeParser: (oid: number, format?: 'text' | 'binary') => {
      if (oid === INT8) return Number
      if (oid === BYTEA) return (text: string) => new Uint8Array(parseBytes(text))
      return getTypeParser(oid, format)
    },
  }
}

/** How often a transaction is begun anew that PostgreSQL undid for the sake of another. */
const maxRepeats = 2

/** A serialization failure or a deadlock. */
const isUndone = (error: unknown) =>
  error instanceof TotpServerError &&
  error.cause instanceof Error &&
  'code' in error.cause &&
  (error.cause.code === '40001' || error.cause.code === '40P01')

function createEngine(pool: pg.Pool): Engine {
  let closing: Promise<void> | undefined
  async function runOnce<T>(work: (run: Run) => Promise<T>): Promise<T> {
    const client = await connect(pool)
    let broken: Error | undefined
    const command = async (sql: string) => {
      try {
        await client.query(sql)
      } catch (error) {
        broken = unavailable(error)
        throw broken
      }
    }
    try {
      // The first statement is sent right behind it: a round trip less.
      const begun = command('BEGIN')
      try {
        const [result] = await Promise.all([work(runOn(client)), begun])
        await command('COMMIT')
        return result
      } catch (error) {
        if (broken === undefined) await command('ROLLBACK')
        throw error
      }
    } finally {
      // A connection whose transaction may still be open is closed instead of being used again.
      client.release(broken)
    }
  }

  return {
    dialect: 'postgres',
    run: createLanes(pool),
    async transaction(work) {
      for (let repeats = 0; ; repeats++) {
        try {
          return await runOnce(work)
        } catch (error) {
          if (repeats === maxRepeats || !isUndone(error)) throw error
        }
      }
    },
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}

/** On a connection of its own, since waiting for another process's migrations may take as long as that needs. */
async function bringUpToDate(client: pg.Client): Promise<void> {
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await migrate(
      async (sql) => (await client.query(sql)).rows,
      "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migrations'",
    )
    await client.query('COMMIT')
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Opens a PostgreSQL database and brings its tables up to date, under an advisory lock, so that any number of
 * processes may start at once. At most 32 connections; a statement that takes longer than two seconds, or waits
 * longer than a second for a connection or one and a half for a lock, fails with `TotpServerError` `unavailable`.
 *
 * @param options.connectionString `postgres://user:password@host:port/database`
 * @throws TotpServerError `invalid_option` when the database cannot be reached or used
 */
export async function openPostgres({ connectionString }: { connectionString: string }): Promise<Store> {
  // Loaded here, so that a server on SQLite starts without it.
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    ...withSettings(connectionString),
    max: 32,
    connectionTimeoutMillis: 1000,
    query_timeout: 3000,
    pipeline: true,
    keepAlive: true,
    application_name: 'kit-totp-server',
    types: columnTypes(pg.types),
  })
  // A connection that dies between two statements: whoever has it learns at the next one, and the pool makes
  // another. Without a listener the event would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    await bringUpToDate(new pg.Client({ connectionString, connectionTimeoutMillis: 5000 }))
    // With options of ours besides, which a proxy before the database may refuse.
    await pool.query('SELECT 1')
  } catch (error) {
    await pool.end()
    throw new TotpServerError(
      'invalid_option',
      `PostgreSQL cannot be used: ${error instanceof Error ? error.message : String(error)}. Check DATABASE_URL, and that its user may create tables.`,
      { cause: error },
    )
  }
  return createSqlStore(createEngine(pool))
}
