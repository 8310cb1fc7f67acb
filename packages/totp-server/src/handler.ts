import {
  type EndpointName,
  endpoints,
  type RequestOf,
  type WireErrorType,
  wireErrors,
} from '@kit/totp-client/wire'
import type { z } from 'zod'
import { createBasicAuth } from './basic-auth.js'
import type { Context } from './context.js'
import { TotpServerError } from './error.js'
import { errorAnswer } from './error-answer.js'
import { newId } from './ids.js'
import type { RequestFacts } from './metrics.js'
import type { CallOptions, Operations } from './operation.js'
import { kit } from './operations/kit.js'
import { recoveryCodes } from './operations/recovery-codes.js'
import { sessions } from './operations/sessions.js'
import { totps } from './operations/totps.js'
import { usersAndMembers } from './operations/users-and-members.js'
import { Refusal } from './refusal.js'
import { findRoute, type Route } from './routes.js'
import { SealError } from './seal.js'
import { type SocketRefusal, socketRefusals, type WireRequest, type WireResponse } from './serve.js'

const operations: Operations<EndpointName> = {
  ...totps,
  ...recoveryCodes,
  ...sessions,
  ...usersAndMembers,
  ...kit,
}

/** What the handler tells of itself. `pino` fits. */
export interface Logger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Largest body that is read as JSON, in characters. */
const maxBodyLength = 65_536

/** Most objects and lists within one another. What walks deeper ones runs out of stack after some thousands. */
const maxBodyLevels = 64

const isWithin = (levels: number, value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((inner) => isWithin(levels - 1, inner)))

/** The named endpoints that need no credentials: official clients fetch them without. */
const isPublic = (name: EndpointName) => name === 'sessions.jwks' || name === 'b2b.sessions.jwks'

/** Inputs whose faults have an error type of their own. */
const inputErrors: Record<string, WireErrorType> = {
  session_duration_minutes: 'invalid_session_duration_minutes',
  expiration_minutes: 'invalid_expiration',
  mfa_policy: 'invalid_organization_mfa_policy',
}

/** PostgreSQL keeps no NUL in a text. No id, code or name has one. */
const unstorable = () =>
  new Refusal('bad_request', { message: 'The submitted request is invalid: it contains a NUL character.' })

/** An even number of backslashes before it spells backslashes. */
const nulEscape = /(?<!\\)(?:\\\\)*\\u0000/

function parseBody(body: string): Record<string, unknown> {
  if (body.length > maxBodyLength) {
    throw new Refusal('bad_request', {
      status: 413,
      message: `The request body exceeds ${maxBodyLength} characters.`,
    })
  }
  if (body === '') return {}
  if (nulEscape.test(body)) throw unstorable()
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    // Not JSON: refused below. The parser's message quotes the body and so goes nowhere.
  }
  if (!isWithin(maxBodyLevels, value)) {
    throw new Refusal('bad_request', {
      message: `The submitted request is invalid: it is nested more than ${maxBodyLevels} levels deep.`,
    })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Refusal('bad_request', {
    message: 'The submitted request is invalid: the body must be a JSON object.',
  })
}

/** What a field can be of a query, which official clients fill with more than the endpoints know. */
const parseQuery = (query: string): Record<string, unknown> =>
  Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => !value.includes('\0')))

/** @throws Refusal that names the first field at fault, never its value */
function parseInput<Input>(schema: z.ZodType<Input>, input: unknown): Input {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  const errorType = inputErrors[field]
  if (errorType !== undefined) throw new Refusal(errorType)
  throw new Refusal('bad_request', {
    message: `The submitted request is invalid: check ${field || 'its fields'}.`,
  })
}

const headerOf = (headers: WireRequest['headers'], name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** https://stytch.com/docs/b2b/guides/rbac/enforcement */
function onBehalfOf(headers: WireRequest['headers']): CallOptions['onBehalfOf'] {
  const session_token = headerOf(headers, 'x-stytch-member-session')
  const session_jwt = headerOf(headers, 'x-stytch-member-sessionjwt')
  return session_token === undefined && session_jwt === undefined ? null : { session_token, session_jwt }
}

/** The endpoints' inputs, each under its name, so that input and operation of one name belong together. */
const inputs: { readonly [Name in EndpointName]: { readonly request: z.ZodType<RequestOf<Name>> } } =
  endpoints

async function carryOut<Name extends EndpointName>(
  name: Name,
  context: Context,
  input: unknown,
  options: CallOptions,
): Promise<object> {
  return operations[name](context, parseInput(inputs[name].request, input), options)
}

/** Answers requests as plain values, also those that the socket refuses unread. */
export function createHandler(
  context: Context,
  {
    secrets,
    keysAreRight,
    isReady,
    logger,
    onRequest,
  }: {
    secrets: readonly string[]
    /** Resolves when the encryption keys are those of the database. */
    keysAreRight: () => Promise<void>
    /** Whether database and keys can be used. Rejects with the reason. */
    isReady: () => Promise<void>
    logger: Logger | undefined
    onRequest: ((facts: RequestFacts) => void) | undefined
  },
): {
  handle(request: WireRequest): Promise<WireResponse>
  refuse(request: Omit<WireRequest, 'body'>, why: SocketRefusal): WireResponse
} {
  const authenticate = createBasicAuth(context.projectId, secrets)
  /** A log or a hook that throws takes no answer away: the code may be spent by then. */
  const tell = (note: () => void) => {
    try {
      note()
    } catch {
      // Nowhere left to say it.
    }
  }

  /** What went wrong as the wire says it; everything but a refusal is the server's own affair and only logged. */
  function asRefusal(
    error: unknown,
    requestId: string,
  ): Pick<Refusal, 'errorType' | 'status' | 'message' | 'details'> {
    if (error instanceof Refusal) return error
    const isPassing = error instanceof TotpServerError || error instanceof SealError
    const reason = error instanceof Error ? { name: error.name, message: error.message } : {}
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
    tell(() => logger?.error({ requestId, reason, cause }, 'request failed'))
    return {
      errorType: 'internal_server_error',
      status: isPassing ? 503 : 500,
      message: wireErrors.internal_server_error.message,
      details: undefined,
    }
  }

  async function answerHealth(path: string): Promise<WireResponse> {
    if (path === '/healthz') return { status: 200, body: '{"status":"ok"}' }
    try {
      await isReady()
      return { status: 200, body: '{"status":"ready"}' }
    } catch (error) {
      const reason =
        error instanceof SealError || error instanceof TotpServerError ? error.message : 'not ready'
      tell(() => logger?.warn({ reason }, 'not ready'))
      return { status: 503, body: JSON.stringify({ status: 'not ready', reason }) }
    }
  }

  function report(requestId: string, endpoint: string, status: number, outcome: string, startedAt: number) {
    const seconds = (performance.now() - startedAt) / 1000
    const milliseconds = Math.round(seconds * 1e4) / 10
    tell(() => onRequest?.({ endpoint, status, outcome, seconds }))
    tell(() => logger?.info({ requestId, endpoint, status, outcome, milliseconds }, 'request'))
  }

  const endpointOf = (route: Route) => (route.kind === 'endpoint' ? route.name : 'none')

  function refuse({ method, path }: Omit<WireRequest, 'body'>, why: SocketRefusal): WireResponse {
    const startedAt = performance.now()
    const requestId = newId('request-id', context.environment)
    const { status, errorType } = socketRefusals[why]
    report(requestId, endpointOf(findRoute(method, path)), status, errorType, startedAt)
    return errorAnswer(socketRefusals[why], requestId, path)
  }

  async function handle({ method, path, query, headers, body }: WireRequest): Promise<WireResponse> {
    if (method === 'GET' && (path === '/healthz' || path === '/readyz')) return answerHealth(path)
    const startedAt = performance.now()
    const requestId = newId('request-id', context.environment)
    const route = findRoute(method, path)
    let status = 200
    let outcome = 'ok'
    let answer: WireResponse
    try {
      if (route.kind !== 'endpoint' || !isPublic(route.name)) authenticate(headerOf(headers, 'authorization'))
      if (route.kind === 'none') throw new Refusal('route_not_found')
      if (route.kind === 'other_method') throw new Refusal('method_not_allowed')
      await keysAreRight()
      const { name, params } = route
      const given = method === 'POST' ? parseBody(body) : method === 'GET' ? parseQuery(query) : {}
      // The path is what a call is about, whatever body and query repeat of it.
      const fields = await carryOut(
        name,
        context,
        { ...given, ...params },
        { onBehalfOf: onBehalfOf(headers) },
      )
      answer = { status, body: JSON.stringify({ request_id: requestId, status_code: status, ...fields }) }
    } catch (error) {
      const refusal = asRefusal(error, requestId)
      status = refusal.status
      outcome = refusal.errorType
      answer = errorAnswer(refusal, requestId, path)
    }
    report(requestId, endpointOf(route), status, outcome, startedAt)
    return answer
  }

  return { handle, refuse }
}
