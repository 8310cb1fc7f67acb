import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { TotpServerError } from './error.js'
import { migrate } from './migrations/index.js'
import { createSqlStore, type Engine } from './sql-store.js'
import type { Run } from './statement.js'
import type { Store } from './store.js'

/** How long a statement waits for another process's write before the call fails, in milliseconds. */
const busyTimeoutMs = 2000

type Connection = InstanceType<typeof Database>

function unavailable(cause: unknown): TotpServerError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new TotpServerError('unavailable', `SQLite did not carry out a statement${code}.`, { cause })
}

/** The driver gives a column of bytes as an ArrayBuffer where it reads many rows. */
function withBytes(rows: unknown[]): unknown[] {
  for (const row of rows) {
    for (const [column, cell] of Object.entries(Object(row))) {
      if (cell instanceof ArrayBuffer) Object.assign(Object(row), { [column]: new Uint8Array(cell) })
    }
  }
  return rows
}

function createEngine(connection: Connection): Engine {
  const prepared = new Map<string, ReturnType<Connection['prepare']>>()
  // One connection: while a transaction holds it single statements wait, so that none ends up inside of it.
  let turn: Promise<void> | null = null

  const runNow: Run = async <Row>(...[statement, values]: Parameters<typeof runNow<Row>>) => {
    try {
      let ready = prepared.get(statement.name)
      if (ready === undefined) {
        ready = connection.prepare(statement.sql)
        prepared.set(statement.name, ready)
      }
      const bound = statement.bind(values)
      if (ready.reader) return withBytes(ready.all(bound)) as Row[]
      ready.run(bound)
      return []
    } catch (error) {
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

  return {
    dialect: 'sqlite',
    async run(statement, values) {
      while (turn !== null) await turn
      return runNow(statement, values)
    },
    async transaction(work) {
      while (turn !== null) await turn
      let leave = () => {}
      turn = new Promise((resolve) => {
        leave = resolve
      })
      try {
        command('BEGIN IMMEDIATE')
        try {
          const result = await work(runNow)
          command('COMMIT')
          return result
        } catch (error) {
          if (connection.inTransaction) command('ROLLBACK')
          throw error
        }
      } finally {
        turn = null
        leave()
      }
    },
    async close() {
      while (turn !== null) await turn
      prepared.clear()
      if (connection.open) connection.close()
    },
  }
}

/**
 * Opens the SQLite file `totp.sqlite` in a folder, which is made, for its owner alone, where it is missing.
 * Several processes may open one folder. A commit is on disk when it is answered (WAL, `synchronous=FULL`).
 *
 * @param options.dataDir a folder, or `:memory:` for a database that lives as long as the store
 * @throws TotpServerError `invalid_option` when the folder or the file cannot be used
 */
export async function openSqlite({ dataDir }: { dataDir: string }): Promise<Store> {
  const inMemory = dataDir === ':memory:'
  let connection: Connection | undefined
  try {
    if (!inMemory) {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 })
      chmodSync(dataDir, 0o700)
    }
    connection = new Database(inMemory ? dataDir : join(dataDir, 'totp.sqlite'), { timeout: busyTimeoutMs })
    for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) {
      connection.pragma(pragma)
    }
    // IMMEDIATE takes the one lock for writing, so that of two processes the second finds the tables made.
    connection.exec('BEGIN IMMEDIATE')
    await migrate(async (sql) => {
      const statement = connection?.prepare(sql)
      if (statement?.reader) return statement.all() as { [column: string]: unknown }[]
      statement?.run()
      return []
    }, "SELECT name FROM sqlite_master WHERE name = 'migrations'")
    connection.exec('COMMIT')
  } catch (error) {
    connection?.close()
    throw new TotpServerError(
      'invalid_option',
      `SQLite cannot be opened in ${dataDir}: ${error instanceof Error ? error.message : String(error)}. Name a folder that this process may read and write (DATA_DIR), with space left on its disk.`,
      { cause: error },
    )
  }
  return createSqlStore(createEngine(connection))
}
