import type {
  IntermediateSessionsTable,
  MembersTable,
  OrganizationsTable,
  RecoveryBudgetsTable,
  RecoveryCodesTable,
  SessionsTable,
  SigningKeysTable,
  TotpStatus,
  TotpsTable,
  UsersTable,
} from './tables.js'

/** Rows whose time is over that one statement deletes, so that it holds up nobody for long. */
export const endedBatchSize = 1000

export interface UserRecord {
  readonly user: UsersTable
  /** At most one in use and one pending. */
  readonly totps: readonly TotpsTable[]
}

export interface MemberRecord {
  readonly organization: OrganizationsTable
  readonly member: MembersTable
  readonly totps: readonly TotpsTable[]
}

/** What differs between the recovery codes of a new set. */
export type NewRecoveryCode = Pick<
  RecoveryCodesTable,
  'recovery_code_id' | 'code_hash' | 'key_id' | 'sealed_code'
>

/** Which row a judged code belongs to. `status` is part of it: a code confirms a pending one or opens an active one, never both. */
export interface TotpKey {
  readonly totpId: string
  readonly subjectId: string
  readonly status: TotpStatus
}

/** Whose active registration, if it is sealed with this key. */
export interface UserKey {
  readonly projectId: string
  /** `user_id` or `external_id`. */
  readonly reference: string
  readonly keyId: string
}

/** The numbers of `Limits` as the reserving statement takes them. */
export interface AttemptLimits {
  readonly freeFailures: number
  /** Seven waits in milliseconds: after failure `freeFailures + 1`, + 2, … */
  readonly delaysMs: readonly [number, number, number, number, number, number, number]
  readonly maxConsecutiveFailures: number
  readonly failLevelMax: number
  /** What the leaky level loses in a millisecond. */
  readonly failLevelDrainPerMs: number
}

export interface RecoveryLimits {
  readonly windowMs: number
  readonly attemptsPerWindow: number
  readonly maxFailures: number
  readonly lockMs: number
}

/** An attempt that may be judged now, and is paid for. */
export type ReservedAttempt = Pick<
  TotpsTable,
  'last_step' | 'consecutive_failures' | 'fail_level' | 'locked_until'
>

export type ReservedRecovery = Omit<RecoveryBudgetsTable, 'subject_id'>

/**
 * What the server keeps. Every method is one statement, so it happens whole or not at all, also beside other
 * processes on the same database; only {@link Queries.insertTotp} with codes may be two, and belongs in a transaction. Those
 * that may lose a race say so in what they return. Methods reject with `TotpServerError` `unavailable` when the
 * database cannot answer; whether a write happened is then unknown.
 */
export interface Queries {
  /** By `user_id` or `external_id`, within one project. */
  findUser(projectId: string, reference: string): Promise<UserRecord | null>
  /** By id, slug or external id, within one project; an id goes before an external id, and that before a slug. */
  findOrganization(projectId: string, reference: string): Promise<OrganizationsTable | null>
  /** By `member_id` or `external_id`, within an organization that {@link findOrganization} would find. */
  findMember(projectId: string, organization: string, member: string): Promise<MemberRecord | null>
  /** Every member of a project with that `member_id` or `external_id`; the latter may be there once an organization. */
  findMemberIds(projectId: string, reference: string): Promise<string[]>
  findMemberByEmail(organizationId: string, emailAddress: string): Promise<MembersTable | null>
  /** False when id, e-mail or external id is taken; nothing is written then. */
  insertUser(user: UsersTable): Promise<boolean>
  /** False when id, slug or external id is taken, be it as the slug or the external id of another one. */
  insertOrganization(organization: OrganizationsTable): Promise<boolean>
  /** False when id, e-mail or external id is taken. */
  insertMember(member: MembersTable): Promise<boolean>
  /**
   * Enrols a member or ends that (null: neither), and makes `totp` their default method where it is told to or they
   * have none. Decided by the row as it is then, so that no call at the same time is undone. Gives that row; null
   * when there is no such member.
   */
  updateMemberMfa(change: {
    memberId: string
    mfaEnrolled: boolean | null
    makesTotpDefault: boolean
    nowMs: number
  }): Promise<MembersTable | null>
  /** Leaves a member whose default method is `totp` without one. */
  clearTotpDefault(memberId: string, nowMs: number): Promise<void>

  /**
   * Makes other transactions that lock this subject wait for the end of this one. Comes first in a transaction: who
   * holds nothing yet cannot be waited for in a circle.
   */
  lockSubject(subjectId: string): Promise<void>
  /** With its recovery codes. False, and nothing stored, while the subject has another one of that kind: in use, or pending. */
  insertTotp(totp: TotpsTable, codes?: readonly NewRecoveryCode[]): Promise<boolean>
  hasTotpInUse(subjectId: string): Promise<boolean>
  /** With its recovery codes. */
  deletePendingTotp(subjectId: string): Promise<void>
  /** The subject that a registration is of, within one project. */
  findTotpSubject(projectId: string, totpId: string): Promise<string | null>
  /** With its recovery codes. False when the subject has no such registration (any more). */
  deleteTotp(subjectId: string, totpId: string): Promise<boolean>
  /**
   * Pays for one attempt before it is judged: counts it and starts the wait that follows it, in the same
   * statement that checks that cap, level and wait admit one. N parallel calls are admitted as N calls in a row
   * would be. Null: not admitted, nothing changed.
   */
  reserveAttempt(key: TotpKey, nowMs: number, limits: AttemptLimits): Promise<ReservedAttempt | null>
  /**
   * Spends a time step: only if it is greater than every step accepted before, and the registration still has
   * the status it was judged with and has not expired. Ends the run of failures, takes back this attempt from the
   * leaky level, makes a pending registration active. One of N parallel calls gets true.
   */
  acceptStep(key: TotpKey, step: number, nowMs: number): Promise<boolean>
  /** The same secret, sealed with another key. */
  resealTotp(totpId: string, sealed: { sealedSecret: Uint8Array; keyId: string }): Promise<void>
  /** Disables an active registration whose run of failures reached the cap. */
  disableAtCap(key: TotpKey, maxConsecutiveFailures: number): Promise<void>
  /** After a recovery code: run, wait and level start anew, a disabled registration is active again. */
  restoreTotp(totpId: string): Promise<void>

  /** A set for a registration that has none, in its order. */
  insertRecoveryCodes(
    totp: Pick<TotpsTable, 'totp_id' | 'subject_id'>,
    codes: readonly NewRecoveryCode[],
  ): Promise<void>
  /** Makes other rotations of this registration wait for the transaction's end. False when it is not in use (any more). */
  lockTotp(totpId: string): Promise<boolean>
  deleteRecoveryCodes(totpId: string): Promise<void>
  /** The unused ones, in the order they were made. */
  listRecoveryCodes(totpId: string): Promise<RecoveryCodesTable[]>
  /** Pays for one attempt with a recovery code, as {@link reserveAttempt} does for a code. Null: not admitted. */
  reserveRecovery(subjectId: string, nowMs: number, limits: RecoveryLimits): Promise<ReservedRecovery | null>
  findRecoveryBudget(subjectId: string): Promise<RecoveryBudgetsTable | null>
  /** After an accepted recovery code: takes back this attempt, ends the run of failures. */
  refundRecovery(subjectId: string): Promise<void>
  /** Marks a code of a registration in use as used. One of N parallel calls gets the code's id, the others null. */
  spendRecoveryCode(code: {
    subjectId: string
    totpId: string
    codeHash: string
    nowMs: number
  }): Promise<string | null>
  countRecoveryCodes(totpId: string): Promise<number>

  insertSession(session: SessionsTable): Promise<void>
  /** Only while it has not ended. */
  findSession(
    projectId: string,
    by: { tokenHash: string } | { sessionId: string },
    nowMs: number,
  ): Promise<SessionsTable | null>
  /** Notes that a session was looked at, and gives it as it is then. Null when it has been revoked or has ended. */
  accessSession(sessionId: string, nowMs: number): Promise<SessionsTable | null>
  /**
   * False when it has been revoked, has ended, or got other factors, claims or another end since it was read as
   * `previous`, so that nothing is lost where two calls change it at once.
   */
  updateSession(
    previous: SessionsTable,
    change: Pick<SessionsTable, 'factors' | 'custom_claims' | 'expires_at'>,
    nowMs: number,
  ): Promise<boolean>
  deleteSession(sessionId: string): Promise<void>
  /** All of a member, within one project. */
  deleteMemberSessions(projectId: string, memberId: string): Promise<void>
  insertIntermediateSession(session: IntermediateSessionsTable): Promise<void>
  /** Only while it has not ended. */
  findIntermediateSession(
    projectId: string,
    tokenHash: string,
    nowMs: number,
  ): Promise<IntermediateSessionsTable | null>
  /** Uses it up. One of N parallel calls gets true. */
  consumeIntermediateSession(tokenHash: string): Promise<boolean>
  /** At most {@link endedBatchSize}. Gives how many it deleted; two calls at once delete different ones. */
  deleteEndedSessions(nowMs: number): Promise<number>
  /** As {@link deleteEndedSessions}. */
  deleteEndedIntermediateSessions(nowMs: number): Promise<number>

  signingKeys(projectId: string): Promise<SigningKeysTable[]>
  /** Keeps the first key of a project and algorithm; of N processes that start at once, one key stays. */
  insertSigningKey(key: SigningKeysTable): Promise<void>
  /** The same key, sealed with another one. */
  resealSigningKey(kid: string, sealed: { sealedPrivateKey: Uint8Array; keyId: string }): Promise<void>
  /** Ids of the encryption keys that were ever used here and not forgotten. */
  keyIds(): Promise<string[]>
  /** Whether a registration or a signing key is sealed with it. Looks at every row where none is. */
  isKeyInUse(keyId: string, nowMs: number): Promise<boolean>
  /** Not while an unused recovery code names it: another key under its id would judge that code wrong. */
  forgetKey(keyId: string): Promise<void>
  keyCheck(keyId: string): Promise<Uint8Array | null>
  /** Keeps the first one. */
  insertKeyCheck(keyId: string, sealed: Uint8Array): Promise<void>
}

/** The database of one or more server processes. Made by `openSqlite` or `openPostgres`. */
export interface Store extends Queries {
  /**
   * Runs several methods as one: all of it is on disk when the promise resolves, none of it when `work` throws
   * or the process dies. `work` must use the queries it is given, wait for nothing else and leave nothing behind but
   * what they write: PostgreSQL may undo it, after a deadlock say, and then it is run again, at most twice.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>
  /**
   * {@link findUser} and {@link reserveAttempt} in one: the user with their active registration, as it is with this
   * attempt paid for. Null, and nothing is written, where they have none, where it is sealed with another key or admits
   * no attempt, and on SQLite, where two statements are no round trips.
   */
  reserveForUser(user: UserKey, nowMs: number, limits: AttemptLimits): Promise<UserRecord | null>
  /** {@link acceptStep} that stores a session too, both or neither. One of N parallel calls gets true. */
  acceptStepWithSession(key: TotpKey, step: number, nowMs: number, session: SessionsTable): Promise<boolean>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  close(): Promise<void>
}
