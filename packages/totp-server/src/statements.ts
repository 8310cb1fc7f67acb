import type { Dialect } from './statement.js'
import { attemptStatements } from './statements-attempts.js'
import { keyStatements } from './statements-keys.js'
import { recoveryCodeStatements } from './statements-recovery-codes.js'
import { sessionStatements } from './statements-sessions.js'
import { subjectStatements } from './statements-subjects.js'
import { totpStatements } from './statements-totps.js'

/** Every statement of the store, compiled once for one engine. */
export const compileStatements = (dialect: Dialect) => ({
  ...subjectStatements(dialect),
  ...totpStatements(dialect),
  ...attemptStatements(dialect),
  ...recoveryCodeStatements(dialect),
  ...sessionStatements(dialect),
  ...keyStatements(dialect),
})

export type Statements = ReturnType<typeof compileStatements>
