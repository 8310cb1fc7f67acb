import { type WireErrorType, wireErrors } from '@kit/totp-client/wire'

/** Ends an operation with one of the wire's errors. Not a fault: its text is for the caller. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly errorType: WireErrorType
  readonly status: number
  /** Becomes `error_details`. */
  readonly details: Readonly<Record<string, number>> | undefined

  constructor(
    errorType: WireErrorType,
    options: { message?: string; status?: number; details?: Readonly<Record<string, number>> } = {},
  ) {
    super(options.message ?? wireErrors[errorType].message)
    this.errorType = errorType
    this.status = options.status ?? wireErrors[errorType].status
    this.details = options.details
  }
}
