import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDemo, type Demo } from './app.js'
import { readSettings } from './settings.js'

const origin = 'http://localhost:4000'
let folder: string
let demo: Demo
let server: Server
let base: string

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/kit-demo-app-`)
  demo = await createDemo(readSettings({ DATA_DIR: folder }))
  server = createServer(demo.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await demo.close()
  rmSync(folder, { recursive: true })
})

interface Call {
  body?: unknown
  cookie?: string
  headers?: Record<string, string>
}

const call = (line: string, { body, cookie, headers = {} }: Call = {}) => {
  const [method = 'GET', path] = line.split(' ')
  return fetch(base + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(cookie && { cookie }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

let count = 0
const somebody = (more: object = {}) => ({
  email: `ada${++count}@example.com`,
  password: 'correct horse battery',
  ...more,
})

const cookieOf = (response: Response) => {
  const set = response.headers.getSetCookie().find((cookie) => cookie.startsWith('demo='))
  return set?.split(';')[0] ?? ''
}

async function signedUp(more: object = {}) {
  const person = somebody(more)
  const response = await call('POST /api/sign-up', { body: person })
  expect(response.status).toBe(201)
  return { person, cookie: cookieOf(response) }
}

test('a sign-up signs in, with a cookie that no script reads', async () => {
  const person = somebody()
  const response = await call('POST /api/sign-up', {
    body: { ...person, email: ` ${person.email.toUpperCase()} ` },
  })
  expect(response.status).toBe(201)
  expect(await response.json()).toEqual({ kind: 'user', email: person.email, organization: null })
  expect(response.headers.getSetCookie()[0]).toMatch(
    /^demo=[\w-]{43}; Max-Age=28800; Path=\/; .*HttpOnly; SameSite=Lax$/,
  )
  expect((await call('GET /api/me', { cookie: cookieOf(response) })).status).toBe(200)
})

test('an address is taken once as a user and once in each organization', async () => {
  const { person } = await signedUp()
  const again = await call('POST /api/sign-up', { body: { ...person, password: 'another long password' } })
  expect(again.status).toBe(409)
  expect(await again.json()).toMatchObject({ code: 'taken', status: 409 })
  for (const organization of ['acme', 'globex.example_1', `org-${'x'.repeat(90)}`]) {
    const member = { ...person, organization }
    expect((await call('POST /api/sign-up', { body: member })).status).toBe(201)
    expect((await call('POST /api/sign-up', { body: member })).status).toBe(409)
  }
})

test('of parallel sign-ups with one address one wins', async () => {
  const person = somebody({ organization: 'initech' })
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => call('POST /api/sign-up', { body: person })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
})

test('parallel members of an organization that is new all become members of the same one', async () => {
  const people = Array.from({ length: 4 }, () => somebody({ organization: 'umbrella' }))
  const answers = await Promise.all(people.map((body) => call('POST /api/sign-up', { body })))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
})

test.each([
  ['a short password', { password: 'eleven char' }, 'password'],
  ['no address', { email: 'ada' }, 'email'],
  ['a strange organization', { organization: '../x' }, 'organization'],
  ['an organization of dots', { organization: '..' }, 'organization'],
  ['a field that nobody knows', { userId: 'user-test-1' }, 'body'],
])('%s is refused, and the field is named', async (_, change, field) => {
  const response = await call('POST /api/sign-up', { body: { ...somebody(), ...change } })
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(Object.keys((await response.json()).fields)).toEqual([field])
})

test('what is no small JSON object is refused', async () => {
  const status = async (more: Call) => (await call('POST /api/sign-in', more)).status
  expect(await status({ body: '{"email":' })).toBe(400)
  expect(await status({ body: '[]' })).toBe(400)
  expect(await status({})).toBe(400)
  expect(await status({ body: { ...somebody(), password: 'x'.repeat(5000) } })).toBe(413)
  expect(
    await status({ body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  ).toBe(415)
})

test('a page of another origin changes nothing', async () => {
  const { person, cookie } = await signedUp()
  const from = (origin: string) => call('POST /api/sign-out', { cookie, headers: { origin } })
  for (const foreign of ['http://evil.example', 'null', 'http://localhost:4001']) {
    expect((await from(foreign)).status).toBe(403)
  }
  expect((await call('GET /api/me', { cookie })).status).toBe(200)
  const own = await call('POST /api/sign-in', { body: person, headers: { origin } })
  expect(own.status).toBe(200)
})

test('a wrong password and an unknown person get the same answer', async () => {
  const { person } = await signedUp()
  const wrong = await call('POST /api/sign-in', { body: { ...person, password: 'wrong horse battery' } })
  const unknown = await call('POST /api/sign-in', { body: somebody() })
  const elsewhere = await call('POST /api/sign-in', { body: { ...person, organization: 'acme' } })
  expect([wrong.status, unknown.status, elsewhere.status]).toEqual([401, 401, 401])
  const bodies = await Promise.all([wrong.text(), unknown.text(), elsewhere.text()])
  expect(new Set(bodies).size).toBe(1)
})

test('guessing a password is slowed down, for right and wrong alike', async () => {
  const { person } = await signedUp()
  const guess = (password: string) => call('POST /api/sign-in', { body: { ...person, password } })
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => guess(`wrong horse ${n}`)))
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
  const refused = await guess(person.password)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test.each([[{}], [{ organization: 'hooli' }]])(
  'a sign-in is new each time and ends the one before %o',
  async (more) => {
    const { person, cookie } = await signedUp(more)
    const response = await call('POST /api/sign-in', { body: person, cookie })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ enrolled: false, verified: false })
    expect(cookieOf(response)).not.toBe(cookie)
    expect((await call('GET /api/me', { cookie })).status).toBe(401)
    expect((await call('GET /api/me', { cookie: cookieOf(response) })).status).toBe(200)
  },
)

test('a sign-out ends the sign-in and clears both cookies', async () => {
  const { cookie } = await signedUp()
  const response = await call('POST /api/sign-out', { cookie })
  expect(response.status).toBe(204)
  expect(response.headers.get('clear-site-data')).toBe('"cache"')
  expect(response.headers.getSetCookie().some((set) => set.startsWith('demo=;'))).toBe(true)
  expect((await call('GET /api/me', { cookie })).status).toBe(401)
  expect((await call('POST /api/sign-out')).status).toBe(204)
})

test('a sign-out clears both cookies also where the sign-in is over already', async () => {
  const response = await call('POST /api/sign-out', { cookie: 'demo=over' })
  const names = response.headers.getSetCookie().map((set) => set.split('=')[0])
  expect([response.status, names.sort()]).toEqual([204, ['demo', 'kit']])
})

test.each([[{}], [{ organization: 'hooli' }]])(
  'the BFF knows who is signed in, and the vault stays shut %o',
  async (more) => {
    const { person, cookie } = await signedUp(more)
    const status = await call('GET /mfa/status', { cookie })
    expect(status.status).toBe(200)
    const { subject, enrolled } = await status.json()
    expect(enrolled).toBe(false)
    expect(subject.accountName).toContain(person.email)
    const vault = await call('GET /api/vault', { cookie })
    expect(vault.status).toBe(403)
    expect(await vault.json()).toMatchObject({ code: 'mfa_required' })
    expect((await call('GET /api/vault')).status).toBe(401)
    expect((await call('GET /mfa/status')).status).toBe(401)
  },
)

test('nothing of the API is cached, and every answer carries the policy', async () => {
  const { cookie } = await signedUp()
  for (const path of ['/api/me', '/api/vault', '/api/about', '/api/nothing', '/mfa/status', '/mfa/nothing']) {
    const { headers } = await call(`GET ${path}`, { cookie })
    expect(headers.get('cache-control'), path).toBe('no-store')
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'")
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('x-powered-by'), path).toBeNull()
  }
})

test('the drawer tells what happened and hides what opens something', async () => {
  const { person, cookie } = await signedUp({ organization: 'hooli' })
  await call('GET /mfa/status', { cookie })
  const response = await call('GET /api/what-happened', { cookie })
  const text = await response.text()
  const { exchanges } = JSON.parse(text)
  expect(exchanges.map(({ path }: { path: string }) => path)).toEqual(['/api/sign-up', '/mfa/status'])
  expect(exchanges[0].upstream.map(({ path }: { path: string }) => path)).toContain('/v1/kit/sessions')
  expect(exchanges[0].upstream[0].requestHeaders.authorization).toMatch(/^Basic ••••/)
  expect(text).not.toContain(person.password)
  expect(text).not.toContain(cookie.slice('demo='.length))
  expect((await call('GET /api/what-happened')).status).toBe(401)
})

test('an address by another name leads to the one that cookies know', async () => {
  const response = await call('GET /vault?x=1', { headers: { accept: 'text/html' } })
  expect(response.status).toBe(307)
  expect(response.headers.get('location')).toBe(`${origin}/vault?x=1`)
})
