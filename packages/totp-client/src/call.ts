import { randomInt } from 'node:crypto'
import { TotpClientError } from './error.js'
import { idPattern } from './limits.js'
import { Stop, type Transport, TransportFailure, type WireReply, type WireRequest } from './transport.js'
import type { Endpoint, EndpointName, WireError } from './wire.js'

/** Calls one endpoint and resolves to the wire's body, checked. */
export type Call = (input: object, callerSignal: AbortSignal | undefined) => Promise<unknown>

type Wire = typeof import('./wire.js')

/** Loaded beside the start of a program instead of before it: the schemas and zod take 70 ms. */
export const loadingWire = import('./wire.js')

/**
 * Makes the call of one endpoint. `timeoutMs` is for everything together: waiting for a connection, sending,
 * the answer to its last byte, and the repetition.
 */
export function createCall(
  name: EndpointName,
  { transport, timeoutMs }: { transport: Transport; timeoutMs: number },
): Call {
  const attempt = async (wire: Wire, request: WireRequest, stop: Stop) => {
    try {
      return readReply(wire, name, await transport.send(request, stop))
    } catch (error) {
      throw error instanceof TransportFailure ? toError(name, request, error) : error
    }
  }

  return async (input, callerSignal) => {
    const wire = await loadingWire
    const request = toRequest(name, wire.endpoints[name], input)
    if (callerSignal?.aborted) throw toError(name, request, new TransportFailure('unsent', 'aborted'))

    const stop = new Stop()
    const abort = () => stop.end('aborted')
    const deadline = setTimeout(() => stop.end('deadline'), timeoutMs)
    callerSignal?.addEventListener('abort', abort)
    try {
      return await attempt(wire, request, stop)
    } catch (error) {
      if (!mayRepeat(error, request)) throw error
      // Jitter, so that many processes do not come back in step.
      await sleep(randomInt(50, 151), stop)
      if (stop.reason !== undefined) throw error
      return await attempt(wire, request, stop)
    } finally {
      clearTimeout(deadline)
      callerSignal?.removeEventListener('abort', abort)
    }
  }
}

/** Waits, or until `stop` is ended. */
const sleep = (ms: number, stop: Stop) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    stop.listener = () => {
      clearTimeout(timer)
      resolve()
    }
  })

/** Once more is safe where the provider did not get the request, and for reads, after a fault of its own. */
function mayRepeat(error: unknown, { method }: WireRequest): boolean {
  if (!(error instanceof TotpClientError)) return false
  if (error.reason === 'aborted' || error.reason === 'overloaded') return false
  return error.code === 'unreachable' || (method === 'GET' && (error.status ?? 0) >= 500)
}

/** Fields named by the path go there; the others go into the query of a GET and the body of the rest. */
function toRequest(name: string, { method, path: template }: Endpoint, input: object): WireRequest {
  if (method === 'POST' && !template.includes('{')) {
    return { method, path: template, body: JSON.stringify(input) }
  }
  const rest = new Map<string, unknown>(Object.entries(input))
  const path = template.replace(/\{(\w+)\}/g, (_, field: string) => {
    const id = rest.get(field)
    // Percent-encoding leaves `.` and `..` alone, and a server or proxy may resolve them.
    if (typeof id !== 'string' || !idPattern.test(id)) {
      throw new TypeError(
        `${name}: ${field} becomes part of the path, so it must be 1 to 128 of A-Z a-z 0-9 . _ | ~ - and not . or ..`,
      )
    }
    rest.delete(field)
    return encodeURIComponent(id)
  })
  if (method !== 'GET') return { method, path, body: JSON.stringify(Object.fromEntries(rest)) }

  const query = new URLSearchParams()
  for (const [field, value] of rest) if (value != null) query.append(field, String(value))
  return { method, path: query.size > 0 ? `${path}?${query}` : path, body: undefined }
}

/**
 * What answered is not the provider, or not by its protocol: broken HTTP, more than the limits allow, an
 * answer shorter than promised, a certificate that does not prove the name.
 */
const notTheProvider = /^HPE_|HEADERS_OVERFLOW|EXCEEDED_MAX_SIZE|CONTENT_LENGTH|CERT|TLS|SSL|VERIFY|EPROTO/

function toError(
  name: string,
  { method }: WireRequest,
  { reach, reason }: TransportFailure,
): TotpClientError {
  const facts = { endpoint: name, reason }
  if (reason === 'deadline' || /_(HEADERS|BODY)_TIMEOUT$/.test(reason))
    return new TotpClientError('timeout', facts)
  if (reason !== 'aborted' && (reach === 'answered' || notTheProvider.test(reason))) {
    return new TotpClientError('malformed', facts)
  }
  const harmless = reach === 'unsent' || method === 'GET'
  return new TotpClientError(harmless ? 'unreachable' : 'outcome_unknown', facts)
}

/** Form of the wire's error types. An answer may hold anything, also an echo of a code or a token. */
const errorTypePattern = /^[a-z][a-z0-9_]{2,99}$/
const requestIdPattern = /^request-id-[A-Za-z0-9-]{1,100}$/

function readReply(wire: Wire, name: EndpointName, { status, retryAfter, text }: WireReply): unknown {
  const endpoint: Endpoint = wire.endpoints[name]
  const fail = (code: TotpClientError['code'], reason: string, refusal?: WireError) => {
    const requestId = refusal?.request_id ?? undefined
    const { attempts_left, retry_after_seconds } = refusal?.error_details ?? {}
    return new TotpClientError(code, {
      endpoint: name,
      reason,
      status,
      errorType: refusal?.error_type,
      requestId: requestId !== undefined && requestIdPattern.test(requestId) ? requestId : undefined,
      retryAfterSeconds: toSeconds(retryAfter) ?? toWait(retry_after_seconds),
      attemptsLeft: toAttempts(attempts_left),
    })
  }
  if (status >= 300 && status < 400) throw fail('malformed', 'redirect')
  const body = parseJson(text)

  if (status < 300) {
    const checked = endpoint.response.safeParse(body)
    if (!checked.success) {
      const path = checked.error.issues[0]?.path.join('.')
      throw fail('malformed', body === undefined ? 'not_json' : `wrong_body${path ? ` at ${path}` : ''}`)
    }
    if (checked.data.status_code !== status) throw fail('malformed', 'status_mismatch')
    return body
  }

  const refusal = wire.WireError.safeParse(body)
  if (refusal.success && errorTypePattern.test(refusal.data.error_type)) {
    if (refusal.data.status_code !== status) throw fail('malformed', 'status_mismatch')
    throw fail('refused', 'refused', refusal.data)
  }
  // Gateways in front of the provider answer in their own words.
  if (status === 429) throw fail('refused', 'too_many_requests')
  if (status >= 500) throw fail(endpoint.method === 'GET' ? 'unreachable' : 'outcome_unknown', 'gateway')
  throw fail('malformed', body === undefined ? 'not_json' : 'wrong_body')
}

const toAttempts = (count: unknown): number | undefined =>
  typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= 1000 ? count : undefined

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const believable = (seconds: number) => Math.min(Math.max(Math.ceil(seconds), 1), 86_400)

/** The code that starts a wait is refused with 401, which has no `Retry-After`. */
const toWait = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && seconds > 0 ? believable(seconds) : undefined

/** `Retry-After` is seconds or a date, RFC 9110 section 10.2.3. At most a day is believed. */
function toSeconds(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter.endsWith('GMT') ? retryAfter : '') - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : believable(seconds)
}
