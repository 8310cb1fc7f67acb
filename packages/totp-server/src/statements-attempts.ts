import {
  type Calls,
  compileForMany,
  type Dialect,
  kysely,
  place,
  placeOfCall,
  queryBuilder,
} from './statement.js'
import { sessionColumns, sessionValues } from './statements-sessions.js'
import { type JoinedTotp, totpColumns } from './statements-totps.js'
import type { TotpStatus, UsersTable } from './tables.js'

const userColumns = [
  'calls.user_id',
  'calls.project_id',
  'calls.external_id',
  'calls.email',
  'calls.email_id',
  'calls.phone_number',
  'calls.phone_id',
  'calls.status',
  'calls.name',
  'calls.roles',
  'calls.trusted_metadata',
  'calls.untrusted_metadata',
  'calls.created_at',
] as const

const stepValues = {
  totpId: 'text',
  subjectId: 'text',
  status: 'text',
  step: 'bigint',
  now: 'bigint',
} as const

const limitValues = {
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

/** What a code does to a registration: attempts reserved, steps spent. */
export function attemptStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)

  /** The statement that pays for an attempt, where the limits admit one. */
  function reserve({ integer, real }: Pick<Calls<keyof typeof limitValues>, 'integer' | 'real'>) {
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
    return db
      .updateTable('totps')
      .set({
        consecutive_failures: sql`consecutive_failures + 1`,
        fail_level: sql`${level} + 1`,
        fail_level_at: sql`case when ${now} > fail_level_at then ${now} else fail_level_at end`,
        locked_until: lockedUntil,
      })
      .where('consecutive_failures', '<', integer('maxConsecutiveFailures'))
      .where(level, '<', real('failLevelMax'))
      .where((eb) => eb.or([eb('locked_until', 'is', null), eb('locked_until', '<=', now)]))
  }

  const reserveAttempt = () =>
    compileForMany(
      dialect,
      'reserve_attempt',
      { totpId: 'text', subjectId: 'text', status: 'text', ...limitValues },
      (calls) =>
        reserve(calls)
          .$if(calls.isTable, (query) => query.from(calls.table))
          .where('totp_id', '=', calls.of<string>('totpId'))
          .where('subject_id', '=', calls.of<string>('subjectId'))
          .where('status', '=', calls.of<TotpStatus>('status'))
          .returning(['last_step', 'consecutive_failures', 'fail_level', 'locked_until'])
          .$if(calls.isTable, (query) => query.returning(placeOfCall())),
      'subjectId',
    )

  /** For PostgreSQL only. */
  const reserveForUser = () =>
    compileForMany(
      dialect,
      'reserve_for_user',
      { projectId: 'text', reference: 'text', keyId: 'text', ...limitValues },
      (calls) =>
        reserve(calls)
          .from(
            db
              .selectFrom('users')
              .innerJoin(calls.table, (join) => join.onTrue())
              .selectAll()
              .where((eb) =>
                eb.or(
                  (['users.user_id', 'users.external_id'] as const).map((column) =>
                    eb.and([
                      eb('users.project_id', '=', calls.of<string>('projectId')),
                      eb(column, '=', calls.of<string>('reference')),
                    ]),
                  ),
                ),
              )
              // The order of all that lock registrations. A reference may be an external id, which knows no other.
              .$if(calls.isMany, (query) => query.orderBy(sql`users.user_id collate "C"`))
              .as('calls'),
          )
          .whereRef('totps.subject_id', '=', 'calls.user_id')
          .where('totps.status', '=', sql.lit('active'))
          .where('totps.key_id', '=', calls.of<string>('keyId'))
          .returning([...userColumns, ...totpColumns, placeOfCall()])
          .$castTo<UsersTable & JoinedTotp>(),
      'reference',
    )

  /** The statement that spends a step. `confirms`: a pending registration becomes active by it. */
  function spendStep({ of, integer, table, isTable }: Calls<keyof typeof stepValues>, confirms: boolean) {
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

  const acceptStep = (name: string, confirms: boolean) =>
    compileForMany(
      dialect,
      name,
      stepValues,
      (calls) =>
        spendStep(calls, confirms)
          .returning('totp_id')
          .$if(calls.isTable, (query) => query.returning(placeOfCall())),
      'subjectId',
    )

  /** Both or neither; for PostgreSQL only. */
  const acceptStepWithSession = () =>
    compileForMany(
      dialect,
      'accept_step_with_session',
      { ...stepValues, ...sessionValues },
      (calls) =>
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
      'subjectId',
    )

  return {
    reserveAttempt: reserveAttempt(),
    reserveForUser: reserveForUser(),
    acceptStep: acceptStep('accept_step', false),
    acceptFirstStep: acceptStep('accept_first_step', true),
    acceptStepWithSession: acceptStepWithSession(),
  }
}
