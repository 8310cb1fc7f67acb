import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MfaStatus, PendingTotp, Problem, RecoveryCodeList } from '@kit/contract'
import { createTotpClient } from '@kit/totp-client'
import express from 'express'
import { type Bff, type BffOptions, createBff, type KitEvent, type Subject } from '../src/index.js'

export const origin = 'https://app.example.com'
export const keys = [
  'IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA=',
  'xkW8EDm3jYwWbKkeLNa4AAPVJk1c7zqTf0VUuWc0aQ8=',
]

/** The two ways in which the BFF can be mounted: T94 and everything else must hold on both. */
export const mounts = ['router', 'handler'] as const
export type Mount = (typeof mounts)[number]

export interface Host {
  bff: Bff
  url: string
  events: KitEvent[]
  /** Every line that was logged, as JSON. */
  logged: string[]
  close(): Promise<void>
}

export type Fetch = (request: Request) => Promise<Response>

/** A host application on a real socket, with body parsers of its own if wanted. `x-test-subject` says, as JSON, who is asking. */
export async function startHost(
  provider: Fetch,
  mount: Mount = 'router',
  {
    parser = false,
    timeoutMs = 1_000,
    ...options
  }: Partial<BffOptions> & { parser?: boolean; timeoutMs?: number } = {},
): Promise<Host> {
  const events: KitEvent[] = []
  const logged: string[] = []
  const write = (fields: object, message: string) => void logged.push(JSON.stringify([message, fields]))
  const upstream = createTotpClient({
    projectId: 'project-test-1',
    secret: 'SENTINEL-provider-secret',
    baseUrl: 'http://127.0.0.1:1',
    fetch: provider,
    timeoutMs,
  })
  const bff = createBff({
    upstream,
    identify: (req) => {
      const told = req.headers['x-test-subject']
      return typeof told === 'string' ? JSON.parse(told) : null
    },
    origin,
    cookieKeys: keys,
    issuer: 'Acme',
    onEvent: (event) => void events.push(event),
    logger: { debug: write, info: write, warn: write, error: write },
    limits: {
      judged: {
        address: { max: 1_000_000, windowSeconds: 600 },
        session: { max: 1_000_000, windowSeconds: 60 },
        subject: { max: 1_000_000, windowSeconds: 600 },
      },
      other: {
        address: { max: 100_000, windowSeconds: 60 },
        session: { max: 100_000, windowSeconds: 60 },
        subject: { max: 100_000, windowSeconds: 60 },
      },
    },
    ...options,
  })
  const app = express()
  if (parser) app.use(express.json({ strict: false }), express.urlencoded())
  if (mount === 'router') app.use('/mfa', bff.router)
  app.get('/vault', bff.requireMfa(), (_req, res) => void res.send('gold'))
  app.get('/vault-fresh', bff.requireMfa({ maxAgeMinutes: 2 }), (_req, res) => void res.send('gold'))
  app.get('/vault-open', bff.requireMfa({ whenNotEnrolled: 'allow' }), (_req, res) => void res.send('gold'))
  app.get('/vault-page', bff.requireMfa({ redirectTo: '/check' }), (_req, res) => void res.send('gold'))
  app.get('/who', async (req, res) => void res.json(await bff.session(req)))
  app.post('/leave', async (req, res) => {
    res.cookie('host', 'gone').set('Clear-Site-Data', '"storage"')
    await bff.signOut(req, res)
    res.sendStatus(204)
  })
  const server: Server = createServer(mount === 'router' ? app : bff.handler(app, { mount: '/mfa' }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    bff,
    url: `http://127.0.0.1:${port}`,
    events,
    logged,
    async close() {
      await bff.close()
      await upstream.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Every field that a body of the contract may have: a test reads those of the body that it asked for. */
export type AnyBody = Omit<MfaStatus, 'verified' | 'pending' | 'stale'> &
  PendingTotp &
  RecoveryCodeList &
  Problem & {
    verified: NonNullable<MfaStatus['verified']>
    pending: NonNullable<MfaStatus['pending']>
    stale: boolean
    /** Of the OpenAPI document. */
    servers: object[]
  }

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: AnyBody
  text: string
  setCookies: string[]
}

/** One request by node:http, which leaves a path as it is spelled. */
function exchange(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer | undefined,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const length =
      body === undefined || 'transfer-encoding' in headers
        ? {}
        : { 'content-length': Buffer.byteLength(body) }
    const req = request({ hostname, port, method, path, headers: { ...length, ...headers } }, resolve)
    req.on('error', reject)
    req.end(body)
  })
}

/** A browser with a cookie jar, signed in at the host as `subject`. */
export interface Browser {
  readonly host: Host
  cookies: Map<string, string>
  subject: Subject | null
  csrf: string
  /** As the page does: same origin, CSRF token, JSON. `headers` overrides; null leaves one out. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string | null>): Promise<Answer>
  /** Reads the status and keeps its CSRF token. */
  status(): Promise<Answer>
}

export function openBrowser(host: Host, subject: Subject | null): Browser {
  const browser: Browser = {
    host,
    cookies: new Map(),
    subject,
    csrf: '',
    async send(method, path, body, headers = {}) {
      const all: Record<string, string | null> = {
        cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') || null,
        'x-test-subject': browser.subject && JSON.stringify(browser.subject),
        'sec-fetch-site': 'same-origin',
        'user-agent': 'test browser',
        'x-csrf': method === 'GET' ? null : browser.csrf,
        'content-type': body === undefined ? null : 'application/json',
        ...headers,
      }
      const sent = Object.fromEntries(
        Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
      )
      const raw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined
      const response = await exchange(host.url, method, path, sent, raw ? body : JSON.stringify(body))
      const text = Buffer.concat(await response.toArray()).toString()
      const setCookies = response.headers['set-cookie'] ?? []
      for (const cookie of setCookies) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        if (/Max-Age=0/i.test(cookie)) browser.cookies.delete(name)
        else browser.cookies.set(name, value)
      }
      const isJson = /json/.test(String(response.headers['content-type']))
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: isJson && text !== '' ? JSON.parse(text) : undefined,
        text,
        setCookies,
      }
    },
    async status() {
      const answer = await browser.send('GET', '/mfa/status')
      if (answer.status === 200) browser.csrf = answer.body.csrfToken
      return answer
    },
  }
  return browser
}

export const user = (id = 'user-1', more: object = {}): Subject => ({
  kind: 'user',
  userId: id,
  accountName: 'ada@example.com',
  ...more,
})

export const member = (id = 'member-1', more: object = {}): Subject => ({
  kind: 'member',
  organizationId: 'org-1',
  memberId: id,
  accountName: 'grace@example.com',
  ...more,
})
