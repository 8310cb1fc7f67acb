import { compile, type Dialect, forCount, kysely, queryBuilder, rowCount, value } from './statement.js'
import type { TotpsTable } from './tables.js'

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

/** The registration in a row that joins one, if it has one. */
export function totpOf(row: JoinedTotp): TotpsTable[] {
  const {
    totp_totp_id: totp_id,
    totp_project_id: project_id,
    totp_subject_id: subject_id,
    totp_status: status,
    totp_sealed_secret: sealed_secret,
    totp_key_id: key_id,
    totp_algorithm: algorithm,
  } = row
  if (totp_id === null || project_id === null || subject_id === null || status === null) return []
  if (sealed_secret === null || key_id === null || algorithm === null) return []
  return [
    {
      totp_id,
      project_id,
      subject_id,
      status,
      sealed_secret,
      key_id,
      algorithm,
      digits: row.totp_digits ?? 6,
      period_seconds: row.totp_period_seconds ?? 30,
      last_step: row.totp_last_step ?? -1,
      consecutive_failures: row.totp_consecutive_failures ?? 0,
      fail_level: row.totp_fail_level ?? 0,
      fail_level_at: row.totp_fail_level_at ?? 0,
      locked_until: row.totp_locked_until,
      expires_at: row.totp_expires_at,
      created_at: row.totp_created_at ?? 0,
    },
  ]
}

/** The {@link rowCount} of a subject's registrations beside the subject. */
export const totpCount = (subject: 'users.user_id' | 'members.member_id') => {
  const { sql } = kysely()
  return sql<number>`(select count(*) from totps as counted where counted.subject_id = ${sql.ref(subject)})`.as(
    rowCount,
  )
}

/** Registrations: made, found, removed. What a code does to them is in statements-attempts.ts. */
export function totpStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value
  const inserted = db
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
  const codeRow = (place: number) =>
    sql`(${of(`recovery_code_id${place}`)}, ${of(`code_hash${place}`)}, ${of(`key_id${place}`)}, cast(${of(`sealed_code${place}`)} as bytea), ${sql.lit(place)})`
  const codeRows = (count: number) => sql.join(Array.from({ length: count }, (_, place) => codeRow(place)))

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
    insertTotp: compile('insert_totp', inserted.returning('totp_id')),
    /** For PostgreSQL only, which writes two tables in one statement: none of its codes where the registration is not. */
    insertTotpWithCodes: forCount((count) =>
      compile(
        `insert_totp_with_${count}_codes`,
        db
          .with('made', () => inserted.returning(['totp_id', 'subject_id']))
          .with('coded', (made) =>
            made
              .insertInto('recovery_codes')
              .columns([
                'recovery_code_id',
                'totp_id',
                'subject_id',
                'code_hash',
                'key_id',
                'sealed_code',
                'place',
              ])
              .expression(
                sql`select codes.id, made.totp_id, made.subject_id, codes.hash, codes.key_id, codes.sealed, codes.place from made, (values ${codeRows(count)}) as codes(id, hash, key_id, sealed, place)`,
              ),
          )
          .selectFrom('made')
          .select('totp_id'),
      ),
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
