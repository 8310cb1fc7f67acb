/** What stops the server or a call of it. The message never carries a secret, a code or a token. */
export class TotpServerError extends Error {
  override name = 'TotpServerError'
  /**
   * - `invalid_option`: an option makes no sense; the message says what, why and what to do instead
   * - `unavailable`: the database cannot be reached, is full or too slow; the same call may work later
   */
  readonly code: 'invalid_option' | 'unavailable'

  constructor(code: TotpServerError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
