import { subjects } from './0001-subjects.js'
import { factors } from './0002-factors.js'
import { sessions } from './0003-sessions.js'
import { memberSessions } from './0004-member-sessions.js'
import { memberReferences } from './0005-member-references.js'

/** One step forward. Its statements are the same text on both engines: SQLite takes BYTEA and DOUBLE PRECISION as names. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

/** In order. Only ever appended to: what has run somewhere is never changed. */
export const migrations: readonly Migration[] = [
  subjects,
  factors,
  sessions,
  memberSessions,
  memberReferences,
]

/**
 * Runs what has not run yet. The caller holds a lock that no second process can have, and a transaction, so
 * that an interrupted run leaves nothing behind.
 *
 * @param run executes one statement and gives its rows
 * @param findTable a query that gives a row where the table `migrations` is there: a user without the right to
 * create tables may then open what another one has made
 */
export async function migrate(
  run: (sql: string) => Promise<readonly { readonly [column: string]: unknown }[]>,
  findTable: string,
): Promise<void> {
  if ((await run(findTable)).length === 0) await run('CREATE TABLE migrations (name TEXT PRIMARY KEY)')
  const done = new Set((await run('SELECT name FROM migrations')).map((row) => row.name))
  for (const { name, statements } of migrations) {
    if (done.has(name)) continue
    for (const statement of statements) await run(statement)
    await run(`INSERT INTO migrations (name) VALUES ('${name}')`)
  }
}
