import type { MfaStatus, Operation, PendingTotp } from '@kit/contract'
import { type ErrorCode, errors, type Problem } from '@kit/contract/errors'

/** The code that the fake's authenticator app shows for its n-th secret. */
export const codeOf = (registration: number) => String(registration).padStart(6, '1')

const lines: Record<string, Operation> = {
  'GET /status': 'status',
  'POST /totp': 'create',
  'POST /totp/authenticate': 'authenticate',
  'POST /totp/recover': 'recover',
  'POST /totp/recovery-codes': 'recoveryCodes',
  'POST /totp/recovery-codes/rotate': 'rotate',
  'DELETE /totp': 'remove',
  'DELETE /totp/pending': 'cancel',
  'POST /sign-out': 'signOut',
}

interface Call {
  operation: Operation
  body: Record<string, unknown>
  csrf: string | null
}

/**
 * The BFF of one browser, in memory: answers the contract as the real one does, from one person's state that a test
 * may set. `fail` scripts the next answer of an operation, `hold` keeps it back.
 */
export class FakeBff {
  calls: Call[] = []
  subject: MfaStatus['subject'] | undefined = { kind: 'user', accountName: 'ada@example.com' }
  csrfToken = 'csrf-1'
  required = false
  capabilities: MfaStatus['capabilities'] = { reveal: true, rotate: true, remove: true, setDefault: false }
  verified: 'totp' | 'recovery_code' | undefined
  fresh = true
  enrolled = false
  stale = false
  recoveryCodes: string[] = []
  expiresInMs = 600_000
  pending: PendingTotp | undefined
  registrations = 0
  generations = 0
  readonly #failures = new Map<Operation, (Partial<Problem> & { code: ErrorCode })[]>()
  readonly #held = new Map<Operation, Promise<void>>()
  /** Makes `fetch` itself fail, as without a network, after the server has done what was asked. */
  offline = false

  /** The next answer of `operation` is this problem. */
  fail(operation: Operation, code: ErrorCode, extra: Partial<Problem> = {}): this {
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), { ...extra, code }])
    return this
  }

  /** Keeps every answer of `operation` back until the returned function is called. */
  hold(operation: Operation): () => void {
    let release = () => {}
    this.#held.set(operation, new Promise((resolve) => (release = resolve)))
    return () => {
      this.#held.delete(operation)
      release()
    }
  }

  enroll(): this {
    this.registrations++
    this.enrolled = true
    this.recoveryCodes = this.#newCodes()
    return this
  }

  verify(method: 'totp' | 'recovery_code' = 'totp'): this {
    this.verified = method
    this.fresh = true
    return this
  }

  /** How often an operation was asked. */
  count(operation: Operation): number {
    return this.calls.filter((call) => call.operation === operation).length
  }

  /** Everything that must be gone when a flow is over. */
  get secrets(): string[] {
    const made = Array.from({ length: this.registrations }, (_, index) => secretOf(index + 1))
    const codes = Array.from({ length: this.generations }, (_, index) => codesOf(index + 1)).flat()
    return [...made, ...codes]
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const path = String(input).replace(/^\/mfa/, '')
    const operation = lines[`${init.method} ${path}`]
    if (!operation) return problem({ code: 'not_found' })
    const body = init.body ? JSON.parse(String(init.body)) : {}
    this.calls.push({ operation, body, csrf: new Headers(init.headers).get('x-csrf') })
    await Promise.race([this.#held.get(operation) ?? Promise.resolve(), aborted(init.signal)])
    if (this.offline) throw new TypeError('Failed to fetch')
    if (!this.subject) return problem({ code: 'unauthenticated' })
    if (init.method !== 'GET' && new Headers(init.headers).get('x-csrf') !== this.csrfToken)
      return problem({ code: 'csrf_rejected' })
    const scripted = this.#failures.get(operation)?.shift()
    if (scripted) return problem(scripted)
    return this.#answer(operation, body)
  }

  #newCodes(): string[] {
    return codesOf(++this.generations)
  }

  get #isFresh(): boolean {
    return this.verified !== undefined && this.fresh
  }

  #answer(operation: Operation, body: Record<string, unknown>): Response {
    switch (operation) {
      case 'status':
        return this.#status()
      case 'create': {
        if (this.enrolled) return problem({ code: this.#isFresh ? 'already_enrolled' : 'step_up_required' })
        if (this.pending && !body.restart) return json(this.pending)
        const secret = secretOf(++this.registrations)
        this.pending = {
          registrationId: `registration-${this.registrations}`,
          secret,
          otpauthUri: `otpauth://totp/Acme:ada%40example.com?secret=${secret}&issuer=Acme`,
          expiresAt: new Date(Date.now() + this.expiresInMs).toISOString(),
          recoveryCodes: this.#newCodes(),
        }
        return json(this.pending, 201)
      }
      case 'authenticate':
        if (!this.enrolled && !this.pending) return problem({ code: 'not_enrolled' })
        if (body.code !== codeOf(this.registrations))
          return problem({ code: 'invalid_code', attemptsLeft: 4 })
        if (this.pending) this.recoveryCodes = [...this.pending.recoveryCodes]
        this.pending = undefined
        this.enrolled = true
        this.verify('totp')
        return this.#status()
      case 'recover': {
        if (!this.enrolled) return problem({ code: 'not_enrolled' })
        const plain = (code: unknown) => String(code).replace(/[ -]/g, '').toLowerCase()
        const index = this.recoveryCodes.findIndex((code) => plain(code) === plain(body.recoveryCode))
        if (index < 0) return problem({ code: 'invalid_recovery_code', attemptsLeft: 1 })
        this.recoveryCodes.splice(index, 1)
        this.verify('recovery_code')
        return this.#status()
      }
      case 'recoveryCodes':
        if (!this.enrolled) return problem({ code: 'not_enrolled' })
        if (!this.#isFresh || this.verified !== 'totp') return problem({ code: 'step_up_required' })
        return json({ recoveryCodes: this.recoveryCodes })
      case 'rotate':
        if (!this.enrolled) return problem({ code: 'not_enrolled' })
        if (!this.#isFresh) return problem({ code: 'step_up_required' })
        this.recoveryCodes = this.#newCodes()
        return json({ recoveryCodes: this.recoveryCodes })
      case 'remove':
        if (!this.enrolled) return problem({ code: 'not_enrolled' })
        if (!this.#isFresh) return problem({ code: 'step_up_required' })
        this.enrolled = false
        this.verified = undefined
        this.recoveryCodes = []
        return this.#status()
      case 'cancel':
        this.pending = undefined
        return this.#status()
      case 'signOut':
        this.subject = undefined
        return new Response(null, { status: 204 })
      default:
        return problem({ code: 'not_found' })
    }
  }

  #status(): Response {
    if (!this.subject) return problem({ code: 'unauthenticated' })
    const time = (ms: number) => new Date(Date.now() + ms).toISOString()
    const status: MfaStatus = {
      subject: this.subject,
      csrfToken: this.csrfToken,
      enrolled: this.enrolled,
      required: this.required,
      verified: this.verified
        ? { method: this.verified, at: time(0), freshUntil: time(300_000), expiresAt: time(3_600_000) }
        : null,
      pending: this.pending ? { expiresAt: this.pending.expiresAt } : null,
      recoveryCodesRemaining: this.enrolled ? this.recoveryCodes.length : null,
      capabilities: this.capabilities,
      ...(this.stale && { stale: true }),
    }
    return json(status)
  }
}

const letters = 'ABCDEFGHJKMNPQRSTVWXYZ234567'
const secretOf = (registration: number) =>
  Array.from({ length: 32 }, (_, index) => letters[(index * 7 + registration * 3) % letters.length]).join('')

const codesOf = (generation: number) =>
  Array.from({ length: 10 }, (_, index) => `g${generation}k${index}-aaaa-bbbb-c${index}c${index}`)

const aborted = (signal: AbortSignal | null | undefined) =>
  new Promise<never>((_, reject) => {
    if (!signal) return
    const give = () => reject(signal.reason)
    if (signal.aborted) give()
    signal.addEventListener('abort', give)
  })

const json = (body: unknown, status = 200) => Response.json(body, { status })

function problem({ code, ...extra }: Partial<Problem> & { code: ErrorCode }): Response {
  const { status, title } = errors[code]
  const body: Problem = { type: `urn:kit:error:${code}`, title, status, code, requestId: 'req-1', ...extra }
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } })
}
