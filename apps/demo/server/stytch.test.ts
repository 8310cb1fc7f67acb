import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { createTotpServer, openSqlite, type Served, serve } from '@kit/totp-server'
import { URI } from 'otpauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDemo } from './app.js'
import { readSettings } from './settings.js'

const credentials = {
  projectId: 'project-test-11111111-2222-4333-8444-555555555555',
  secret: 'secret-test-of-the-recording-vendor',
}
const recorded: { line: string; authorization: string | null }[] = []
let folder: string
let vendor: Served
let closeVendor: () => Promise<void>
let hasForgotten = false
let base: string
let closeDemo: () => Promise<void>

/** A demo on a port of its own. */
async function open(env: Record<string, string>) {
  const demo = await createDemo(readSettings(env))
  const server = createServer(demo.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await demo.close()
    },
  }
}

const onStytch = () => ({
  STYTCH_PROJECT_ID: credentials.projectId,
  STYTCH_SECRET: credentials.secret,
  STYTCH_BASE_URL: vendor.url,
})

// A vendor that speaks the plain wire: everything that is ours alone is unknown to it.
beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/kit-demo-stytch-`)
  const wire = createTotpServer({
    store: await openSqlite({ dataDir: ':memory:' }),
    projectId: credentials.projectId,
    secrets: [credentials.secret],
    encryptionKeys: `k:${Buffer.alloc(32, 7).toString('base64')}`,
  })
  closeVendor = () => wire.close()
  vendor = await serve({
    port: 0,
    host: '127.0.0.1',
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      recorded.push({
        line: `${request.method} ${pathname}`,
        authorization: request.headers.get('authorization'),
      })
      if (hasForgotten && request.method === 'GET' && pathname.startsWith('/v1/users/')) {
        const body = { status_code: 404, request_id: 'request-id-test-2', error_type: 'user_not_found' }
        return Response.json(body, { status: 404 })
      }
      if (!pathname.startsWith('/v1/kit/')) return await wire.fetch(request)
      const body = { status_code: 404, request_id: 'request-id-test-1', error_type: 'route_not_found' }
      return Response.json(body, { status: 404 })
    },
  })
  ;({ base, close: closeDemo } = await open({ DATA_DIR: folder, ...onStytch() }))
})
afterAll(async () => {
  await closeDemo()
  await vendor.close()
  await closeVendor()
  rmSync(folder, { recursive: true })
})

test('with the variables of Stytch the same demo runs on its wire, for consumers', async () => {
  const cookies = new Map<string, string>()
  let csrf = ''
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        origin: 'http://localhost:4000',
        'x-csrf': csrf,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    return { status: response.status, body: await response.json().catch(() => null) }
  }

  expect((await call('GET', '/api/about')).body).toEqual({ provider: 'stytch', organizations: false })
  const ada = { email: 'ada@example.com', password: 'correct horse battery' }
  expect(await call('POST', '/api/sign-up', { ...ada, organization: 'acme' })).toMatchObject({
    status: 400,
    body: { code: 'not_supported' },
  })
  expect((await call('POST', '/api/sign-up', ada)).status).toBe(201)
  csrf = (await call('GET', '/mfa/status')).body.csrfToken

  const { body: pending } = await call('POST', '/mfa/totp', {})
  const totp = URI.parse(pending.otpauthUri)
  if (!('period' in totp)) throw new Error('no TOTP')
  expect((await call('POST', '/mfa/totp/authenticate', { code: totp.generate() })).status).toBe(200)
  expect((await call('GET', '/api/vault')).status).toBe(200)

  expect((await call('POST', '/api/sign-in', ada)).body).toEqual({ enrolled: true, verified: false })
  expect((await call('GET', '/api/vault')).status).toBe(403)
  csrf = (await call('GET', '/mfa/status')).body.csrfToken
  const next = totp.generate({ timestamp: Date.now() + 30_000 })
  expect((await call('POST', '/mfa/totp/authenticate', { code: next })).status).toBe(200)
  expect((await call('GET', '/api/vault')).status).toBe(200)

  const basic = `Basic ${btoa(`${credentials.projectId}:${credentials.secret}`)}`
  expect(new Set(recorded.map(({ authorization }) => authorization))).toEqual(new Set([basic]))
  const lines = recorded.map(({ line }) => line)
  expect(lines).toContain('POST /v1/users')
  expect(lines).toContain('POST /v1/totps')
  expect(lines).toContain('POST /v1/totps/authenticate')
  expect(lines.filter((line) => line.includes('/b2b/'))).toEqual([])
})

test('each provider has people of its own: after a change of it, the same data folder knows nobody of the other', async () => {
  const grace = { email: 'grace@example.com', password: 'correct horse battery' }
  const post = (path: string) =>
    fetch(at.base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(grace),
    })
  const DATA_DIR = `${folder}/both`
  let at = await open({ DATA_DIR })
  const signedUp = await post('/api/sign-up')
  expect(signedUp.status).toBe(201)
  const cookie = signedUp.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  await at.close()

  at = await open({ DATA_DIR, ...onStytch() })
  expect((await fetch(`${at.base}/api/me`, { headers: { cookie } })).status).toBe(401)
  expect((await post('/api/sign-in')).status).toBe(401)
  expect((await post('/api/sign-up')).status).toBe(201)
  expect((await post('/api/sign-in')).status).toBe(200)
  // Deleted at the provider.
  hasForgotten = true
  expect((await post('/api/sign-in')).status).toBe(401)
  hasForgotten = false
  await at.close()

  at = await open({ DATA_DIR })
  expect((await post('/api/sign-in')).status).toBe(200)
  await at.close()
})
