import type { MfaStatus, Operation, RequestOf, ResponseOf, routes } from '@kit/contract'
import { MfaError } from './mfa-error.js'

/** The operations a page calls; the OpenAPI document is for other readers. */
export type ClientOperation = Exclude<Operation, 'openapi'>

type Line<O extends Operation> = `${(typeof routes)[O]['method']} ${(typeof routes)[O]['path']}`

/** The contract's method and path of each operation, typed by its literals: a drift does not compile. */
const lines: { readonly [O in ClientOperation]: Line<O> } = {
  status: 'GET /status',
  create: 'POST /totp',
  authenticate: 'POST /totp/authenticate',
  recover: 'POST /totp/recover',
  recoveryCodes: 'POST /totp/recovery-codes',
  rotate: 'POST /totp/recovery-codes/rotate',
  remove: 'DELETE /totp',
  cancel: 'DELETE /totp/pending',
  signOut: 'POST /sign-out',
}

// A parameter of type void may be left out; Record<never, never> extends a request whose fields are all optional.
type Nothing = ReturnType<() => void>

/** What an operation takes; may be left out where nothing is required. */
export type InputOf<O extends ClientOperation> =
  undefined extends RequestOf<O>
    ? Nothing
    : Record<never, never> extends RequestOf<O>
      ? RequestOf<O> | Nothing
      : RequestOf<O>

/** Options of one call. */
export interface CallOptions {
  /** Gives the call up; it then rejects with the code `aborted`. What was sent may still happen. */
  signal?: AbortSignal | undefined
}

/** One operation as a method. Rejects with {@link MfaError} and nothing else. */
export type Method<O extends ClientOperation> = (
  input: InputOf<O>,
  options?: CallOptions,
) => Promise<ResponseOf<O>>

/** One method an operation of the contract. */
export type MfaClient = { readonly [O in ClientOperation]: Method<O> }

/** Options of {@link createMfaClient}. */
export interface MfaClientOptions {
  /** Where the BFF is mounted, on the origin of the page: `/mfa`. */
  baseUrl: string
  /** Instead of the page's own `fetch`: for tests, and for a page that counts its requests. */
  fetch?: typeof globalThis.fetch | undefined
  /** Longest wait for one answer, in milliseconds. Default 15 000; then `timeout`. */
  timeoutMs?: number | undefined
}

/**
 * The browser's end of the contract, without React.
 *
 * It keeps the CSRF token of the last status it saw, asks for one where it has none, and once more where the
 * server refuses it, unless another person is signed in by then. Nothing else is ever sent twice: a request that got
 * no answer may have spent a code.
 *
 * @throws {TypeError} when `baseUrl` is missing.
 */
export function createMfaClient({ baseUrl, fetch, timeoutMs = 15_000 }: MfaClientOptions): MfaClient {
  if (typeof baseUrl !== 'string') throw new TypeError('baseUrl is missing.')
  let known: MfaStatus | undefined
  // Turns of what is sent, and of the answer that `known` is from.
  let sent = 0
  let heard = 0

  const exchange = async (operation: ClientOperation, { signal }: CallOptions = {}, input: unknown = {}) => {
    const [method, path] = lines[operation].split(' ') as [string, string]
    const turn = ++sent
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const response = await (fetch ?? globalThis.fetch)(baseUrl.replace(/\/+$/, '') + path, {
        method,
        cache: 'no-store',
        // Browsers of before 2024 cannot join two: there such a call goes without a deadline.
        signal: signal ? (AbortSignal.any?.([signal, deadline]) ?? signal) : deadline,
        ...(method !== 'GET' && {
          headers: { 'content-type': 'application/json', 'x-csrf': known?.csrfToken ?? '' },
          body: JSON.stringify(input),
        }),
      })
      if (response.ok) {
        const body = response.status === 204 ? undefined : await response.json()
        // Without a body it was a sign-out, whatever was heard meanwhile. A late status may be of somebody before.
        if (!body || (turn > heard && body.csrfToken)) {
          known = body
          heard = body ? turn : sent
        }
        return body
      }
      if (response.status === 401) known = undefined
      throw await MfaError.from(response)
    } catch (cause) {
      if (cause instanceof MfaError) throw cause
      if (signal?.aborted) throw new MfaError('aborted')
      if (deadline.aborted) throw new MfaError('timeout')
      // A body that is no JSON: something else than the BFF answered.
      throw new MfaError(cause instanceof SyntaxError ? 'internal' : 'network')
    }
  }

  const method =
    <O extends ClientOperation>(operation: O): Method<O> =>
    async (input, options) => {
      if (operation !== 'status' && !known) await exchange('status', options)
      const before = known?.subject
      try {
        return await exchange(operation, options, input)
      } catch (error) {
        if ((error as MfaError).code !== 'csrf_rejected') throw error
        await exchange('status', options)
        if (JSON.stringify(before) !== JSON.stringify(known?.subject)) throw error
        return exchange(operation, options, input)
      }
    }

  const methods = (Object.keys(lines) as ClientOperation[]).map((name) => [name, method(name)])
  return Object.fromEntries(methods) as MfaClient
}
