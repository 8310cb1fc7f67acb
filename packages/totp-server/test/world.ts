import { type EndpointName, endpoints, WireError } from '@kit/totp-client/wire'
import { Secret, TOTP } from 'otpauth'
import { createTotpServer, type Store, type TotpServer, type TotpServerOptions } from '../src/index.js'
import { findRoute } from '../src/routes.js'
import type { Queries } from '../src/store.js'

export const projectId = 'project-test-11111111-1111-4111-8111-111111111111'
export const secret = 'secret-test-11111111111111111111='
export const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`

/** Any JSON an answer holds. Its shape is checked against the wire's schemas before a test sees it. */
// biome-ignore lint/suspicious/noExplicitAny: answers of thirty shapes, into which tests look freely
export type Body = any

export interface Answer {
  status: number
  headers: Headers
  body: Body
}

export interface Clock {
  nowMs: number
}

/** A way to a server, and the clock it goes by. */
export interface World {
  readonly clock: Clock
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
  get(path: string): Promise<Answer>
  close(): Promise<void>
}

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5)

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** What every answer must be: JSON, its status repeated in the body, and of the shape that the wire's schema says. */
function checkAnswer(method: string, path: string, { status, headers, body }: Answer): void {
  if (!headers.get('content-type')?.startsWith('application/json')) throw new Error('Not JSON.')
  const pathname = path.split('?')[0] ?? ''
  if (!pathname.startsWith('/v1/')) return
  if (body.status_code !== status) throw new Error(`HTTP ${status}, body ${body.status_code}`)
  if (!/^request-id-(test|live)-[0-9a-f-]{36}$/.test(body.request_id)) throw new Error('No request id.')
  if (status === 200) {
    const route = findRoute(method, pathname)
    if (route.kind === 'endpoint') endpoints[route.name as EndpointName].response.parse(body)
    return
  }
  const error = WireError.parse(body)
  const docs = pathname.startsWith('/v1/b2b/')
    ? 'https://stytch.com/docs/b2b/api'
    : 'https://stytch.com/docs/api'
  if (error.error_url !== `${docs}/errors/${status}#${error.error_type}`)
    throw new Error(`${error.error_url}`)
}

/** @param send any way to a server that goes by the clock */
export function worldOver(
  clock: Clock,
  send: (request: Request) => Promise<Response>,
  close: () => Promise<void>,
): World {
  const call: World['call'] = async (method, path, body, headers = {}) => {
    const response = await send(
      new Request(`http://kit.test${path}`, {
        method,
        headers: { authorization: basic(projectId, secret), 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const answer = { status: response.status, headers: response.headers, body: await response.json() }
    checkAnswer(method, path, answer)
    return answer
  }
  return {
    clock,
    call,
    post: (path, body) => call('POST', path, body),
    get: (path) => call('GET', path),
    close,
  }
}

/** A server whose clock tests turn. ES256 unless a test says otherwise: an RSA key takes a while to make. */
export function createServer(
  store: Store,
  clock: Clock,
  options: Partial<TotpServerOptions> = {},
): TotpServer {
  return createTotpServer({
    store,
    projectId,
    secrets: [secret],
    encryptionKeys,
    clock: () => clock.nowMs,
    sessionJwtAlgorithm: 'ES256',
    ...options,
  })
}

/** A store with some methods in place of its own, also inside transactions. */
export function altered(store: Store, change: (queries: Queries) => Partial<Queries>): Store {
  return {
    ...store,
    ...change(store),
    transaction: (work) => store.transaction((queries) => work({ ...queries, ...change(queries) })),
  }
}

export function createWorld(store: Store, options: Partial<TotpServerOptions> = {}): World {
  const clock = { nowMs: startMs }
  const server = createServer(store, clock, options)
  return worldOver(clock, server.fetch, server.close)
}

/** Another implementation's code for a moment. */
export const codeOf = (
  secretText: string,
  atMs: number,
  kind: { algorithm?: string; digits?: number } = {},
) => new TOTP({ secret: Secret.fromBase32(secretText), ...kind }).generate({ timestamp: atMs })

/** Six digits that are none of the codes of the steps around a moment. */
export function wrongCode(secretText: string, atMs: number): string {
  const right = [-60, -30, 0, 30, 60].map((seconds) => codeOf(secretText, atMs + seconds * 1000))
  for (let number = 0; ; number++) {
    const code = String(number).padStart(6, '0')
    if (!right.includes(code)) return code
  }
}

export interface Enrolled {
  user_id: string
  totp_id: string
  secret: string
  recovery_codes: string[]
}

let serial = 0
/** A name nobody else in this process was given, with no number in it that could be taken for a code. */
export const uniqueName = (kind: string): string => `${kind}-p${process.pid}-${++serial}`

export async function makeUser(world: World): Promise<string> {
  const { body } = await world.post('/v1/users', {
    email: `${uniqueName('ada')}@example.com`,
    external_id: uniqueName('ext'),
  })
  return body.user_id
}

/** A user with a pending registration. */
export async function register(world: World): Promise<Enrolled> {
  const user_id = await makeUser(world)
  const { body } = await world.post('/v1/totps', { user_id })
  return { user_id, totp_id: body.totp_id, secret: body.secret, recovery_codes: body.recovery_codes }
}

/** A user with an active registration, one step later, so that the current code is a fresh one. */
export async function enrol(world: World): Promise<Enrolled> {
  const enrolled = await register(world)
  const totp_code = codeOf(enrolled.secret, world.clock.nowMs)
  const { status } = await world.post('/v1/totps/authenticate', { user_id: enrolled.user_id, totp_code })
  if (status !== 200) throw new Error(`Enrolment failed: ${status}`)
  world.clock.nowMs += 60_000
  return enrolled
}

export interface EnrolledMember {
  organization_id: string
  member_id: string
  totp_registration_id: string
  secret: string
  recovery_codes: string[]
}

export async function makeMember(
  world: World,
  organization: object = {},
  member: object = {},
): Promise<{ organization_id: string; member_id: string }> {
  const made = await world.post('/v1/b2b/organizations', {
    organization_name: 'Acme',
    organization_slug: uniqueName('acme'),
    ...organization,
  })
  const organization_id = made.body.organization.organization_id
  const { body } = await world.post(`/v1/b2b/organizations/${organization_id}/members`, {
    email_address: `${uniqueName('bob')}@example.com`,
    ...member,
  })
  return { organization_id, member_id: body.member_id }
}

export async function registerMember(world: World, organization: object = {}): Promise<EnrolledMember> {
  const ids = await makeMember(world, organization)
  const { body } = await world.post('/v1/b2b/totp', ids)
  const { totp_registration_id, secret: memberSecret, recovery_codes } = body
  return { ...ids, totp_registration_id, secret: memberSecret, recovery_codes }
}

export async function enrolMember(world: World, organization: object = {}): Promise<EnrolledMember> {
  const enrolled = await registerMember(world, organization)
  const { organization_id, member_id } = enrolled
  const code = codeOf(enrolled.secret, world.clock.nowMs)
  const { status } = await world.post('/v1/b2b/totp/authenticate', { organization_id, member_id, code })
  if (status !== 200) throw new Error(`Enrolment failed: ${status}`)
  world.clock.nowMs += 60_000
  return enrolled
}
