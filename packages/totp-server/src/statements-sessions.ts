import type { SelectQueryBuilder } from 'kysely'
import { compile, type Dialect, kysely, queryBuilder, value } from './statement.js'
import { endedBatchSize } from './store.js'
import type { SessionsTable } from './tables.js'

export const sessionValues = {
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

export const sessionColumns = Object.keys(sessionValues) as (keyof typeof sessionValues)[]

/** Sessions, and what members have before MFA. */
export function sessionStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value
  const now = integer('now')
  // Clocks of two processes differ.
  const lastAccess = sql<number>`case when ${now} > last_accessed_at then ${now} else last_accessed_at end`

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

  return {
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
          last_accessed_at: lastAccess,
          expires_at: of('expires_at'),
        })
        .where('session_id', '=', of<string>('sessionId'))
        .where('factors', '=', of<string>('previousFactors'))
        .where('custom_claims', '=', of<string>('previousClaims'))
        .where('expires_at', '=', integer('previousEnd'))
        .where('expires_at', '>', now)
        .returning('session_id'),
    ),
    accessSession: compile(
      'access_session',
      db
        .updateTable('sessions')
        .set({ last_accessed_at: lastAccess })
        .where('session_id', '=', of<string>('sessionId'))
        .where('expires_at', '>', now)
        .returningAll(),
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
  }
}
