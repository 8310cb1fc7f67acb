import type { ErrorCode, Problem } from '@kit/contract/errors'
import type { error } from './messages/en.js'

/**
 * Why an operation failed: a code of the contract, or what the browser alone can tell.
 * `network`: no answer came. `timeout`: none came in time. `aborted`: the caller or the person gave up.
 */
export type MfaErrorCode = ErrorCode | 'network' | 'timeout' | 'aborted'

/** Code → the sentence that people read. Total, so that a new code of the contract is a compile error here. */
export const sentences = {
  not_found: 'internal',
  method_not_allowed: 'internal',
  csrf_rejected: 'internal',
  unsupported_media_type: 'internal',
  body_too_large: 'internal',
  unauthenticated: 'signedOut',
  invalid_request: 'internal',
  already_enrolled: 'enrolled',
  not_enrolled: 'notEnrolled',
  registration_expired: 'expired',
  mfa_required: 'confirm',
  step_up_required: 'confirm',
  invalid_code: 'invalidCode',
  code_already_used: 'usedCode',
  invalid_recovery_code: 'invalidRecoveryCode',
  rate_limited: 'limited',
  locked: 'locked',
  not_supported: 'notSupported',
  bad_upstream: 'unavailable',
  upstream_unavailable: 'unavailable',
  outcome_unknown: 'unknown',
  upstream_timeout: 'unknown',
  internal: 'internal',
  network: 'network',
  timeout: 'unknown',
  aborted: 'unknown',
} as const satisfies Record<MfaErrorCode, keyof typeof error>

/** The one error of this package: what the hooks and the client reject with. It never carries a code or a secret. */
export class MfaError extends Error {
  override readonly name = 'MfaError'
  /** HTTP status of the answer; 0 where none came. */
  readonly status: number
  /** The id under which the server's log has this; undefined where no answer came. */
  readonly requestId: string | undefined
  /** Whole seconds until another try makes sense. */
  readonly retryAfterSeconds: number | undefined
  /** How many more wrong codes are answered before the next delay. */
  readonly attemptsLeft: number | undefined

  constructor(
    readonly code: MfaErrorCode,
    problem: Partial<Problem> = {},
  ) {
    super(problem.title ?? code)
    this.status = problem.status ?? 0
    this.requestId = problem.requestId
    this.retryAfterSeconds = problem.retryAfterSeconds
    this.attemptsLeft = problem.attemptsLeft
  }

  /**
   * The error that an answer of the BFF stands for; a body that is no problem of the contract is `internal`.
   * For the host's own calls behind `requireMfa`: `throw await MfaError.from(response)`.
   */
  static async from(response: Response): Promise<MfaError> {
    const problem = await response
      .json()
      .then((body: Problem) => (Object.hasOwn(sentences, body.code) ? body : undefined))
      .catch(() => undefined)
    return problem
      ? new MfaError(problem.code, problem)
      : new MfaError('internal', { status: response.status })
  }
}
