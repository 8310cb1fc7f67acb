/**
 * Why a call failed.
 *
 * - `refused`: the provider understood the call and said no; `errorType` tells why. Nothing was done, unless `status` is 500
 *   or more: a fault of the provider's own may have come after the deed.
 * - `unreachable`: the provider did not get the call, or it was a read and no answer came. Trying again is safe.
 * - `timeout`: no whole answer within the deadline. A code that was sent may be spent.
 * - `outcome_unknown`: a call that changes something left, and no answer came back. A code that was sent may
 *   be spent: look at the state before trying again.
 * - `malformed`: what answered is not this provider or does not speak its wire: a redirect, HTML, a missing
 *   field, a body that contradicts its HTTP status, a wrong certificate. Never to be taken for a success.
 */
export type TotpClientErrorCode = 'refused' | 'unreachable' | 'timeout' | 'outcome_unknown' | 'malformed'

/** What is known besides the code. */
export interface TotpClientErrorFacts {
  /** Which method failed, as `totps.authenticate`. */
  endpoint: string
  /** A short word of ours or an error code of Node or undici, as `ECONNREFUSED`, `redirect`, `overloaded`. */
  reason: string
  /** The wire's `error_type`, where the provider refused. One of `WireErrorType`, or one not known here. */
  errorType?: string | undefined
  /** HTTP status, where anything answered. */
  status?: number | undefined
  /** The provider's name for the request, for its support. */
  requestId?: string | undefined
  /** From `Retry-After`, or what `@kit/totp-server` says beside the wrong code that starts a wait: whole seconds, 1 to 86400. */
  retryAfterSeconds?: number | undefined
  /** Wrong codes that are still judged before the next wait, 0 to 1000; only `@kit/totp-server` tells. */
  attemptsLeft?: number | undefined
}

/**
 * The only error a call rejects with, apart from `TypeError` for a wrong id. It carries the facts above and
 * nothing else: no request, no answer, no cause, since those hold codes, tokens and secrets.
 */
export class TotpClientError extends Error {
  override readonly name = 'TotpClientError'
  readonly code: TotpClientErrorCode
  readonly endpoint: string
  readonly reason: string
  readonly errorType: string | undefined
  readonly status: number | undefined
  readonly requestId: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly attemptsLeft: number | undefined

  constructor(code: TotpClientErrorCode, facts: TotpClientErrorFacts) {
    const status = facts.status === undefined ? '' : `, HTTP ${facts.status}`
    super(`${facts.endpoint}: ${code} (${facts.errorType ?? facts.reason}${status})`)
    this.code = code
    this.endpoint = facts.endpoint
    this.reason = facts.reason
    this.errorType = facts.errorType
    this.status = facts.status
    this.requestId = facts.requestId
    this.retryAfterSeconds = facts.retryAfterSeconds
    this.attemptsLeft = facts.attemptsLeft
  }
}
