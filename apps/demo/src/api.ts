/** What the demo's own back end refuses with; see `server/problem.ts`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string> = {},
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
  }
}

export interface Me {
  kind: 'user' | 'member'
  email: string
  organization: string | null
}
export interface About {
  provider: 'embedded' | 'stytch'
  organizations: boolean
}
export interface Paper {
  title: string
  kind: string
  detail: string
}
/** One line of the drawer; see `server/tape.ts`. */
export interface Exchange {
  id: number
  method: string
  path: string
  status: number
  tookMs: number
  requestHeaders: Record<string, string>
  request: unknown
  responseHeaders: Record<string, string>
  response: unknown
  upstream: Exchange[]
}
export interface Credentials {
  email: string
  password: string
  organization?: string
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError(0, 'network', 'There is no connection. Check your network and try again.')
  }
  const text = await response.text()
  const answer = text ? JSON.parse(text) : undefined
  if (response.ok) return answer
  const { code = 'internal', title = 'Something went wrong.', fields, retryAfterSeconds } = answer ?? {}
  throw new ApiError(response.status, code, title, fields, retryAfterSeconds)
}

export const api = {
  about: () => call<About>('GET', '/about'),
  me: () => call<Me>('GET', '/me'),
  signUp: (credentials: Credentials) => call<Me>('POST', '/sign-up', credentials),
  signIn: (credentials: Credentials) =>
    call<{ enrolled: boolean; verified: boolean }>('POST', '/sign-in', credentials),
  signOut: (options: { everywhere?: boolean }) => call<undefined>('POST', '/sign-out', options),
  whatHappened: () => call<{ exchanges: Exchange[] }>('GET', '/what-happened'),
  vault: () => call<{ papers: Paper[] }>('GET', '/vault'),
}
