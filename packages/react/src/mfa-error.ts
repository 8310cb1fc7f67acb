import type { ErrorCode, Problem } from '@kit/contract/errors'
import type { Messages } from './messages/en.js'

/**
 * Why an operation failed: a code of the contract, or what the browser alone can tell.
 * `network`: no answer came. `timeout`: none came in time. `aborted`: the caller or the person gave up.
 */
export type MfaErrorCode = ErrorCode | 'network' | 'timeout' | 'aborted'

/** Codes that people meet only by a mistake in the page or the server, or not at all: the sentence of `internal`. */
type Mistake =
  | 'not_found'
  | 'method_not_allowed'
  | 'csrf_rejected'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'invalid_request'
  | 'not_supported'
  | 'mfa_required'
  | 'step_up_required'
  | 'aborted'

/** Codes that say that no answer came, or none to trust. */
type Unanswered = 'bad_upstream' | 'network' | 'upstream_timeout' | 'timeout' | 'outcome_unknown'

type Said = Extract<MfaErrorCode, keyof Messages['error']>

/** Whether what was sent may be spent though nobody can tell; the contract's `new-code` beyond the refusals. */
export const maySpend = (code: string) => /known|timeout/.test(code)

/**
 * What a person reads about a code. Total: a new code of the contract needs a place above or in the catalogue.
 *
 * @param asked whether there is a field for the next code
 */
export function sentenceOf(
  code: Said | Mistake | Unanswered,
  sentences: Messages['error'],
  asked: boolean,
): string {
  const known: Readonly<Record<string, unknown>> = sentences
  const silent = /known|timeout|bad_|network/.test(code)
  const key = asked && maySpend(code) ? 'outcome_unknown' : silent ? 'upstream_unavailable' : code
  return (known[key] as string | undefined) ?? sentences.internal
}

/** The one error of this package: what the hooks and the client reject with. It never carries a code or a secret. */
export class MfaError extends Error {
  declare readonly code: MfaErrorCode
  /** HTTP status of the answer; 0 where none came. */
  declare readonly status: number
  /** The id under which the server's log has this; undefined where no answer came. */
  declare readonly requestId: string | undefined
  /** Whole seconds until another try makes sense. */
  declare readonly retryAfterSeconds: number | undefined
  /** How many more wrong codes are answered before the next delay. */
  declare readonly attemptsLeft: number | undefined

  constructor(code: MfaErrorCode, problem: Partial<Problem> = {}) {
    super(problem.title ?? code)
    Object.assign(this, { status: 0, ...problem, name: 'MfaError', code })
  }

  /**
   * The error that an answer of the BFF stands for; a body that is no problem of the contract is `internal`.
   * For the host's own calls behind `requireMfa`: `throw await MfaError.from(response)`.
   */
  static async from(response: Response): Promise<MfaError> {
    const { status } = response
    const problem: Problem | undefined = await response.json().catch(() => {})
    const known = problem?.type === `urn:kit:error:${problem?.code}` && problem
    return new MfaError(known ? known.code : 'internal', { ...known, status })
  }
}

/** Whether the server has judged what was sent and refused it, or will not judge it now: nothing else has changed. */
export const isRefusal = ({ status }: MfaError) => status === 422 || status === 429
