import {
  createTotpServer,
  type Limits,
  type Store,
  type TotpServer,
  type TotpServerOptions,
} from '../src/index.js'

export const projectId = 'project-test-11111111-1111-4111-8111-111111111111'
export const secret = 'secret-test-11111111111111111111='
export const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`

/** Any JSON an answer holds; tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: answers of thirty shapes, whose shape is what the tests check
export type Body = any

export interface Answer {
  status: number
  headers: Headers
  body: Body
}

/** A server with a clock that tests turn, and a way to call it. */
export interface World {
  server: TotpServer
  clock: { nowMs: number }
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
  get(path: string): Promise<Answer>
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

export function createWorld(
  store: Store,
  options: Partial<TotpServerOptions> & { limits?: Partial<Limits> } = {},
): World {
  const clock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) }
  const server = createTotpServer({
    store,
    projectId,
    secrets: [secret],
    encryptionKeys,
    clock: () => clock.nowMs,
    sessionJwtAlgorithm: 'ES256',
    ...options,
  })
  const call: World['call'] = async (method, path, body, headers = {}) => {
    const response = await server.fetch(
      new Request(`http://kit.test${path}`, {
        method,
        headers: {
          authorization: basic(options.projectId ?? projectId, options.secrets?.[0] ?? secret),
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  return {
    server,
    clock,
    call,
    post: (path, body) => call('POST', path, body),
    get: (path) => call('GET', path),
  }
}
