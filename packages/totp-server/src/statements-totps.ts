import {
  callsOf,
  compile,
  type Dialect,
  kysely,
  place,
  placeOfCall,
  queryBuilder,
  value,
} from './statement.js'
import { sessionColumns, sessionValues } from './statements-sessions.js'
import type { TotpStatus, TotpsTable } from './tables.js'

/** Columns of `totps` beside those of the subject it belongs to; all null where the subject has none. */
export type JoinedTotp = { [Column in keyof TotpsTable as `totp_${Column}`]: TotpsTable[Column] | null }
export const totpColumns = [
  'totps.totp_id as totp_totp_id',
  'totps.project_id as totp_project_id',
  'totps.subject_id as totp_subject_id',
  'totps.status as totp_status',
  'totps.sealed_secret as totp_sealed_secret',
  'totps.key_id as totp_key_id',
  'totps.algorithm as totp_algorithm',
  'totps.digits as totp_digits',
  'totps.period_seconds as totp_period_seconds',
  'totps.last_step as totp_last_step',
  'totps.consecutive_failures as totp_consecutive_failures',
  'totps.fail_level as totp_fail_level',
  'totps.fail_level_at as totp_fail_level_at',
  'totps.locked_until as totp_locked_until',
  'totps.expires_at as totp_expires_at',
  'totps.created_at as totp_created_at',
] as const

const stepValues = {
  totpId: 'text',
  subjectId: 'text',
  status: 'text',
  step: 'bigint',
  now: 'bigint',
} as const

const reserveValues = {
  totpId: 'text',
  subjectId: 'text',
  status: 'text',
  now: 'bigint',
  freeFailures: 'bigint',
  delayMs1: 'bigint',
  delayMs2: 'bigint',
  delayMs3: 'bigint',
  delayMs4: 'bigint',
  delayMs5: 'bigint',
  delayMs6: 'bigint',
  delayMs7: 'bigint',
  maxConsecutiveFailures: 'bigint',
  failLevelMax: 'double precision',
  failLevelDrainPerMs: 'double precision',
} as const

/** Registrations: attempts reserved, steps spent. */
export function totpStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value

  function reserveAttempt() {
    const { of, integer, real, table, isTable } = callsOf(dialect, reserveValues)
    const now = integer('now')
    // The leaky level as of now. Both engines compute with IEEE 754 doubles and so agree to the last bit.
    const elapsed = sql<number>`case when ${now} > fail_level_at then ${now} - fail_level_at else 0 end`
    const leaked = sql<number>`fail_level - (${elapsed}) * ${real('failLevelDrainPerMs')}`
    const level = sql<number>`case when ${leaked} > 0 then ${leaked} else 0 end`
    // Waits by the number of failures in a row that this attempt would make; the longest comes first.
    const waits = ([7, 6, 5, 4, 3, 2, 1] as const).map(
      (nth) =>
        sql`when consecutive_failures + 1 >= ${integer('freeFailures')} + ${sql.lit(nth)} then ${now} + ${integer(`delayMs${nth}`)}`,
    )
    const lockedUntil = sql<number | null>`case ${sql.join(waits, sql` `)} else null end`
    return compile(
      'reserve_attempt',
      db
        .updateTable('totps')
        .$if(isTable, (query) => query.from(table))
        .set({
          consecutive_failures: sql`consecutive_failures + 1`,
          fail_level: sql`${level} + 1`,
          fail_level_at: sql`case when ${now} > fail_level_at then ${now} else fail_level_at end`,
          locked_until: lockedUntil,
        })
        .where('totp_id', '=', of<string>('totpId'))
        .where('subject_id', '=', of<string>('subjectId'))
        .where('status', '=', of<TotpStatus>('status'))
        .where('consecutive_failures', '<', integer('maxConsecutiveFailures'))
        .where(level, '<', real('failLevelMax'))
        .where((eb) => eb.or([eb('locked_until', 'is', null), eb('locked_until', '<=', now)]))
        .returning(['last_step', 'consecutive_failures', 'fail_level', 'locked_until'])
        .$if(isTable, (query) => query.returning(placeOfCall())),
      { locks: 'totpId', takesMany: isTable },
    )
  }

  /** The statement that spends a step. `confirms`: a pending registration becomes active by it. */
  function spendStep(
    { of, integer, table, isTable }: ReturnType<typeof callsOf<keyof typeof stepValues>>,
    confirms: boolean,
  ) {
    const now = integer('now')
    return (
      db
        .updateTable('totps')
        .$if(isTable, (query) => query.from(table))
        .set({
          last_step: integer('step'),
          consecutive_failures: sql.lit(0),
          locked_until: sql.lit(null),
          fail_level: sql`case when fail_level > 1 then fail_level - 1 else 0 end`,
        })
        // Not where it stands so already: SQLite rewrites the indexes of any column that is set, 20 µs a code.
        .$if(confirms, (query) => query.set({ status: sql.lit('active'), expires_at: sql.lit(null) }))
        .where('totp_id', '=', of<string>('totpId'))
        .where('subject_id', '=', of<string>('subjectId'))
        .where('status', '=', of<TotpStatus>('status'))
        .where('last_step', '<', integer('step'))
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    )
  }

  function acceptStep(name: string, confirms: boolean) {
    const calls = callsOf(dialect, stepValues)
    return compile(
      name,
      spendStep(calls, confirms)
        .returning('totp_id')
        .$if(calls.isTable, (query) => query.returning(placeOfCall())),
      { locks: 'totpId', takesMany: calls.isTable },
    )
  }

  /** Both or neither; for PostgreSQL only. */
  function acceptStepWithSession() {
    const calls = callsOf(dialect, { ...stepValues, ...sessionValues })
    return compile(
      'accept_step_with_session',
      db
        .with('accepted', () =>
          spendStep(calls, true).returning([
            placeOfCall(),
            ...sessionColumns.map((column) => calls.of<string>(column).as(column)),
          ]),
        )
        .with('stored', (query) =>
          query
            .insertInto('sessions')
            .columns(sessionColumns)
            .expression((eb) => eb.selectFrom('accepted').select(sessionColumns)),
        )
        .selectFrom('accepted')
        .select(place),
      { locks: 'totpId', takesMany: true },
    )
  }

  return {
    /**
     * For PostgreSQL only, until the transaction ends. A lock of its own, since there may be no row yet to lock. Two
     * numbers, of which the first tells it from the locks of organization names.
     */
    lockSubject: compile(
      'lock_subject',
      db.selectNoFrom(
        sql`pg_advisory_xact_lock(2, hashtext(cast(${of<string>('subjectId')} as text)))`.as('locked'),
      ),
    ),
    insertTotp: compile(
      'insert_totp',
      db
        .insertInto('totps')
        .values({
          totp_id: of('totp_id'),
          project_id: of('project_id'),
          subject_id: of('subject_id'),
          status: of('status'),
          sealed_secret: of('sealed_secret'),
          key_id: of('key_id'),
          algorithm: of('algorithm'),
          digits: of('digits'),
          period_seconds: of('period_seconds'),
          last_step: of('last_step'),
          consecutive_failures: of('consecutive_failures'),
          fail_level: of('fail_level'),
          fail_level_at: of('fail_level_at'),
          locked_until: of('locked_until'),
          expires_at: of('expires_at'),
          created_at: of('created_at'),
        })
        .onConflict((oc) => oc.doNothing())
        .returning('totp_id'),
    ),
    findTotpInUse: compile(
      'find_totp_in_use',
      db
        .selectFrom('totps')
        .select('totp_id')
        .where('subject_id', '=', of<string>('subjectId'))
        .where('status', '<>', 'pending'),
    ),
    deletePendingTotp: compile(
      'delete_pending_totp',
      db
        .deleteFrom('totps')
        .where('subject_id', '=', of<string>('subjectId'))
        .where('status', '=', 'pending'),
    ),
    findTotpSubject: compile(
      'find_totp_subject',
      db
        .selectFrom('totps')
        .select('subject_id')
        .where('totp_id', '=', of<string>('totpId'))
        .where('project_id', '=', of<string>('projectId')),
    ),
    deleteTotp: compile(
      'delete_totp',
      db
        .deleteFrom('totps')
        .where('totp_id', '=', of<string>('totpId'))
        .where('subject_id', '=', of<string>('subjectId'))
        .returning('totp_id'),
    ),
    reserveAttempt: reserveAttempt(),
    acceptStep: acceptStep('accept_step', false),
    acceptFirstStep: acceptStep('accept_first_step', true),
    acceptStepWithSession: acceptStepWithSession(),
    resealTotp: compile(
      'reseal_totp',
      db
        .updateTable('totps')
        .set({ sealed_secret: of('sealedSecret'), key_id: of('keyId') })
        .where('totp_id', '=', of<string>('totpId')),
    ),
    disableAtCap: compile(
      'disable_at_cap',
      db
        .updateTable('totps')
        .set({ status: 'disabled' })
        .where('totp_id', '=', of<string>('totpId'))
        .where('subject_id', '=', of<string>('subjectId'))
        .where('status', '=', 'active')
        .where('consecutive_failures', '>=', integer('maxConsecutiveFailures')),
    ),
    restoreTotp: compile(
      'restore_totp',
      db
        .updateTable('totps')
        .set({ consecutive_failures: 0, locked_until: null, fail_level: 0, status: 'active' })
        .where('totp_id', '=', of<string>('totpId'))
        .where('status', '<>', 'pending'),
    ),
    lockTotp: compile(
      'lock_totp',
      db
        .updateTable('totps')
        .set({ totp_id: sql`totp_id` })
        .where('totp_id', '=', of<string>('totpId'))
        .where('status', '<>', 'pending')
        .returning('totp_id'),
    ),
  }
}
