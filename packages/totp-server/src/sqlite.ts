import { chmodSync, closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type Database from 'libsql'
import { TotpServerError } from './error.js'
import { makeFolder } from './folder.js'
import { migrate } from './migrations/index.js'
import { createSqlStore, type Engine } from './sql-store.js'
import { type Run, rowCount, type Statement, type Value } from './statement.js'
import type { Store } from './store.js'

/** How long another process's write is waited for before the call fails, in milliseconds. */
const busyTimeoutMs = 2000
/** How much of that the driver waits by itself: the event loop stands still meanwhile, and not even reads are answered. */
const standstillMs = 10

/**
 * Most memory that pages of the file are kept in. SQLite's own 2 MB does not hold the inner pages of the indexes of a
 * million people, who then cost 7 % more.
 */
const cacheKiB = 65_536

type Connection = InstanceType<typeof Database>

const hasCode = (error: unknown, ...codes: readonly unknown[]) =>
  error instanceof Error && 'code' in error && codes.includes(error.code)
const isBusy = (error: unknown) => hasCode(error, 'SQLITE_BUSY')
const isDamaged = (error: unknown) => hasCode(error, 'SQLITE_CORRUPT', 'SQLITE_NOTADB')

/** SQLite runs it as soon as no other process writes, at most two seconds from now. */
async function execWhenFree(connection: Connection, sql: string): Promise<void> {
  const untilMs = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      connection.exec(sql)
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > untilMs) throw error
      await sleep(5)
    }
  }
}

function unavailable(cause: unknown): TotpServerError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new TotpServerError('unavailable', `SQLite did not carry out a statement${code}.`, { cause })
}

type Row = Record<string, unknown>

/** Runs a statement with values in its order, and gives its rows. After a failure it must not be used again. */
type Prepared = (bound: readonly Value[]) => Row[]

function prepare(connection: Connection, { sql, locks }: Statement<unknown>): Prepared {
  const statement = connection.prepare(sql)
  if (!statement.reader) {
    return (bound) => {
      statement.run(bound)
      return []
    }
  }
  statement.raw()
  const columns = statement.columns().map(({ name }) => name)
  const empty: Row = Object.fromEntries(columns.map((name) => [name, null]))
  /** The driver's list of cells as an object, with bytes as on PostgreSQL; its own objects take 5 µs more for a user. */
  const named = (cells: readonly unknown[]): Row => {
    // Of its shape at once: it would grow by one property at a time.
    const row = { ...empty }
    columns.forEach((column, index) => {
      const cell = cells[index]
      row[column] = cell instanceof Uint8Array ? new Uint8Array(cell) : cell
    })
    return row
  }
  const allOf = (all: typeof statement, bound: readonly Value[]) => (all.all(bound) as unknown[][]).map(named)
  if (locks === undefined && !columns.includes(rowCount)) return (bound) => allOf(statement, bound)

  // The first row by itself costs 5 to 10 µs less than a list of one. But after `all`, or a failure, the driver's `get`
  // answers with the values of before: what is asked for one row is asked for nothing else, and thrown away when it fails.
  return (bound) => {
    const cells = statement.get(bound) as unknown[] | undefined
    if (cells === undefined) return []
    const row = named(cells)
    return Number(row[rowCount] ?? 1) > 1 ? allOf(connection.prepare(sql).raw(), bound) : [row]
  }
}

/** Something that writes: one statement, or the statements of a transaction. */
interface Job {
  readonly work: (run: Run) => Promise<unknown>
  /** It undoes itself when it fails, as SQLite does with any single statement. */
  readonly isOneStatement: boolean
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Most jobs that one commit carries. */
const maxBatch = 64

/**
 * One connection, used in turns. What is to be written in one turn of the event loop is committed together, each
 * transaction behind a savepoint of its own: a commit waits for the disk, which costs more than all else, and so costs it
 * once. No job is answered before the commit that carries it.
 */
function createEngine(connection: Connection, noteClosed: () => void): Engine {
  const prepared = new Map<string, Prepared>()
  let waiting: Job[] = []
  let batch: Promise<void> | null = null
  // The driver ends the whole process when a closed connection is used.
  let isClosed = false
  const closed = () => unavailable(new Error('the store was closed'))

  const runNow: Run = async <Row>(...[statement, values]: Parameters<typeof runNow<Row>>) => {
    if (isClosed) throw closed()
    try {
      const known = prepared.get(statement.name)
      const run = known ?? prepare(connection, statement)
      if (known === undefined) prepared.set(statement.name, run)
      return run(statement.bind(values)) as Row[]
    } catch (error) {
      prepared.delete(statement.name)
      throw unavailable(error)
    }
  }

  const command = (sql: string) => {
    try {
      connection.exec(sql)
    } catch (error) {
      throw unavailable(error)
    }
  }

  /** Runs jobs in one transaction. A job that fails undoes itself alone, unless SQLite undid the whole. */
  async function commit(jobs: readonly Job[]): Promise<void> {
    const done: (() => void)[] = []
    try {
      await execWhenFree(connection, 'BEGIN IMMEDIATE').catch((error: unknown) => {
        throw unavailable(error)
      })
      for (const { work, isOneStatement, resolve, reject } of jobs) {
        if (!isOneStatement) command('SAVEPOINT job')
        try {
          const result = await work(runNow)
          done.push(() => resolve(result))
        } catch (error) {
          // Some faults, such as a full disk, end the transaction by themselves.
          if (!connection.inTransaction) throw error
          if (!isOneStatement) command('ROLLBACK TO job')
          done.push(() => reject(error))
        }
        if (!isOneStatement) command('RELEASE job')
      }
      command('COMMIT')
    } catch (error) {
      try {
        if (connection.inTransaction) command('ROLLBACK')
      } catch {
        // What comes next tries again: until then nothing is read or written.
      }
      for (const { reject } of jobs) reject(error)
      return
    }
    for (const settle of done) settle()
  }

  async function commitAll(): Promise<void> {
    // Every request that is being answered in this turn of the event loop gets to write first.
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const jobs = waiting.slice(0, maxBatch)
      waiting = waiting.slice(maxBatch)
      await commit(jobs)
    }
    batch = null
  }

  const write = <T>(work: Job['work'], isOneStatement: boolean): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (isClosed) return reject(closed())
      waiting.push({ work, isOneStatement, resolve: (result) => resolve(result as T), reject })
      batch ??= commitAll()
    })

  return {
    dialect: 'sqlite',
    async run(statement, values) {
      if (!statement.isRead) return write((run) => run(statement, values), true)
      // What a batch has written is nobody's to see before it is committed.
      while (!isClosed && connection.inTransaction) {
        // Only where a ROLLBACK failed.
        if (batch === null) command('ROLLBACK')
        await batch
      }
      return runNow(statement, values)
    },
    transaction: (work) => write(work, false),
    async close() {
      while (batch !== null) await batch
      if (isClosed) return
      isClosed = true
      prepared.clear()
      try {
        // SQLite would do so at close, but the driver's statements live on until they are collected, and a copy of the
        // one file would lack what is still in the log.
        connection.pragma(`busy_timeout=${busyTimeoutMs}`)
        connection.pragma('wal_checkpoint(TRUNCATE)')
        connection.close()
        noteClosed()
      } catch {
        // A full disk, say: the log stays where it is, and the next start reads it.
        if (connection.open) connection.close()
      }
    },
  }
}

/** What the file system calls a file, and how it was left. */
function noteOf(file: string): { identity: string; asLeft: string } {
  const { ino, birthtimeNs, mtimeNs, size } = statSync(file, { bigint: true })
  const identity = `${ino} ${birthtimeNs}`
  return { identity, asLeft: `${identity} ${mtimeNs} ${size}` }
}

const notePathOf = (file: string) => `${file}-checked`
const writeNote = (file: string, note: string) => writeFileSync(notePathOf(file), note, { mode: 0o600 })

/**
 * Makes sure that a file which was copied here is whole. A copy of the files of a running process may open and yet
 * have pages of two moments: SQLite trusts what it finds. Only the files' names go along with a copy, so what the
 * file system calls the file is written down beside it, and how it was left, and the check, some seconds a gigabyte,
 * is made where that has changed. While a process has it open, and after a crash, only the first is known.
 *
 * @throws Error when the file is damaged
 */
function checkCopy(connection: Connection, file: string): void {
  const { identity, asLeft } = noteOf(file)
  const note = existsSync(notePathOf(file)) ? readFileSync(notePathOf(file), 'utf8') : ''
  if (note === identity) return
  if (note !== asLeft) {
    const [problem] = connection.prepare('PRAGMA integrity_check(1)').raw().get() as [string]
    if (problem !== 'ok') {
      const found = problem.split('\n').at(-1)
      throw new Error(
        `this copy of a database is not whole (${found}); copy it by VACUUM INTO, or while nothing runs`,
      )
    }
  }
  writeNote(file, identity)
}

/**
 * Opens the SQLite file `totp.sqlite` in a folder, which is made, for its owner alone, where it is missing.
 * Several processes may open one folder. A commit is on disk when it is answered (WAL, `synchronous=FULL`).
 *
 * @param options.dataDir a folder, or `:memory:` for a database that lives as long as the store
 * @throws TotpServerError `invalid_option` when the folder or the file cannot be used, or a copied file is damaged
 */
export async function openSqlite({ dataDir }: { dataDir: string }): Promise<Store> {
  // Loaded here, so that a server on PostgreSQL starts without it.
  const { default: Database } = await import('libsql')
  const inMemory = dataDir === ':memory:'
  const file = join(dataDir, 'totp.sqlite')
  let connection: Connection | undefined
  try {
    if (!inMemory) {
      if (makeFolder(dataDir)) chmodSync(dataDir, 0o700)
      // The files that SQLite puts beside it get the same mode.
      closeSync(openSync(file, 'a', 0o600))
    }
    connection = new Database(inMemory ? dataDir : file, { timeout: busyTimeoutMs })
    await execWhenFree(connection, 'PRAGMA journal_mode=WAL')
    for (const pragma of ['synchronous=FULL', 'foreign_keys=ON', `cache_size=-${cacheKiB}`])
      connection.pragma(pragma)
    if (!inMemory) checkCopy(connection, file)
    // IMMEDIATE takes the one lock for writing, so that of two processes the second finds the tables made.
    await execWhenFree(connection, 'BEGIN IMMEDIATE')
    await migrate(async (sql) => {
      const statement = connection?.prepare(sql)
      if (statement?.reader) return statement.all() as { [column: string]: unknown }[]
      statement?.run()
      return []
    }, "SELECT name FROM sqlite_master WHERE name = 'migrations'")
    connection.exec('COMMIT')
    connection.pragma(`busy_timeout=${standstillMs}`)
  } catch (error) {
    connection?.close()
    const cure = isDamaged(error)
      ? 'Put a backup in its place, as totp.sqlite in an empty DATA_DIR.'
      : 'Name a folder that this process may read and write (DATA_DIR), with space left on its disk.'
    throw new TotpServerError(
      'invalid_option',
      `SQLite cannot be opened in ${dataDir}: ${error instanceof Error ? error.message : String(error)}. ${cure}`,
      { cause: error },
    )
  }
  return createSqlStore(
    createEngine(connection, () => {
      if (!inMemory) writeNote(file, noteOf(file).asLeft)
    }),
  )
}
