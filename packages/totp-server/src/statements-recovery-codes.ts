import { compile, type Dialect, forCount, kysely, queryBuilder, value } from './statement.js'

/** Recovery codes, and each subject's budget of attempts with them. */
export function recoveryCodeStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value
  const now = integer('now')
  const windowOver = sql<boolean>`${now} - recovery_budgets.window_started_at >= ${integer('windowMs')}`
  const recoveryFailures = sql<number>`case when recovery_budgets.locked_until is null then recovery_budgets.consecutive_failures + 1 else 1 end`

  return {
    /** That many codes of one registration. */
    insertRecoveryCodes: forCount((count) =>
      compile(
        `insert_recovery_codes_${count}`,
        db.insertInto('recovery_codes').values(
          Array.from({ length: count }, (_, place) => ({
            recovery_code_id: of<string>(`recovery_code_id${place}`),
            totp_id: of<string>('totp_id'),
            subject_id: of<string>('subject_id'),
            code_hash: of<string>(`code_hash${place}`),
            key_id: of<string>(`key_id${place}`),
            sealed_code: of<Uint8Array | null>(`sealed_code${place}`),
            place: sql.lit(place),
          })),
        ),
      ),
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
          locked_until: sql`case when 1 >= ${integer('maxFailures')} then ${now} + ${integer('lockMs')} else null end`,
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
  }
}
