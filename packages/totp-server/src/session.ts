import { type AuthenticationFactor, sessionDurationMinutes } from '@kit/totp-client/wire'
import { changeClaims } from './claims.js'
import type { Context, Signers } from './context.js'
import { hashToken, newId, newToken } from './ids.js'
import { parseFactors, parseObject, time } from './present.js'
import { Refusal } from './refusal.js'
import type { Queries } from './store.js'
import type { MemberSubject, Subject } from './subjects.js'
import type { IntermediateSessionsTable, SessionsTable } from './tables.js'

/** The fields of a request that name a session. */
export interface ProofInput {
  session_token?: string | undefined
  session_jwt?: string | undefined
  intermediate_session_token?: string | undefined
}

/** The fields of a request that shape the session it ends with. */
export interface SessionInput {
  session_duration_minutes?: number | undefined
  session_custom_claims?: Record<string, unknown> | undefined
}

/** What a request brought along to show who is signed in. */
export type Proof =
  | { kind: 'none' }
  | { kind: 'session'; row: SessionsTable; token: string }
  | { kind: 'intermediate'; row: IntermediateSessionsTable }

/** A session and the token that names it. */
export interface OpenSession {
  readonly row: SessionsTable
  readonly token: string
}

/** https://stytch.com/docs/b2b/api/session-object: how long a member has for MFA after the first factor. */
const intermediateMinutes = 10

/** Where a session JWT says which session it is of. */
export const sessionClaim = 'https://stytch.com/session'

const tokenContext = (row: Pick<SessionsTable, 'project_id' | 'session_id'>) =>
  `session-token|${row.project_id}|${row.session_id}`

const openToken = (context: Context, row: SessionsTable): string =>
  Buffer.from(context.keyring.open(row.sealed_token, row.key_id, tokenContext(row))).toString()

/** The session id in a JWT that one of the signers has signed. */
function sessionIdIn(jwt: string, signers: Signers, nowMs: number): string | null {
  for (const signer of signers) {
    const session: unknown = signer.verify(jwt, nowMs)?.[sessionClaim]
    if (typeof session === 'object' && session !== null && 'id' in session) return String(session.id)
  }
  return null
}

/** The session that a token or a JWT names; an expired JWT still names its session. @throws Refusal */
async function findSession(context: Context, input: ProofInput): Promise<SessionsTable> {
  const { store, projectId } = context
  const nowMs = context.now()
  if (input.session_token !== undefined) {
    if (!/^[A-Za-z0-9_=-]{1,512}$/.test(input.session_token)) throw new Refusal('invalid_session_token')
    const row = await store.findSession(projectId, { tokenHash: hashToken(input.session_token) }, nowMs)
    if (row === null) throw new Refusal('session_not_found')
    return row
  }
  const jwt = input.session_jwt ?? ''
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt)) throw new Refusal('unable_to_parse_session_jwt')
  const sessionId =
    sessionIdIn(jwt, await context.signers(), nowMs) ?? sessionIdIn(jwt, await context.freshSigners(), nowMs)
  if (sessionId === null) throw new Refusal('jwt_invalid_claims')
  const row = await store.findSession(projectId, { sessionId }, nowMs)
  if (row === null) throw new Refusal('session_not_found')
  return row
}

/** The session of that kind which exactly one of token and JWT names. @throws Refusal */
export async function requireSession(
  context: Context,
  input: ProofInput,
  kind: SessionsTable['kind'],
): Promise<SessionsTable> {
  if (input.session_token !== undefined && input.session_jwt !== undefined) {
    throw new Refusal('too_many_session_arguments')
  }
  if (input.session_token === undefined && input.session_jwt === undefined) {
    throw new Refusal('no_session_arguments')
  }
  const row = await findSession(context, input)
  if (row.kind !== kind) throw new Refusal('session_not_found')
  return row
}

/** The session that the request names, which must be the subject's own. @throws Refusal */
export async function findProof(context: Context, subject: Subject, input: ProofInput): Promise<Proof> {
  const { session_token, session_jwt, intermediate_session_token: intermediateToken } = input
  const given = [session_token, session_jwt, intermediateToken].filter((token) => token !== undefined)
  if (given.length > 1) throw new Refusal('too_many_session_arguments')
  if (given.length === 0) return { kind: 'none' }
  if (intermediateToken !== undefined && subject.kind === 'member') {
    const { store, projectId } = context
    const row = await store.findIntermediateSession(projectId, hashToken(intermediateToken), context.now())
    if (row === null) throw new Refusal('intermediate_session_not_found')
    if (row.organization_id !== subject.organization.organization_id) {
      throw new Refusal('invalid_intermediate_session_token_for_organization')
    }
    if (row.member_id !== subject.id) throw new Refusal('member_session_member_id_mismatch')
    return { kind: 'intermediate', row }
  }
  const row = await findSession(context, input)
  if (row.kind !== subject.kind) throw new Refusal('session_not_found')
  if (row.subject_id !== subject.id) {
    throw new Refusal(subject.kind === 'member' ? 'member_session_member_id_mismatch' : 'session_not_found')
  }
  // Opened before any code is judged: a key that this server lacks is no reason to charge anybody.
  return { kind: 'session', row, token: input.session_token ?? openToken(context, row) }
}

/**
 * Custom claims are judged before any code, and where they would not be written too, so that a caller learns of it at
 * no cost. @throws Refusal for claims that nobody may set
 */
export function checkClaims(proof: Proof, { session_custom_claims: change }: SessionInput): void {
  changeClaims(proof.kind === 'session' ? parseObject(proof.row.custom_claims) : {}, change)
}

/** Whether a user's call ends with a session; a member's always does. */
export const wantsSession = (input: SessionInput & ProofInput): boolean =>
  (input.session_token ?? input.session_jwt ?? input.session_duration_minutes) !== undefined

/** A code is not to be spent for a session that nobody could sign then. Cheap once it was asked for. */
export const requireSigners = async (context: Context): Promise<void> => void (await context.signers())

function newFactor(
  kind: Pick<
    AuthenticationFactor,
    'type' | 'delivery_method' | 'authenticator_app_factor' | 'recovery_code_factor'
  >,
  nowMs: number,
): AuthenticationFactor {
  const now = time(nowMs)
  return { last_authenticated_at: now, created_at: now, updated_at: now, ...kind }
}

/** What a vendor's own first factor would have left in a session. */
export const passwordFactor = (nowMs: number): AuthenticationFactor =>
  newFactor({ type: 'password', delivery_method: 'knowledge' }, nowMs)

export const totpFactor = (totpId: string, nowMs: number): AuthenticationFactor =>
  newFactor(
    {
      type: 'totp',
      delivery_method: 'authenticator_app',
      authenticator_app_factor: { totp_id: totpId },
    },
    nowMs,
  )

export const recoveryCodeFactor = (codeId: string, nowMs: number): AuthenticationFactor =>
  newFactor(
    {
      type: 'recovery_codes',
      delivery_method: 'recovery_code',
      recovery_code_factor: { totp_recovery_code_id: codeId },
    },
    nowMs,
  )

/** The first factor of a session is its primary one; one that is there already is renewed, not repeated. */
function addFactor(
  factors: readonly AuthenticationFactor[],
  factor: AuthenticationFactor,
): AuthenticationFactor[] {
  const isSame = (other: AuthenticationFactor) =>
    other.type === factor.type &&
    other.authenticator_app_factor?.totp_id === factor.authenticator_app_factor?.totp_id
  const known = factors.find(isSame)
  if (known !== undefined) {
    const renewed = { ...factor, created_at: known.created_at, sequence_order: known.sequence_order }
    return factors.map((other) => (other === known ? renewed : other))
  }
  return [...factors, { sequence_order: factors.length === 0 ? 'PRIMARY' : 'SECONDARY', ...factor }]
}

const minutes = (count: number) => count * 60_000

/** A session that is not stored yet. @throws Refusal for claims that nobody may set */
function newSession(
  context: Context,
  subject: Subject,
  factors: readonly AuthenticationFactor[],
  input: SessionInput,
): OpenSession {
  const nowMs = context.now()
  const token = newToken(context.random)
  const ids = { session_id: newId('session', context.environment), project_id: context.projectId }
  const { keyId, sealed } = context.keyring.seal(Buffer.from(token), tokenContext(ids))
  const durationMinutes = input.session_duration_minutes ?? sessionDurationMinutes.memberDefault
  const row: SessionsTable = {
    kind: subject.kind,
    subject_id: subject.id,
    organization_id: subject.kind === 'member' ? subject.organization.organization_id : null,
    token_hash: hashToken(token),
    sealed_token: sealed,
    key_id: keyId,
    factors: JSON.stringify(factors),
    custom_claims: JSON.stringify(changeClaims({}, input.session_custom_claims)),
    started_at: nowMs,
    last_accessed_at: nowMs,
    expires_at: nowMs + minutes(durationMinutes),
    ...ids,
  }
  return { row, token }
}

/** A session by that one factor, not stored yet. @throws Refusal for claims that nobody may set */
export const firstSession = (
  context: Context,
  subject: Subject,
  factor: AuthenticationFactor,
  input: SessionInput,
): OpenSession => newSession(context, subject, addFactor([], factor), input)

async function insertSession(queries: Queries, session: OpenSession): Promise<OpenSession> {
  await queries.insertSession(session.row)
  return session
}

/** A session after a call that worked on it: one factor more, or only looked at. @throws Refusal `session_not_found` */
async function touchSession(
  queries: Queries,
  context: Context,
  found: SessionsTable,
  factor: AuthenticationFactor | null,
  input: SessionInput,
): Promise<SessionsTable> {
  const nowMs = context.now()
  const { session_duration_minutes: durationMinutes, session_custom_claims: claims } = input
  if (factor === null && durationMinutes === undefined) {
    const read = await queries.accessSession(found.session_id, nowMs)
    if (read === null) throw new Refusal('session_not_found')
    return read
  }
  let row: SessionsTable | null = found
  while (row !== null) {
    const factors = parseFactors(row.factors)
    // Claims are only written by a call that also says how long the session lasts.
    const claimsChange = durationMinutes === undefined ? undefined : claims
    const changed: SessionsTable = {
      ...row,
      factors: factor === null ? row.factors : JSON.stringify(addFactor(factors, factor)),
      custom_claims: JSON.stringify(changeClaims(parseObject(row.custom_claims), claimsChange)),
      last_accessed_at: Math.max(row.last_accessed_at, nowMs),
      expires_at: durationMinutes === undefined ? row.expires_at : nowMs + minutes(durationMinutes),
    }
    if (await queries.updateSession(row, changed, nowMs)) return changed
    row = await queries.findSession(context.projectId, { sessionId: row.session_id }, nowMs)
  }
  throw new Refusal('session_not_found')
}

/**
 * The session that a passed factor leads to: the one that was brought along, with the factor added, or a new one.
 * An intermediate session is used up by it. Runs in the transaction that spends the code.
 */
export async function openSession(
  queries: Queries,
  context: Context,
  subject: Subject,
  proof: Proof,
  factor: AuthenticationFactor,
  input: SessionInput & ProofInput,
): Promise<OpenSession> {
  if (proof.kind === 'session') {
    const row = await touchSession(queries, context, proof.row, factor, input)
    return { row, token: proof.token }
  }
  if (proof.kind === 'none') {
    return insertSession(queries, firstSession(context, subject, factor, input))
  }
  if (!(await queries.consumeIntermediateSession(proof.row.token_hash))) {
    throw new Refusal('intermediate_session_not_found')
  }
  const first = addFactor([], passwordFactor(proof.row.created_at))
  return insertSession(queries, newSession(context, subject, addFactor(first, factor), input))
}

/** A session by a first factor that the caller vouches for. */
export const startSession = (context: Context, subject: Subject, input: SessionInput): Promise<OpenSession> =>
  insertSession(context.store, firstSession(context, subject, passwordFactor(context.now()), input))

/** Reads a session and, with a duration, extends it. */
export async function readSession(
  context: Context,
  found: SessionsTable,
  input: SessionInput & ProofInput,
): Promise<OpenSession> {
  changeClaims(parseObject(found.custom_claims), input.session_custom_claims)
  const row = await touchSession(context.store, context, found, null, input)
  return { row, token: input.session_token ?? openToken(context, row) }
}

/** The token of what a member has between the first factor and MFA. */
export async function startIntermediateSession(context: Context, subject: MemberSubject): Promise<string> {
  const token = newToken(context.random)
  const nowMs = context.now()
  await context.store.insertIntermediateSession({
    token_hash: hashToken(token),
    project_id: context.projectId,
    organization_id: subject.organization.organization_id,
    member_id: subject.id,
    created_at: nowMs,
    expires_at: nowMs + minutes(intermediateMinutes),
  })
  return token
}
