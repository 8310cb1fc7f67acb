import { compile, type Dialect, kysely, queryBuilder, rowCount, value } from './statement.js'
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
