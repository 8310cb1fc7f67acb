import type { RawBuilder, SelectQueryBuilder } from 'kysely'
import {
  callsOf,
  compile,
  type Dialect,
  kysely,
  place,
  queryBuilder,
  type Statement,
  value,
} from './statement.js'
import { endedBatchSize } from './store.js'
import type {
  MembersTable,
  OrganizationsTable,
  SessionsTable,
  TotpStatus,
  TotpsTable,
  UsersTable,
} from './tables.js'

/** Columns of `totps` beside those of the subject it belongs to; all null where the subject has none. */
export type JoinedTotp = { [Column in keyof TotpsTable as `totp_${Column}`]: TotpsTable[Column] | null }
/** Columns of `organizations` beside those of a member. */
export type JoinedOrganization = {
  [Column in keyof OrganizationsTable as `organization_${Column}`]: OrganizationsTable[Column]
}

const totpColumns = [
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

const organizationColumns = [
  'organizations.organization_id as organization_organization_id',
  'organizations.project_id as organization_project_id',
  'organizations.external_id as organization_external_id',
  'organizations.slug as organization_slug',
  'organizations.name as organization_name',
  'organizations.mfa_policy as organization_mfa_policy',
  'organizations.mfa_methods as organization_mfa_methods',
  'organizations.allowed_mfa_methods as organization_allowed_mfa_methods',
  'organizations.settings as organization_settings',
  'organizations.created_at as organization_created_at',
] as const

const organizationTexts = [
  'organization_id',
  'project_id',
  'external_id',
  'slug',
  'name',
  'mfa_policy',
  'mfa_methods',
  'allowed_mfa_methods',
  'settings',
] as const satisfies (keyof OrganizationsTable)[]

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

const sessionValues = {
  session_id: 'text',
  project_id: 'text',
  kind: 'text',
  subject_id: 'text',
  organization_id: 'text',
  token_hash: 'text',
  sealed_token: 'bytea',
  key_id: 'text',
  factors: 'text',
  custom_claims: 'text',
  started_at: 'bigint',
  last_accessed_at: 'bigint',
  expires_at: 'bigint',
} as const satisfies Record<keyof SessionsTable, string>

const sessionColumns = Object.keys(sessionValues) as (keyof typeof sessionValues)[]

/** A statement whose text depends on a number of rows, compiled once for each number. */
function forCount<Row>(make: (count: number) => Statement<Row>): (count: number) => Statement<Row> {
  const made = new Map<number, Statement<Row>>()
  return (count) => {
    const statement = made.get(count) ?? make(count)
    made.set(count, statement)
    return statement
  }
}

/** Every statement of the store, compiled once for one engine. */
export function compileStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value
  const now = integer('now')
  const placeOfCall = sql<number>`${sql.ref(`calls.${place}`)}`.as(place)

  const organizationMatch = (reference: RawBuilder<string>) =>
    db
      .selectFrom('organizations')
      .where('project_id', '=', of<string>('projectId'))
      .where((eb) =>
        eb.or([
          eb('organization_id', '=', reference),
          eb('external_id', '=', reference),
          eb('slug', '=', reference),
        ]),
      )
      .orderBy((eb) =>
        eb
          .case()
          .when('organization_id', '=', reference)
          .then(0)
          .when('external_id', '=', reference)
          .then(1)
          .else(2)
          .end(),
      )
      .limit(1)

  /**
   * Whether a column is among what a query gives. PostgreSQL carries that query out once, however large it takes the
   * tables for, and passes over rows that another process is deleting.
   */
  const isAmong = <DB, Table extends keyof DB, Row>(
    column: string,
    rows: SelectQueryBuilder<DB, Table, Row>,
  ) =>
    dialect === 'postgres'
      ? sql<boolean>`${sql.ref(column)} = any(array${rows.forUpdate().skipLocked()})`
      : sql<boolean>`${sql.ref(column)} in ${rows}`

  const windowOver = sql<boolean>`${now} - recovery_budgets.window_started_at >= ${integer('windowMs')}`
  const recoveryFailures = sql<number>`case when recovery_budgets.locked_until is null then recovery_budgets.consecutive_failures + 1 else 1 end`

  function findUser() {
    const { of, table, isTable } = callsOf(dialect, { projectId: 'text', reference: 'text' })
    return compile(
      'find_user',
      db
        .selectFrom('users')
        .leftJoin('totps', 'totps.subject_id', 'users.user_id')
        .$if(isTable, (query) => query.innerJoin(table, (join) => join.onTrue()).select(placeOfCall))
        .selectAll('users')
        .select(totpColumns)
        .where('users.project_id', '=', of<string>('projectId'))
        .where((eb) =>
          eb.or([
            eb('users.user_id', '=', of<string>('reference')),
            eb('users.external_id', '=', of<string>('reference')),
          ]),
        )
        .$castTo<UsersTable & JoinedTotp>(),
      { takesMany: isTable },
    )
  }

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
        .$if(isTable, (query) => query.returning(placeOfCall)),
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
        .$if(calls.isTable, (query) => query.returning(placeOfCall)),
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
            placeOfCall,
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
    findUser: findUser(),
    findOrganization: compile(
      'find_organization',
      organizationMatch(of<string>('reference')).selectAll('organizations'),
    ),
    findMember: compile(
      'find_member',
      db
        .selectFrom('members')
        .innerJoin('organizations', 'organizations.organization_id', 'members.organization_id')
        .leftJoin('totps', 'totps.subject_id', 'members.member_id')
        .selectAll('members')
        .select(organizationColumns)
        .select(totpColumns)
        .where(
          'members.organization_id',
          '=',
          organizationMatch(of<string>('organization')).select('organization_id'),
        )
        .where((eb) =>
          eb.or([
            eb('members.member_id', '=', of<string>('member')),
            eb('members.external_id', '=', of<string>('member')),
          ]),
        )
        .$castTo<MembersTable & JoinedOrganization & JoinedTotp>(),
    ),
    findMemberByEmail: compile(
      'find_member_by_email',
      db
        .selectFrom('members')
        .selectAll()
        .where('organization_id', '=', of<string>('organizationId'))
        .where('email_address', '=', of<string>('emailAddress')),
    ),
    insertUser: compile(
      'insert_user',
      db
        .insertInto('users')
        .values({
          user_id: of('user_id'),
          project_id: of('project_id'),
          external_id: of('external_id'),
          email: of('email'),
          email_id: of('email_id'),
          phone_number: of('phone_number'),
          phone_id: of('phone_id'),
          status: of('status'),
          name: of('name'),
          roles: of('roles'),
          trusted_metadata: of('trusted_metadata'),
          untrusted_metadata: of('untrusted_metadata'),
          created_at: of('created_at'),
        })
        .onConflict((oc) => oc.doNothing())
        .returning('user_id'),
    ),
    insertOrganization: compile(
      'insert_organization',
      db
        .insertInto('organizations')
        .columns([...organizationTexts, 'created_at'])
        .expression(
          db
            .selectNoFrom([
              ...organizationTexts.map((column) => of<string>(column).as(column)),
              integer('created_at').as('created_at'),
            ])
            // A slug and an external id both name an organization, so one's slug must not be another's external id.
            .where(({ not, exists, or, selectFrom }) =>
              not(
                exists(
                  selectFrom('organizations')
                    .select('organization_id')
                    .where('project_id', '=', of<string>('project_id'))
                    .where((eb) =>
                      or([
                        eb('external_id', '=', of<string>('slug')),
                        eb('slug', '=', of<string>('external_id')),
                      ]),
                    ),
                ),
              ),
            ),
        )
        .onConflict((oc) => oc.doNothing())
        .returning('organization_id'),
    ),
    insertMember: compile(
      'insert_member',
      db
        .insertInto('members')
        .values({
          member_id: of('member_id'),
          organization_id: of('organization_id'),
          external_id: of('external_id'),
          email_address: of('email_address'),
          status: of('status'),
          name: of('name'),
          mfa_enrolled: of('mfa_enrolled'),
          default_mfa_method: of('default_mfa_method'),
          mfa_phone_number: of('mfa_phone_number'),
          is_breakglass: of('is_breakglass'),
          roles: of('roles'),
          trusted_metadata: of('trusted_metadata'),
          untrusted_metadata: of('untrusted_metadata'),
          created_at: of('created_at'),
          updated_at: of('updated_at'),
        })
        .onConflict((oc) => oc.doNothing())
        .returning('member_id'),
    ),
    updateMemberMfa: compile(
      'update_member_mfa',
      db
        .updateTable('members')
        .set({
          mfa_enrolled: of('mfaEnrolled'),
          default_mfa_method: of('defaultMfaMethod'),
          updated_at: of('now'),
        })
        .where('member_id', '=', of<string>('memberId')),
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

    /** For that many codes. */
    insertRecoveryCodes: forCount((count) =>
      compile(
        `insert_recovery_codes_${count}`,
        db.insertInto('recovery_codes').values(
          Array.from({ length: count }, (_, index) => ({
            recovery_code_id: of<string>(`recovery_code_id${index}`),
            totp_id: of<string>(`totp_id${index}`),
            subject_id: of<string>(`subject_id${index}`),
            code_hash: of<string>(`code_hash${index}`),
            key_id: of<string>(`key_id${index}`),
            sealed_code: of<Uint8Array | null>(`sealed_code${index}`),
            place: of<number>(`place${index}`),
            used_at: of<number | null>(`used_at${index}`),
          })),
        ),
      ),
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
    deleteRecoveryCodes: compile(
      'delete_recovery_codes',
      db.deleteFrom('recovery_codes').where('totp_id', '=', of<string>('totpId')),
    ),
    listRecoveryCodes: compile(
      'list_recovery_codes',
      db
        .selectFrom('recovery_codes')
        .selectAll()
        .where('totp_id', '=', of<string>('totpId'))
        .where('used_at', 'is', null)
        .orderBy('place'),
    ),
    countRecoveryCodes: compile(
      'count_recovery_codes',
      db
        .selectFrom('recovery_codes')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('totp_id', '=', of<string>('totpId'))
        .where('used_at', 'is', null),
    ),
    spendRecoveryCode: compile(
      'spend_recovery_code',
      db
        .updateTable('recovery_codes')
        .set({ used_at: now })
        .where('subject_id', '=', of<string>('subjectId'))
        .where('code_hash', '=', of<string>('codeHash'))
        .where('totp_id', '=', of<string>('totpId'))
        .where('used_at', 'is', null)
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('totps')
              .select('totps.totp_id')
              .whereRef('totps.totp_id', '=', 'recovery_codes.totp_id')
              .where('totps.status', '<>', 'pending'),
          ),
        )
        .returning('recovery_code_id'),
    ),
    reserveRecovery: compile(
      'reserve_recovery',
      db
        .insertInto('recovery_budgets')
        .values({
          subject_id: of('subjectId'),
          window_started_at: now,
          window_attempts: 1,
          consecutive_failures: 1,
          locked_until: null,
        })
        .onConflict((oc) =>
          oc
            .column('subject_id')
            .doUpdateSet({
              window_started_at: sql`case when ${windowOver} then ${now} else recovery_budgets.window_started_at end`,
              window_attempts: sql`case when ${windowOver} then 1 else recovery_budgets.window_attempts + 1 end`,
              consecutive_failures: recoveryFailures,
              locked_until: sql`case when ${recoveryFailures} >= ${integer('maxFailures')} then ${now} + ${integer('lockMs')} else null end`,
            })
            .where(
              sql<boolean>`(recovery_budgets.locked_until is null or recovery_budgets.locked_until <= ${now})`,
            )
            .where(
              sql<boolean>`(recovery_budgets.window_attempts < ${integer('attemptsPerWindow')} or ${windowOver})`,
            ),
        )
        .returning(['window_attempts', 'consecutive_failures', 'window_started_at', 'locked_until']),
    ),
    findRecoveryBudget: compile(
      'find_recovery_budget',
      db.selectFrom('recovery_budgets').selectAll().where('subject_id', '=', of<string>('subjectId')),
    ),
    refundRecovery: compile(
      'refund_recovery',
      db
        .updateTable('recovery_budgets')
        .set({
          consecutive_failures: 0,
          locked_until: null,
          window_attempts: sql`case when window_attempts > 0 then window_attempts - 1 else 0 end`,
        })
        .where('subject_id', '=', of<string>('subjectId')),
    ),

    insertSession: compile(
      'insert_session',
      db.insertInto('sessions').values({
        session_id: of('session_id'),
        project_id: of('project_id'),
        kind: of('kind'),
        subject_id: of('subject_id'),
        organization_id: of('organization_id'),
        token_hash: of('token_hash'),
        sealed_token: of('sealed_token'),
        key_id: of('key_id'),
        factors: of('factors'),
        custom_claims: of('custom_claims'),
        started_at: of('started_at'),
        last_accessed_at: of('last_accessed_at'),
        expires_at: of('expires_at'),
      }),
    ),
    findSessionByToken: compile(
      'find_session_by_token',
      db
        .selectFrom('sessions')
        .selectAll()
        .where('token_hash', '=', of<string>('tokenHash'))
        .where('project_id', '=', of<string>('projectId'))
        .where('expires_at', '>', now),
    ),
    findSessionById: compile(
      'find_session_by_id',
      db
        .selectFrom('sessions')
        .selectAll()
        .where('session_id', '=', of<string>('sessionId'))
        .where('project_id', '=', of<string>('projectId'))
        .where('expires_at', '>', now),
    ),
    updateSession: compile(
      'update_session',
      db
        .updateTable('sessions')
        .set({
          factors: of('factors'),
          custom_claims: of('custom_claims'),
          last_accessed_at: of('last_accessed_at'),
          expires_at: of('expires_at'),
        })
        .where('session_id', '=', of<string>('session_id'))
        .where('factors', '=', of<string>('previousFactors'))
        .where('expires_at', '>', integer('last_accessed_at'))
        .returning('session_id'),
    ),
    deleteSession: compile(
      'delete_session',
      db.deleteFrom('sessions').where('session_id', '=', of<string>('sessionId')),
    ),
    deleteMemberSessions: compile(
      'delete_member_sessions',
      db
        .deleteFrom('sessions')
        .where('subject_id', '=', of<string>('memberId'))
        .where('project_id', '=', of<string>('projectId'))
        // In the text, so that the index of members' sessions is seen to fit.
        .where('kind', '=', sql.lit('member')),
    ),
    deleteEndedSessions: compile(
      'delete_ended_sessions',
      db
        .deleteFrom('sessions')
        .where((eb) =>
          isAmong(
            'session_id',
            eb
              .selectFrom('sessions')
              .select('session_id')
              .where('expires_at', '<=', now)
              .limit(sql.lit(endedBatchSize)),
          ),
        )
        .returning('session_id'),
    ),
    insertIntermediateSession: compile(
      'insert_intermediate_session',
      db.insertInto('intermediate_sessions').values({
        token_hash: of('token_hash'),
        project_id: of('project_id'),
        organization_id: of('organization_id'),
        member_id: of('member_id'),
        created_at: of('created_at'),
        expires_at: of('expires_at'),
      }),
    ),
    findIntermediateSession: compile(
      'find_intermediate_session',
      db
        .selectFrom('intermediate_sessions')
        .selectAll()
        .where('token_hash', '=', of<string>('tokenHash'))
        .where('project_id', '=', of<string>('projectId'))
        .where('expires_at', '>', now),
    ),
    consumeIntermediateSession: compile(
      'consume_intermediate_session',
      db
        .deleteFrom('intermediate_sessions')
        .where('token_hash', '=', of<string>('tokenHash'))
        .returning('token_hash'),
    ),
    deleteEndedIntermediateSessions: compile(
      'delete_ended_intermediate_sessions',
      db
        .deleteFrom('intermediate_sessions')
        .where((eb) =>
          isAmong(
            'token_hash',
            eb
              .selectFrom('intermediate_sessions')
              .select('token_hash')
              .where('expires_at', '<=', now)
              .limit(sql.lit(endedBatchSize)),
          ),
        )
        .returning('token_hash'),
    ),

    signingKeys: compile(
      'signing_keys',
      db.selectFrom('signing_keys').selectAll().where('project_id', '=', of<string>('projectId')),
    ),
    insertSigningKey: compile(
      'insert_signing_key',
      db
        .insertInto('signing_keys')
        .values({
          project_id: of('project_id'),
          algorithm: of('algorithm'),
          kid: of('kid'),
          sealed_private_key: of('sealed_private_key'),
          key_id: of('key_id'),
          created_at: of('created_at'),
        })
        .onConflict((oc) => oc.doNothing()),
    ),
    resealSigningKey: compile(
      'reseal_signing_key',
      db
        .updateTable('signing_keys')
        .set({ sealed_private_key: of('sealedPrivateKey'), key_id: of('keyId') })
        .where('kid', '=', of<string>('kid')),
    ),
    keyIds: compile('key_ids', db.selectFrom('key_checks').select('key_id')),
    findUseOfKey: compile(
      'find_use_of_key',
      db
        .selectFrom('signing_keys')
        .select('key_id')
        .where('key_id', '=', of<string>('keyId'))
        .unionAll(db.selectFrom('totps').select('key_id').where('key_id', '=', of<string>('keyId')))
        .limit(1),
    ),
    forgetKey: compile('forget_key', db.deleteFrom('key_checks').where('key_id', '=', of<string>('keyId'))),
    keyCheck: compile(
      'key_check',
      db.selectFrom('key_checks').select('sealed').where('key_id', '=', of<string>('keyId')),
    ),
    insertKeyCheck: compile(
      'insert_key_check',
      db
        .insertInto('key_checks')
        .values({ key_id: of('keyId'), sealed: of('sealed') })
        .onConflict((oc) => oc.doNothing()),
    ),
  }
}

export type Statements = ReturnType<typeof compileStatements>
