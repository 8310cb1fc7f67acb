import { type ErrorCode, errors, type Problem } from '@kit/contract/errors'
import { TotpClientError } from '@kit/totp-client'
import type { EndpointName } from '@kit/totp-client/wire'

/** What a refusal may tell besides its code. */
export interface RefusalFacts {
  /** Whole seconds until a retry makes sense. */
  retryAfterSeconds?: number | undefined
  /** Wrong codes that are still answered before the next delay. */
  attemptsLeft?: number | undefined
  /** What happened, for the log alone. */
  cause?: unknown
}

/** A request that is not carried out, by the code that the browser sees. */
export class BffError extends Error {
  override readonly name = 'BffError'
  readonly retryAfterSeconds: number | undefined
  readonly attemptsLeft: number | undefined

  constructor(
    readonly code: ErrorCode,
    facts: RefusalFacts = {},
  ) {
    super(errors[code].title, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.retryAfterSeconds = facts.retryAfterSeconds
    this.attemptsLeft = facts.attemptsLeft
  }
}

/**
 * The provider's `error_type` → the code that the browser sees. Several types share a code on purpose: a wrong
 * code, a malformed one and a recovery code in the wrong field all read the same to whoever is guessing.
 * Types that tell of our own mistakes (credentials, malformed ids) are absent: they become `internal`.
 * https://stytch.com/docs/api/errors
 */
const codeByErrorType: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries({
    unable_to_authenticate_totp: 'invalid_code',
    invalid_totp_code: 'invalid_code',
    invalid_code: 'invalid_code',
    recovery_code_used_as_totp_code: 'invalid_code',
    totp_code_already_authenticated: 'code_already_used',
    unable_to_authenticate_recovery_code: 'invalid_recovery_code',
    invalid_recovery_code: 'invalid_recovery_code',
    totp_code_used_as_recovery_code: 'invalid_recovery_code',

    user_not_found: 'not_enrolled',
    organization_not_found: 'not_enrolled',
    member_not_found: 'not_enrolled',
    totp_not_found: 'not_enrolled',
    totps_not_found_for_user: 'not_enrolled',
    recovery_codes_not_found: 'not_enrolled',
    no_active_recovery_code_backed_factor: 'not_enrolled',
    expired_totp: 'registration_expired',
    active_totp_exists: 'already_enrolled',

    user_lock_limit_reached: 'locked',
    too_many_requests: 'rate_limited',

    session_not_found: 'unauthenticated',
    invalid_session_token: 'unauthenticated',
    intermediate_session_not_found: 'unauthenticated',
    invalid_intermediate_session_token_for_organization: 'unauthenticated',
    member_session_member_id_mismatch: 'unauthenticated',
    insufficient_factors: 'unauthenticated',
    action_available_only_once_primary_authentication_is_met: 'unauthenticated',

    action_available_only_for_active_members: 'not_supported',
    operation_restricted_by_organization_mfa_methods: 'not_supported',
    invalid_b2b_endpoint: 'not_supported',
    invalid_consumer_endpoint: 'not_supported',
    route_not_found: 'not_supported',
  } satisfies Record<string, ErrorCode>),
)

/**
 * Limits of the provider's `Retry-After` that is passed on, in seconds: F6. A lock is told as long as it is, up to a
 * day: who is told less comes back too early.
 */
const clampSeconds = (seconds: number | undefined, maxSeconds = 300): number | undefined =>
  seconds === undefined ? undefined : Math.min(Math.max(Math.ceil(seconds), 1), maxSeconds)

/** Refusals after which a person asks how many attempts are left. */
const countsAttempts = (code: ErrorCode): boolean =>
  code === 'invalid_code' || code === 'invalid_recovery_code' || code === 'code_already_used'

/** Whether the provider said no because this session of the provider is over or never was. */
export const isSessionGone = (error: unknown): boolean =>
  error instanceof TotpClientError &&
  error.code === 'refused' &&
  (error.errorType === 'session_not_found' || error.errorType === 'invalid_session_token')

/** Whether the provider was out of reach: nothing is known of the subject, good or bad. */
export const isOutage = (error: unknown): boolean =>
  error instanceof BffError &&
  (error.code === 'upstream_unavailable' ||
    error.code === 'upstream_timeout' ||
    error.code === 'outcome_unknown' ||
    error.code === 'bad_upstream')

/** Calls by which nothing but the time of a session's last use can have changed at the provider. */
const reads: ReadonlySet<string> = new Set([
  'users.get',
  'totps.recoveryCodes',
  'sessions.authenticate',
  'sessions.jwks',
  'b2b.organizations.get',
  'b2b.members.get',
  'b2b.recoveryCodes.get',
  'b2b.sessions.authenticate',
  'b2b.sessions.jwks',
  'kit.capabilities',
] satisfies EndpointName[])

function fromProvider(error: TotpClientError): BffError {
  const { attemptsLeft } = error
  const retryAfterSeconds = clampSeconds(error.retryAfterSeconds)
  const unavailable = () =>
    new BffError('upstream_unavailable', { retryAfterSeconds: retryAfterSeconds ?? 5, cause: error })
  // It may have happened before the fault, as where a database carries out a COMMIT and dies before it says so: F22.
  const afterFault = () =>
    reads.has(error.endpoint)
      ? unavailable()
      : new BffError('outcome_unknown', { retryAfterSeconds, cause: error })
  if (error.code === 'timeout') return new BffError('upstream_timeout', { cause: error })
  if (error.code === 'malformed') return new BffError('bad_upstream', { cause: error })
  if (error.code === 'outcome_unknown') return afterFault()
  if (error.code === 'unreachable') return unavailable()
  const code = codeByErrorType.get(error.errorType ?? '')
  if (code && (code === 'locked' || countsAttempts(code))) {
    // A wrong code may start a wait: whoever is not told of it loses the next one to it.
    const waitSeconds = clampSeconds(error.retryAfterSeconds, 86_400)
    return new BffError(code, { retryAfterSeconds: waitSeconds, attemptsLeft, cause: error })
  }
  if (code === 'rate_limited' || (code === undefined && error.status === 429)) {
    return new BffError('rate_limited', { retryAfterSeconds: retryAfterSeconds ?? 1, cause: error })
  }
  if (code) return new BffError(code, { cause: error })
  if (error.status !== undefined && error.status >= 500) return afterFault()
  return new BffError('internal', { cause: error })
}

/** What the host or its provider is set up wrongly for. The sentence is for the log alone, and quotes nothing. */
export const misconfigured = (sentence: string, cause?: unknown): BffError =>
  Object.assign(new BffError('internal', { cause }), { message: sentence })

/** Anything thrown → one refusal. What is not known becomes `internal`, its cause for the log alone. */
export function toRefusal(thrown: unknown): BffError {
  if (thrown instanceof BffError) return thrown
  if (thrown instanceof TotpClientError) return fromProvider(thrown)
  return new BffError('internal', { cause: thrown })
}

/** The body of a refusal: from the table, with nothing of what caused it (RFC 9457). */
export function toProblem(refusal: BffError, requestId: string): Problem {
  const { code, retryAfterSeconds, attemptsLeft } = refusal
  const { status, title } = errors[code]
  return {
    type: `urn:kit:error:${code}`,
    title,
    status,
    code,
    requestId,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
  }
}
