import { afterEach, expect, it, vi } from 'vitest'
import { codeOf, FakeBff } from '../test/fake-bff.js'
import { lateReads } from '../test/render-kit.js'
import { createMfaClient, MfaError } from './index.js'

const clientOf = (bff: FakeBff, timeoutMs?: number) =>
  createMfaClient({ baseUrl: '/mfa/', fetch: bff.fetch, timeoutMs })
afterEach(() => void vi.unstubAllGlobals())

const operations = (bff: FakeBff) => bff.calls.map(({ operation }) => operation)
const failure = async (promise: Promise<unknown>): Promise<MfaError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(MfaError)
  return error as MfaError
}

it('reads the status first, for its CSRF token, and once only', async () => {
  const bff = new FakeBff()
  const client = clientOf(bff)
  await client.create()
  await client.cancel()
  expect(operations(bff)).toEqual(['status', 'create', 'cancel'])
  expect(bff.calls[1]?.csrf).toBe('csrf-1')
  expect(bff.calls[1]?.body).toEqual({})
})

it('takes a signal also where the browser cannot join two', async () => {
  vi.stubGlobal('AbortSignal', { timeout: AbortSignal.timeout.bind(AbortSignal) })
  const bff = new FakeBff()
  await clientOf(bff).create(undefined, { signal: new AbortController().signal })
  expect(bff.count('create')).toBe(1)
})

it('asks for one new CSRF token where the old one is refused, and no more', async () => {
  const bff = new FakeBff()
  const client = clientOf(bff)
  await client.status()
  bff.csrfToken = 'csrf-2'
  await client.create()
  expect(operations(bff)).toEqual(['status', 'create', 'status', 'create'])
  bff.fail('cancel', 'csrf_rejected').fail('cancel', 'csrf_rejected')
  expect((await failure(client.cancel())).code).toBe('csrf_rejected')
  expect(bff.count('cancel')).toBe(2)
})

it('sends nothing for another person who has signed in meanwhile', async () => {
  const bff = new FakeBff().enroll()
  const client = clientOf(bff)
  await client.status()
  bff.subject = { kind: 'user', accountName: 'grace@example.com' }
  bff.csrfToken = 'csrf-grace'
  expect((await failure(client.authenticate({ code: codeOf(1) }))).code).toBe('csrf_rejected')
  expect(bff.count('authenticate')).toBe(1)
})

it('after a sign-out the first request of the next person has their token', async () => {
  const bff = new FakeBff().enroll()
  const client = clientOf(bff)
  await client.signOut()
  bff.subject = { kind: 'user', accountName: 'grace@example.com' }
  bff.csrfToken = 'csrf-grace'
  await client.authenticate({ code: codeOf(1) })
  expect(operations(bff)).toEqual(['status', 'signOut', 'status', 'authenticate'])
})

it('after a sign-out too, beside which a status was read', async () => {
  const bff = new FakeBff().enroll()
  const release = bff.hold('signOut')
  const client = clientOf(bff)
  const out = client.signOut()
  await vi.waitFor(() => expect(operations(bff)).toContain('signOut'))
  await client.status()
  release()
  await out
  bff.subject = { kind: 'user', accountName: 'grace@example.com' }
  bff.csrfToken = 'csrf-grace'
  await client.authenticate({ code: codeOf(1) })
  expect(bff.count('authenticate')).toBe(1)
})

it('after a session that has ended the first request of the next person has their token', async () => {
  const bff = new FakeBff().enroll()
  const client = clientOf(bff)
  await client.status()
  bff.subject = undefined
  await expect(client.status()).rejects.toMatchObject({ code: 'unauthenticated' })
  bff.subject = { kind: 'user', accountName: 'grace@example.com' }
  bff.csrfToken = 'csrf-grace'
  await client.authenticate({ code: codeOf(1) })
  expect(bff.count('authenticate')).toBe(1)
})

it('takes no late status of somebody over who was signed in before', async () => {
  const bff = new FakeBff().enroll()
  const late = lateReads(bff)
  const client = createMfaClient({ baseUrl: '/mfa', fetch: late.fetch })
  late.isLate = true
  const first = client.status()
  await vi.waitFor(() => expect(late.kept).toHaveLength(1))
  late.isLate = false
  bff.subject = { kind: 'user', accountName: 'grace@example.com' }
  bff.csrfToken = 'csrf-grace'
  await client.status()
  await late.arrive()
  await first
  await client.authenticate({ code: codeOf(1) })
  expect(operations(bff)).toEqual(['status', 'status', 'authenticate'])
})

it('never sends a request again that got no answer', async () => {
  const bff = new FakeBff().enroll()
  const client = clientOf(bff)
  await client.status()
  bff.offline = true
  expect((await failure(client.authenticate({ code: codeOf(1) }))).code).toBe('network')
  expect(bff.count('authenticate')).toBe(1)
})

it('ends a call at its deadline, and one that the caller gives up', async () => {
  const bff = new FakeBff().enroll()
  const release = bff.hold('status')
  expect((await failure(clientOf(bff, 20).status())).code).toBe('timeout')
  const given = new AbortController()
  const call = clientOf(bff).status(undefined, { signal: given.signal })
  given.abort()
  expect((await failure(call)).code).toBe('aborted')
  release()
})

it('tells what the problem tells', async () => {
  const bff = new FakeBff()
    .enroll()
    .fail('authenticate', 'locked', { retryAfterSeconds: 30, attemptsLeft: 0 })
  const error = await failure(clientOf(bff).authenticate({ code: '000000' }))
  expect(error).toMatchObject({
    name: 'MfaError',
    code: 'locked',
    status: 429,
    requestId: 'req-1',
    retryAfterSeconds: 30,
    attemptsLeft: 0,
  })
  expect(JSON.stringify(error) + error.stack).not.toContain('000000')
})

it.each([
  ['HTML of a proxy', () => new Response('<html>', { status: 502 }), 502],
  ['JSON of somebody else', () => Response.json({ error: 'no' }, { status: 400 }), 400],
  [
    'a problem of another kind',
    () => Response.json({ type: 'about:blank', code: 'locked' }, { status: 429 }),
    429,
  ],
  ['HTML with success', () => new Response('<html>'), 0],
])('calls %s internal', async (_, answer, status) => {
  const client = createMfaClient({ baseUrl: '/mfa', fetch: async () => answer() })
  expect(await failure(client.status())).toMatchObject({ code: 'internal', status })
})

it('sends same-origin, uncached, to the path below its base', async () => {
  const seen: [string, RequestInit | undefined][] = []
  const bff = new FakeBff()
  const client = createMfaClient({
    baseUrl: '/mfa/',
    fetch: (input, init) => {
      seen.push([String(input), init])
      return bff.fetch(input, init)
    },
  })
  await client.remove().catch(() => {})
  expect(seen.map(([path]) => path)).toEqual(['/mfa/status', '/mfa/totp'])
  for (const [path, init] of seen)
    expect(new Request(new URL(path, 'https://app.example'), init)).toMatchObject({
      credentials: 'same-origin',
      cache: 'no-store',
    })
  expect(seen[1]?.[1]?.method).toBe('DELETE')
})

it('says what is missing', () => {
  // @ts-expect-error no baseUrl
  expect(() => createMfaClient({})).toThrow('baseUrl is missing')
})
