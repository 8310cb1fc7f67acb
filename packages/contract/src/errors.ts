/** One row of {@link errors}. */
export interface ErrorEntry {
  /** HTTP status of the answer that carries the code. */
  readonly status: number
  /** One sentence for the developer who reads the answer; people see a translated message instead. */
  readonly title: string
  /**
   * Whether the same request can succeed later without the person changing anything.
   * `never`: something else has to happen first. `later`: after `retryAfterSeconds`, or after a short wait.
   * `new-code`: only with another code, since this one may be spent.
   */
  readonly retry: 'never' | 'later' | 'new-code'
}

/**
 * Every error code that the browser may see, in the order in which the BFF's checks run.
 * The shape of the answer is {@link Problem} (RFC 9457, `application/problem+json`).
 * This file imports nothing, so that whoever needs the table in a browser loads no schema with it.
 */
export const errors = {
  not_found: { status: 404, title: 'There is no such route.', retry: 'never' },
  method_not_allowed: {
    status: 405,
    title: 'The route does not take this method; see Allow.',
    retry: 'never',
  },
  csrf_rejected: {
    status: 403,
    title: 'The request did not come from the page of this origin with the x-csrf token of this subject.',
    retry: 'never',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body must be application/json in UTF-8, not encoded.',
    retry: 'never',
  },
  body_too_large: { status: 413, title: 'The body is larger than the route allows.', retry: 'never' },
  unauthenticated: { status: 401, title: 'Nobody is signed in, or the sign-in has expired.', retry: 'never' },
  invalid_request: { status: 400, title: 'The request does not match the contract.', retry: 'never' },
  already_enrolled: {
    status: 409,
    title: 'An authenticator app is active already; remove it first.',
    retry: 'never',
  },
  not_enrolled: { status: 409, title: 'There is no authenticator app for this operation.', retry: 'never' },
  registration_expired: {
    status: 410,
    title: 'The registration expired before its first code; create another.',
    retry: 'never',
  },
  mfa_required: { status: 403, title: 'This needs a code from the authenticator app first.', retry: 'never' },
  step_up_required: {
    status: 403,
    title: 'This needs a fresh code from the authenticator app.',
    retry: 'never',
  },
  invalid_code: { status: 422, title: 'The code is wrong.', retry: 'new-code' },
  code_already_used: {
    status: 422,
    title: 'The code was used before; wait for the next one.',
    retry: 'new-code',
  },
  invalid_recovery_code: {
    status: 422,
    title: 'The recovery code is wrong or was used before.',
    retry: 'new-code',
  },
  rate_limited: { status: 429, title: 'Too many requests; wait for Retry-After.', retry: 'later' },
  locked: { status: 429, title: 'Too many wrong codes; codes are refused for now.', retry: 'later' },
  not_supported: { status: 501, title: 'The provider cannot do this.', retry: 'never' },
  bad_upstream: { status: 502, title: 'The provider gave an answer that cannot be trusted.', retry: 'later' },
  upstream_unavailable: { status: 503, title: 'The provider cannot be reached.', retry: 'later' },
  outcome_unknown: {
    status: 503,
    title: 'The provider may or may not have done this; read the status before trying again.',
    retry: 'new-code',
  },
  upstream_timeout: {
    status: 504,
    title: 'The provider did not answer in time; a code may be spent.',
    retry: 'new-code',
  },
  internal: { status: 500, title: 'Something went wrong on the server.', retry: 'later' },
} as const satisfies Record<string, ErrorEntry>

/** A code of {@link errors}. */
export type ErrorCode = keyof typeof errors

/** Body of every answer that is not a success: `application/problem+json` (RFC 9457 section 3). */
export interface Problem {
  /** `urn:kit:error:` and the code: a name, not an address. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  /** Also in the server's log, so that a person can quote it. */
  readonly requestId: string
  /** Whole seconds, as in the Retry-After header. */
  readonly retryAfterSeconds?: number
  /** How many more wrong codes are answered before the next delay. */
  readonly attemptsLeft?: number
}

/** Whether `value` is a code of this version of the contract. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errors, value)
}
