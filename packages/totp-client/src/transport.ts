/// <reference path="./undici-pool.d.ts" />
// The pool alone: all of undici takes 70 ms and 9 MB more to load.
import Pool from 'undici/lib/dispatcher/pool.js'

/** One request, ready to be sent. */
export interface WireRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** Path and query. */
  path: string
  body: string | undefined
}

/** What came back, whole, whatever its status. */
export interface WireReply {
  status: number
  retryAfter: string | undefined
  text: string
}

/**
 * How far a request got before it failed. `unsent`: certainly not one byte of it left. `sent`: it may have
 * been carried out. `answered`: an answer had begun.
 */
export type Reach = 'unsent' | 'sent' | 'answered'

/** A request without a whole answer. */
export class TransportFailure extends Error {
  constructor(
    readonly reach: Reach,
    /** A word of ours, or the error code of Node or undici. */
    readonly reason: string,
  ) {
    super(reason)
  }
}

/** Ends a call early, for the one who waits for it. An AbortController a call costs some 5 µs more. */
export class Stop {
  /** Why it was ended, if it was. */
  reason: string | undefined
  /** Told once, when it is ended. */
  listener: (() => void) | undefined

  end(reason: string): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.listener?.()
  }
}

/** A way to the provider. */
export interface Transport {
  /** @throws TransportFailure, at the latest when `stop` is ended; its reason is then that of `stop` */
  send(request: WireRequest, stop: Stop): Promise<WireReply>
  /** Waits for the requests under way, then lets go of the connections. */
  close(): Promise<void>
}

/** A function that answers requests: the global `fetch`, or the one of a server in the same process. */
export type Fetch = (request: Request) => Response | Promise<Response>

const maxConnections = 50
/** Requests that wait for a connection; one more fails at once instead of behind a provider that hangs. */
const maxWaiting = 100
const maxBodyBytes = 256 * 1024
const maxHeaderBytes = 16 * 1024
const connectTimeoutMs = 2_000
const headersTimeoutMs = 5_000

/** Error codes tell what happened; messages and other fields may quote what was received, so none is kept. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) return code
  // undici has no code for what is not HTTP at all.
  return error.name === 'HTTPParserError' ? 'HPE_INVALID' : 'failed'
}

/**
 * By a pool of undici. Its `dispatch` and not its `request`, since a handler is told when a request starts
 * to leave: before that, an error means that nothing was sent. (The global `fetch` tells no such thing, and
 * costs 0.3 ms more.) It follows no redirects and never sends anything twice.
 */
export function poolTransport(origin: string, headers: Record<string, string>): Transport {
  const pool = new Pool(origin, {
    connections: maxConnections,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: headersTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    maxResponseSize: maxBodyBytes,
  })

  let underWay = 0
  // Kept here and not in the pool, which cannot take a request back without breaking a connection for it.
  const waiting = new Set<() => void>()

  const send = ({ method, path, body }: WireRequest, stop: Stop) =>
    new Promise<WireReply>((resolve, reject) => {
      let reach: Reach = 'unsent'
      let cancel: (() => void) | undefined
      let status = 0
      let retryAfter: string | undefined
      const chunks: Buffer[] = []

      const fail = (reason: string) => reject(new TransportFailure(reach, reason))
      const done = () => {
        stop.listener = undefined
        underWay--
        const [next] = waiting
        if (next) {
          waiting.delete(next)
          next()
        }
      }
      const start = () => {
        underWay++
        pool.dispatch(
          { method, path, headers, body: body ?? null },
          {
            onRequestStart(controller) {
              cancel = () => controller.abort(new Error('aborted'))
              if (stop.reason !== undefined) return cancel()
              reach = 'sent'
            },
            onResponseStart(_controller, statusCode, responseHeaders) {
              if (statusCode < 200) return
              reach = 'answered'
              status = statusCode
              const value = responseHeaders['retry-after']
              retryAfter = Array.isArray(value) ? value[0] : value
            },
            onResponseData(_controller, chunk) {
              chunks.push(chunk)
            },
            onResponseEnd() {
              resolve({ status, retryAfter, text: Buffer.concat(chunks).toString() })
              done()
            },
            onResponseError(_controller, error) {
              fail(reasonOf(error))
              done()
            },
          },
        )
      }

      if (underWay >= maxConnections && waiting.size >= maxWaiting) return fail('overloaded')
      // By a name of its own: V8 allocates a function that stands right of `object.property =` in the old space, where
      // this one kept all of a call alive until the next full collection. 6 KB a call, a sixth of the BFF's CPU.
      const onStop = () => {
        waiting.delete(start)
        fail(stop.reason ?? 'aborted')
        cancel?.()
      }
      stop.listener = onStop
      if (underWay < maxConnections) start()
      else waiting.add(start)
    })

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= pool.close()
    return closed
  }
  return { send, close }
}

/** Codes of a `fetch` that got no connection. */
const noConnection = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** By a `fetch` that was handed in, under the same rules. */
export function fetchTransport(origin: string, headers: Record<string, string>, fetch: Fetch): Transport {
  // Made once: checking a record of headers anew for each request costs 8 µs.
  const init = { headers: new Headers(headers), redirect: 'manual' } as const

  const answer = async ({ method, path, body }: WireRequest, signal: AbortSignal): Promise<WireReply> => {
    let response: Response
    try {
      response = await fetch(new Request(origin + path, { ...init, method, body: body ?? null, signal }))
    } catch (error) {
      const reason = reasonOf(error instanceof Error && error.cause ? error.cause : error)
      throw new TransportFailure(noConnection.test(reason) ? 'unsent' : 'sent', reason)
    }
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      text: await boundedText(response, signal),
    }
  }

  // A handler in this process need not look at the signal: the deadline holds all the same.
  const send = (request: WireRequest, stop: Stop) =>
    new Promise<WireReply>((resolve, reject) => {
      const abort = new AbortController()
      const onStop = () => {
        const reason = stop.reason ?? 'aborted'
        abort.abort(reason)
        reject(new TransportFailure('sent', reason))
      }
      stop.listener = onStop
      answer(request, abort.signal).then(resolve, reject)
    })

  return { send, close: async () => {} }
}

async function boundedText(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > maxBodyBytes || signal.aborted) break
      chunks.push(chunk)
    }
  } catch (error) {
    throw new TransportFailure('answered', reasonOf(error))
  }
  if (size > maxBodyBytes) throw new TransportFailure('answered', 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
  return Buffer.concat(chunks).toString()
}
