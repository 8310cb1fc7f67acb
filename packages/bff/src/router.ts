import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Operation, RequestOf, Route } from '@kit/contract'
import type { Ask, AskerOnWire } from './asker.js'
import type { Call } from './call.js'
import type { ClientAddress } from './client-address.js'
import { BffError, isOutage, toProblem, toRefusal } from './errors.js'
import { hasBody, parseBody, readBody, requireJson, requireSameOrigin } from './guard.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Operations, Outcome, Served } from './operations.js'
import { type Respond, respondProblem } from './respond.js'
import type { SessionCookie } from './session.js'
import type { Leaver } from './sign-out.js'
import { soon } from './soon.js'

/** A middleware of Express, or of anything that takes the same three. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

export interface RouterDeps {
  operations: Operations
  ask: Ask
  clientAddress: ClientAddress
  cookie: SessionCookie
  /** Told of each refusal of an operation. */
  onFailed: (call: Call, refusal: BffError) => void
  /** Ends what a cookie holds, whoever it is of. Never rejects. */
  leave: (leaver: Leaver) => Promise<void>
  /** How many sign-outs there have been. */
  leavings: () => number
  /** The public origin: what the request says of itself is never asked (T93). */
  origin: string
  respond: Respond
  /** The OpenAPI document as JSON, for a mount path. */
  document: (mount: string) => Promise<string>
  log: Log
  metrics: Metrics
}

export interface Router {
  /** For `app.use('/mfa', bff.router)`. The mount path itself is left to the host, for a page of its own. */
  router: Middleware
  /**
   * The same in front of `app`, which then costs the routes nothing.
   *
   * @throws TypeError where `mount` is no path as `/mfa`, below the root and without a slash at its end
   */
  handler(app: RequestListener, options: { mount: string }): RequestListener
}

/**
 * How long a request may take once its body is here, however many calls to the provider it takes: a little longer than
 * one of them, whose own error says more. What is under way goes on behind, since nothing that has left can be taken back.
 */
const deadlineMs = 8_200

/** One row of the contract, with what carries it out. */
interface Station {
  operation: Operation
  /** @throws BffError invalid_request */
  read: (body: Buffer) => unknown
  /** Takes what `read` gave. */
  run: (call: Call, input: unknown) => Promise<Outcome<unknown>>
}

/** Rows by path, then by method. */
type Table = ReadonlyMap<string, ReadonlyMap<string, Station>>

const allowed = (methods: ReadonlyMap<string, Station>) => [...methods.keys()].join(', ')

/**
 * The stations of a request, in their order: route 404, method 405, same origin 403, type 415, size 413, identity
 * 401, CSRF 403, schema 400; then the operation with its conflicts, policy and limits.
 */
export function createRouter(deps: RouterDeps): Router {
  const { operations, ask, clientAddress, cookie, onFailed, leave, leavings } = deps
  const { origin, respond, document, log, metrics } = deps
  const loadingTable = createTable(operations)

  const pass = async (req: IncomingMessage, station: Station, requestId: string, hasQuery: boolean) => {
    const { headers } = req
    let body: Buffer | undefined
    if (req.method !== 'GET') {
      requireSameOrigin(headers, origin)
      requireJson(headers)
      body = await readBody(req)
    }
    return soon(carryOut(req, station, requestId, hasQuery, body), deadlineMs)
  }

  /**
   * T69: where nobody can say who asks, as while the provider is down or busy, or when the host's own sign-in has just run
   * out, the cookie alone is enough to sign out. Without one that can be read, nothing of ours is here to be ended.
   */
  const leaveUnknown = async (
    headers: IncomingHttpHeaders,
    station: Station,
    hasQuery: boolean,
    body: Buffer,
  ): Promise<Outcome<null>> => {
    const { session, repeated } = cookie.open(headers.cookie)
    if (session && !cookie.isCsrfToken(one(headers['x-csrf']), session.binding))
      throw new BffError('csrf_rejected')
    if (repeated || hasQuery) throw new BffError('invalid_request')
    station.read(body)
    if (session) await leave({ subject: null, session, userAgent: headers['user-agent'] })
    return { status: 204, body: null, session: null }
  }

  const carryOut = async (
    req: IncomingMessage,
    station: Station,
    requestId: string,
    hasQuery: boolean,
    body: Buffer | undefined,
  ) => {
    const { headers } = req
    // A sign-out while it is still being asked who this is counts too.
    const leftBefore = leavings()
    let asker: AskerOnWire | null = null
    let isUnknown = false
    try {
      asker = await ask(req, station.operation)
    } catch (error) {
      isUnknown = station.operation === 'signOut' && isUnasked(toRefusal(error))
      if (!isUnknown) throw error
    }
    if (!asker) {
      const isOver = station.operation === 'signOut' && cookie.open(headers.cookie).session !== null
      if (!isUnknown && !isOver) throw new BffError('unauthenticated')
      return leaveUnknown(headers, station, hasQuery, body ?? noBody)
    }
    if (body && !cookie.isCsrfToken(one(headers['x-csrf']), asker.binding))
      throw new BffError('csrf_rejected')
    // No route takes a query, and no GET a body: what they name could only be meant to deceive.
    if (asker.repeated || hasQuery || (!body && hasBody(headers))) throw new BffError('invalid_request')
    const { subject, binding, session, isOld, rawCookie } = asker
    const addressKey = clientAddress(req)
    const intermediate = subject.kind === 'member' ? subject.intermediateSessionToken : undefined
    const userAgent = headers['user-agent']
    const browser = [rawCookie, addressKey, userAgent, subject.sessionToken, intermediate]
    const call = { subject, binding, session, isOld, requestId, addressKey, userAgent, browser, leftBefore }
    const input = station.read(body ?? noBody)
    try {
      return await station.run(call, input)
    } catch (error) {
      const refusal = toRefusal(error)
      onFailed(call, refusal)
      throw refusal
    }
  }

  const serve = async (
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    query: string,
    mount: string,
  ) => {
    const requestId = randomUUID()
    const begun = performance.now()
    let operation: Operation | undefined
    let status: number
    let code: BffError['code'] | undefined
    try {
      const methods = (await loadingTable).get(path)
      if (!methods) throw new BffError('not_found')
      const station = methods.get(req.method ?? '')
      if (!station) {
        res.setHeader('Allow', allowed(methods))
        throw new BffError('method_not_allowed')
      }
      operation = station.operation
      if (operation === 'openapi') {
        status = 200
        respond(res, 200, await document(mount))
      } else {
        const outcome = await pass(req, station, requestId, query !== '')
        status = outcome.status
        respond(res, status, outcome.body === null ? null : JSON.stringify(outcome.body), {
          cookie:
            outcome.session === undefined
              ? undefined
              : outcome.session
                ? cookie.seal(outcome.session)
                : cookie.cleared,
          headers: operation === 'signOut' ? { 'Clear-Site-Data': '"cache"' } : undefined,
        })
      }
    } catch (error) {
      const refusal = toRefusal(error)
      const problem = toProblem(refusal, requestId)
      status = problem.status
      code = refusal.code
      if (status >= 500) log.failure({ what: operation ?? 'unknown', error: refusal, requestId })
      if (code === 'rate_limited')
        metrics.count(({ limited }) => limited.inc({ operation: operation ?? 'unknown' }))
      // Where the rest of the body is not read, the connection cannot be used again.
      const isCut = !req.complete && hasBody(req.headers)
      respondProblem(respond, res, problem, isCut ? { Connection: 'close' } : {})
    }
    const durationMs = performance.now() - begun
    const label = operation ?? 'unknown'
    metrics.count(({ requests, requestSeconds }) => {
      requests.inc({ operation: label, status })
      requestSeconds.observe({ operation: label }, durationMs / 1_000)
    })
    log.request({ requestId, operation: label, status, code, durationMs })
  }

  /** Below the mount path everything is ours; the path itself, with or without its slash, is not. */
  const handle = (req: IncomingMessage, res: ServerResponse, url: string, mount: string): boolean => {
    const at = url.indexOf('?')
    const path = at < 0 ? url : url.slice(0, at)
    if (path === '' || path === '/') return false
    serve(req, res, path, at < 0 ? '' : url.slice(at + 1), mount).catch(() => res.destroy())
    return true
  }

  return {
    router(req, res, next) {
      const mount = 'baseUrl' in req && typeof req.baseUrl === 'string' ? req.baseUrl : ''
      if (!handle(req, res, req.url ?? '', mount)) next()
    },
    handler(app, { mount }) {
      requireMount(mount)
      const prefix = `${mount}/`
      return (req, res) => {
        const url = req.url ?? ''
        if (!url.startsWith(prefix) || !handle(req, res, url.slice(mount.length), mount)) app(req, res)
      }
    },
  }
}

/** @throws TypeError for a path that no request has: browsers take `.` and `..` out of theirs */
export function requireMount(mount: string): void {
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(mount) || /\/\.{1,2}(\/|$)/.test(mount)) {
    throw new TypeError(
      `mount must be a path below the root, without a slash at its end, as /mfa; got ${JSON.stringify(mount)}.`,
    )
  }
}

/** Nobody was asked who it is: the provider is out of reach or busy, or the address has used up its questions. */
const isUnasked = (refusal: BffError) => isOutage(refusal) || refusal.code === 'rate_limited'

const noBody = Buffer.alloc(0)

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined)

/** The contract is loaded beside the start of a program instead of before it: its schemas bring zod, which takes 60 ms. */
async function createTable(operations: Operations): Promise<Table> {
  const { routes } = await import('@kit/contract')
  const table = new Map<string, Map<string, Station>>()
  for (const [operation, route] of Object.entries(routes) as [Operation, Route][]) {
    const methods = table.get(route.path) ?? new Map<string, Station>()
    methods.set(route.method, {
      operation,
      read: reader(route),
      run: operation === 'openapi' ? unserved : runner(operations[operation]),
    })
    table.set(route.path, methods)
  }
  return table
}

const unserved = async () => ({ status: 404, body: null })

const reader =
  ({ request }: Route): Station['read'] =>
  (body) => {
    const parsed = request?.safeParse(parseBody(body))
    if (parsed && !parsed.success) throw new BffError('invalid_request')
    return parsed?.data
  }

function runner<O extends Served>(run: Operations[O]): Station['run'] {
  // What the schema of this operation has let pass is this operation's input.
  return (call, input) => run(call, input as RequestOf<O>)
}
