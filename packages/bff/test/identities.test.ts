import { generateKeyPairSync } from 'node:crypto'
import { createServer, IncomingMessage } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { exportJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { identity, type Subject } from '../src/index.js'
import { type Answer, type Browser, type Fetch, type Host, openBrowser, startHost } from './host.js'
import { type RealProvider, startProvider } from './real-provider.js'

// Each way of saying who asks, from a first factor to MFA and back, at a real provider.

let provider: RealProvider
let host: Host | undefined
beforeEach(async () => {
  provider = await startProvider()
})
afterEach(async () => {
  await host?.close()
  await provider.close()
})

/** The provider, until a fault stands in its way. */
function hinderable() {
  const way: { fault: (() => Promise<Response>) | null } = { fault: null }
  const fetch: Fetch = (request) => way.fault?.() ?? provider.fetch(request)
  return { way, fetch }
}
const unreachable = () => Promise.reject(new TypeError('fetch failed'))
const busy = async () => {
  const error = { error_type: 'too_many_requests', error_message: 'x', error_url: 'https://x' }
  return Response.json({ status_code: 429, request_id: 'r', ...error }, { status: 429 })
}

type Identify = Parameters<typeof startHost>[2] extends infer Options
  ? NonNullable<Options> extends { identify?: infer I }
    ? I
    : never
  : never

async function open(
  identify: NonNullable<Identify>,
  headers: () => Record<string, string>,
): Promise<Browser> {
  host = await startHost(provider.fetch, 'handler', { identify, now: provider.now })
  const browser = openBrowser(host, null)
  const { send } = browser
  browser.send = (method, path, body, more) => send(method, path, body, { ...headers(), ...more })
  return browser
}

/** Enrols, is asked for nothing more, and has to do it again in a new sign-in. */
async function walk(browser: Browser, expected: { kind: string; accountName: string }) {
  const before = await browser.status()
  expect(before.body).toMatchObject({ subject: expected, enrolled: false, verified: null })
  expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
  const created = await browser.send('POST', '/mfa/totp')
  expect(created.status).toBe(201)
  const { secret } = created.body
  const enrolled = await browser.send('POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) })
  expect(enrolled.body).toMatchObject({ subject: expected, enrolled: true, verified: { method: 'totp' } })
  expect((await browser.send('GET', '/vault')).text).toBe('gold')
  return secret as string
}

async function nobodyIs(browser: Browser) {
  expect((await browser.send('GET', '/mfa/status')).body.code).toBe('unauthenticated')
  expect((await browser.send('GET', '/vault')).body.code).toBe('unauthenticated')
}

describe('identity.stytchSession', () => {
  const cookieOf = (browser: Browser, name: string, value: string) => browser.cookies.set(name, value)

  /** Somebody with a session of the provider's, who has done MFA on a host of these options. */
  const verifiedOn = async (fetch: typeof provider.fetch, options: Parameters<typeof startHost>[2]) => {
    host = await startHost(fetch, 'handler', options)
    const { session_token } = await provider.admin.kit.createSession({ user_id: 'ada' })
    const browser = openBrowser(host, null)
    cookieOf(browser, 'stytch_session', session_token)
    const secret = await walk(browser, { kind: 'user', accountName: expect.any(String) })
    return { browser, secret, session_token }
  }

  it('a user: MFA is added to the session that the page already has', async () => {
    const signedIn = await provider.admin.kit.createSession({ user_id: 'ada' })
    const browser = await open(identity.stytchSession(), () => ({}))
    await nobodyIs(browser)
    cookieOf(browser, 'stytch_session', signedIn.session_token)
    await walk(browser, { kind: 'user', accountName: expect.any(String) })
    const { session } = await provider.admin.sessions.authenticate({ session_token: signedIn.session_token })
    expect(session?.authentication_factors.map(({ type }) => type).sort()).toEqual(['password', 'totp'])
  })

  it('a member, by a session JWT alone', async () => {
    const { session_jwt } = await provider.admin.kit.createSession({
      organization_id: 'acme',
      member_id: 'grace',
    })
    const browser = await open(identity.stytchSession({ kind: 'member' }), () => ({}))
    cookieOf(browser, 'stytch_session_jwt', session_jwt)
    await walk(browser, { kind: 'member', accountName: expect.any(String) })
  })

  it('T69: a session that was signed out is nobody at once, and can be signed out again', async () => {
    const { session_token } = await provider.admin.kit.createSession({ user_id: 'ada' })
    const browser = await open(identity.stytchSession(), () => ({}))
    cookieOf(browser, 'stytch_session', session_token)
    await browser.status()
    expect((await browser.send('GET', '/vault-open')).text).toBe('gold')
    expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
    await nobodyIs(browser)
    expect((await browser.send('GET', '/vault-open')).body.code).toBe('unauthenticated')
    expect((await browser.send('GET', '/who')).body).toBeNull()
    expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
  })

  describe('T69, F16: with the provider away for longer than its word counts', () => {
    const faults: [string, () => Promise<Response>][] = [
      ['refusing connections', unreachable],
      ['never answering', () => new Promise(() => {})],
    ]
    it.each(faults)(
      '%s: status and sign-out know the person, and nothing else does',
      async (_name, fault) => {
        const { way, fetch } = hinderable()
        const options = { identify: identity.stytchSession(), now: provider.now }
        const { browser, secret } = await verifiedOn(fetch, options)
        provider.advance(301)
        way.fault = fault
        const status = await browser.status()
        expect(status.body).toMatchObject({ enrolled: true, verified: null, stale: true })
        const refused = await Promise.all([
          browser.send('GET', '/vault'),
          browser.send('GET', '/vault-open'),
          browser.send('POST', '/mfa/totp'),
          browser.send('POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) }),
          browser.send('DELETE', '/mfa/totp/pending'),
        ])
        expect(refused.map(({ body }) => body.code)).toEqual(Array(5).fill('upstream_unavailable'))
        const left = await browser.send('POST', '/mfa/sign-out')
        expect([left.status, left.headers['clear-site-data']]).toEqual([204, '"cache"'])
        expect(left.setCookies).toEqual([expect.stringMatching(/^__Host-Http-kit=;.*Max-Age=0/)])
        way.fault = null
        await nobodyIs(browser)
      },
    )

    it('a status that only knows who it was says so, though the next question is answered', async () => {
      let isDown = false
      const fetch: typeof provider.fetch = (request) => {
        if (!isDown) return provider.fetch(request)
        isDown = false
        return Promise.reject(new TypeError('fetch failed'))
      }
      const options = { identify: identity.stytchSession({ kind: 'user' }), now: provider.now }
      const { browser } = await verifiedOn(fetch, options)
      provider.advance(301)
      isDown = true
      expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null, stale: true })
      expect((await browser.status()).body.verified).not.toBeNull()
    })

    it('a session that has ended since names nobody, and can be signed out', async () => {
      const { way, fetch } = hinderable()
      host = await startHost(fetch, 'handler', { identify: identity.stytchSession(), now: provider.now })
      const { session_token } = await provider.admin.kit.createSession({
        user_id: 'ada',
        session_duration_minutes: 6,
      })
      const browser = openBrowser(host, null)
      cookieOf(browser, 'stytch_session', session_token)
      await browser.status()
      provider.advance(361)
      way.fault = unreachable
      expect((await browser.send('GET', '/mfa/status')).body.code).toBe('upstream_unavailable')
      expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
    })
  })

  describe('T69: a process that has never heard of the person', () => {
    /** Somebody with MFA, and a process that has started since. */
    async function startAnew(limits = {}) {
      const { way, fetch } = hinderable()
      const options = { identify: identity.stytchSession({ kind: 'user' }), now: provider.now }
      const { browser: before, session_token } = await verifiedOn(fetch, options)
      await host?.close()
      host = await startHost(fetch, 'handler', { ...options, limits })
      const browser = Object.assign(openBrowser(host, null), { cookies: before.cookies, csrf: before.csrf })
      return { browser, way, session_token }
    }
    const expectLeft = ({ status, headers, setCookies }: Answer) => {
      expect([status, headers['clear-site-data']]).toEqual([204, '"cache"'])
      expect(setCookies).toEqual([expect.stringMatching(/^__Host-Http-kit=;.*Max-Age=0/)])
    }

    it.each([
      ['is down', unreachable],
      ['is busy', busy],
    ])('signs them out by their cookie alone while the provider %s', async (_how, fault) => {
      const { browser, way } = await startAnew()
      way.fault = fault
      const forged = await browser.send('POST', '/mfa/sign-out', undefined, { 'x-csrf': 'x' })
      expect(forged.body.code).toBe('csrf_rejected')
      expectLeft(await browser.send('POST', '/mfa/sign-out'))
      way.fault = null
      await nobodyIs(browser)
    })

    it('signs them out by their cookie alone where their address may ask no more', async () => {
      const { browser, session_token } = await startAnew({
        other: { address: { max: 1, windowSeconds: 60 } },
      })
      const headers = { cookie: 'stytch_session=made-up' }
      expect((await browser.send('GET', '/mfa/status', undefined, headers)).status).toBe(401)
      expect((await browser.send('GET', '/mfa/status')).body.code).toBe('rate_limited')
      expectLeft(await browser.send('POST', '/mfa/sign-out'))
      const ended = provider.admin.sessions.authenticate({ session_token })
      await expect(ended).rejects.toMatchObject({ errorType: 'session_not_found' })
    })

    it.each([
      ['a query', '/mfa/sign-out?user_id=eve', undefined],
      ['a field that there is not', '/mfa/sign-out', { user_id: 'eve' }],
      ['broken JSON', '/mfa/sign-out', '{nonsense'],
    ])('refuses %s as ever, once the CSRF token is right', async (_what, path, body) => {
      const { browser, way } = await startAnew()
      way.fault = unreachable
      const send = (csrf: string) =>
        browser.send('POST', path, body, { 'x-csrf': csrf, 'content-type': 'application/json' })
      expect((await send('x')).body.code).toBe('csrf_rejected')
      expect((await send(browser.csrf)).body).toMatchObject({ status: 400, code: 'invalid_request' })
    })

    it.each([
      ['no cookie of ours', []],
      ['a cookie of ours that cannot be read', ['__Host-Http-kit=x']],
    ])('has nothing to end where there is %s, and says so', async (_what, ours) => {
      const { browser, way } = await startAnew()
      way.fault = unreachable
      const cookie = [`stytch_session=${browser.cookies.get('stytch_session')}`, ...ours].join('; ')
      const foreign = { cookie, 'sec-fetch-site': 'same-site' }
      expect((await browser.send('POST', '/mfa/sign-out', undefined, foreign)).status).toBe(403)
      expect((await browser.send('POST', '/mfa/sign-out', { user_id: 'eve' }, { cookie })).status).toBe(400)
      expectLeft(await browser.send('POST', '/mfa/sign-out', undefined, { cookie }))
    })

    it('signs them out by their cookie alone where the host’s own sign-in is over', async () => {
      const { browser, session_token } = await startAnew()
      browser.cookies.delete('stytch_session')
      const forged = await browser.send('POST', '/mfa/sign-out', undefined, { 'x-csrf': 'x' })
      expect(forged.body.code).toBe('csrf_rejected')
      expectLeft(await browser.send('POST', '/mfa/sign-out'))
      const ended = provider.admin.sessions.authenticate({ session_token })
      await expect(ended).rejects.toMatchObject({ errorType: 'session_not_found' })
      browser.cookies.delete('__Host-Http-kit')
      expect((await browser.send('POST', '/mfa/sign-out')).body.code).toBe('unauthenticated')
    })

    it('T60: refuses two cookies of one name', async () => {
      const { browser, way } = await startAnew()
      way.fault = unreachable
      const own = [...browser.cookies].map(([name, value]) => `${name}=${value}`)
      const cookie = [...own, '__Host-Http-kit=x'].join('; ')
      const refused = await browser.send('POST', '/mfa/sign-out', undefined, { cookie })
      expect([refused.body.code, refused.setCookies]).toEqual(['invalid_request', []])
    })
  })

  it('T71, F16: a provider that is slow is waited for, and a status takes its word', async () => {
    let isSlow = false
    let held: (() => void)[] = []
    const fetch: typeof provider.fetch = async (request) => {
      if (isSlow) await new Promise<void>((resolve) => held.push(resolve))
      return provider.fetch(request)
    }
    const options = { identify: identity.stytchSession({ kind: 'user' }), now: provider.now }
    const { browser, session_token } = await verifiedOn(fetch, options)
    const slowStatus = async () => {
      provider.advance(301)
      isSlow = true
      const answering = browser.send('GET', '/mfa/status')
      await expect.poll(() => held.length).toBe(1)
      vi.advanceTimersByTime(700)
      isSlow = false
      for (const letGo of held) letGo()
      held = []
      return answering
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { body } = await slowStatus()
      expect(body).toMatchObject({ enrolled: true, verified: { method: 'totp' } })
      expect(body).not.toHaveProperty('stale')
      await provider.admin.sessions.revoke({ session_token })
      expect((await slowStatus()).body.code).toBe('unauthenticated')
    } finally {
      vi.useRealTimers()
    }
  })

  it('T30: made-up sessions of one address reach the provider as often as its limit says', async () => {
    let asked = 0
    const counting: typeof provider.fetch = (request) => {
      asked++
      return provider.fetch(request)
    }
    host = await startHost(counting, 'handler', {
      identify: identity.stytchSession({ kind: 'user' }),
      limits: { other: { address: { max: 5, windowSeconds: 60 } } },
    })
    const browser = openBrowser(host, null)
    const codes = []
    for (let i = 0; i < 8; i++) {
      cookieOf(browser, 'stytch_session', `made-up-${i}`)
      codes.push((await browser.send('GET', '/mfa/status')).body.code)
    }
    expect(codes).toEqual([...Array(5).fill('unauthenticated'), ...Array(3).fill('rate_limited')])
    expect((await browser.send('GET', '/vault')).headers['retry-after']).toBeDefined()
    expect(asked).toBe(5)
  })

  it('another session on the same browser is not born verified, and an ended one is nobody', async () => {
    const first = await provider.admin.kit.createSession({ user_id: 'ada' })
    const browser = await open(identity.stytchSession(), () => ({}))
    cookieOf(browser, 'stytch_session', first.session_token)
    const secret = await walk(browser, { kind: 'user', accountName: expect.any(String) })
    const second = await provider.admin.kit.createSession({ user_id: 'ada' })
    cookieOf(browser, 'stytch_session', second.session_token)
    expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null })
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    const code = provider.nextCode(secret)
    expect((await browser.send('POST', '/mfa/totp/authenticate', { code })).status).toBe(200)
    expect((await browser.send('GET', '/vault')).text).toBe('gold')

    await provider.admin.sessions.revoke({ session_token: second.session_token })
    provider.advance(301)
    await nobodyIs(browser)
  })
})

describe('identity.jwt', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = 'https://login.example.com/'
  const tokenOf = (claims: Record<string, string>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(issuer)
      .setAudience('acme')
      .setExpirationTime('5m')
      .sign(privateKey)

  it('a user, by a bearer token and the keys that the identity provider publishes', async () => {
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
    const keys = createServer((_req, res) => void res.end(JSON.stringify({ keys: [jwk] })))
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve))
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks.json`
    let authorization = 'Bearer nothing'
    const browser = await open(identity.jwt({ jwksUrl, issuer, audience: 'acme' }), () => ({ authorization }))
    await nobodyIs(browser)
    authorization = `Bearer ${await tokenOf({ sub: 'ada', email: 'ada@example.com', sid: 'one' })}`
    await walk(browser, { kind: 'user', accountName: 'ada@example.com' })
    authorization = `Bearer ${await tokenOf({ sub: 'ada', email: 'ada@example.com', sid: 'one', jti: 'renewed' })}`
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    authorization = `Bearer ${await tokenOf({ sub: 'ada', email: 'ada@example.com', sid: 'two' })}`
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    keys.close()
  })

  it('a member, by a cookie and one public key', async () => {
    const strategy = identity.jwt({
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      issuer,
      audience: 'acme',
      cookie: 'id_token',
      claims: { organization: 'org' },
    })
    const browser = await open(strategy, () => ({}))
    browser.cookies.set('id_token', await tokenOf({ sub: 'grace', org: 'acme', email: 'grace@example.com' }))
    await walk(browser, { kind: 'member', accountName: 'grace@example.com' })
  })
})

describe('identity.trustedHeaders', () => {
  const secret = 'a-secret-that-only-the-proxy-knows-0123456789'
  const strategy = identity.trustedHeaders({ secret })

  it('a user behind a proxy', async () => {
    const headers: Record<string, string> = { 'x-kit-user': 'ada', 'x-kit-account-name': 'ada@example.com' }
    const browser = await open(strategy, () => headers)
    await nobodyIs(browser)
    headers['x-kit-identity-secret'] = secret
    await walk(browser, { kind: 'user', accountName: 'ada@example.com' })
  })

  it('a member behind a proxy, before MFA with an intermediate session and after it without', async () => {
    const { member_id, organization_id, intermediate_session_token } =
      await provider.admin.kit.createIntermediateSession({ organization_id: 'acme', member_id: 'grace' })
    const headers: Record<string, string> = {
      'x-kit-identity-secret': secret,
      'x-kit-user': member_id,
      'x-kit-organization': organization_id,
      'x-kit-account-name': 'grace@example.com',
      'x-kit-session': 'sign-in-1',
      'x-kit-intermediate-session-token': intermediate_session_token,
    }
    const withTokens = identity.trustedHeaders({
      secret,
      intermediateSessionTokenHeader: 'x-kit-intermediate-session-token',
    })
    const browser = await open(withTokens, () => headers)
    await walk(browser, { kind: 'member', accountName: 'grace@example.com' })
    delete headers['x-kit-intermediate-session-token']
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    headers['x-kit-session'] = 'sign-in-2'
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
  })
})

describe('a function of the host', () => {
  it('that throws is an error and never nobody', async () => {
    const browser = await open(
      () => {
        throw new Error('SENTINEL session store down')
      },
      () => ({}),
    )
    const answer = await browser.send('GET', '/mfa/status')
    expect([answer.status, answer.body.code]).toEqual([500, 'internal'])
    const gate = await browser.send('GET', '/vault')
    expect(gate.status).toBe(500)
    expect(answer.text + gate.text + host?.logged.join('')).not.toContain('SENTINEL')
    for (const { requestId } of [answer.body, gate.body]) {
      const lines = host?.logged.filter((line) => line.includes(requestId)) ?? []
      expect(lines.map((line) => JSON.parse(line)[0])).toEqual(['failure', 'request'])
    }
    await expect(host?.bff.session(new IncomingMessage(new Socket()))).rejects.toMatchObject({
      name: 'BffError',
      code: 'internal',
    })
  })

  it.each([
    ['userId', { kind: 'user', userId: 'SENTINEL@example.com', accountName: 'Ada' }],
    ['userId', { kind: 'user', userId: 5, accountName: 'Ada' }],
    ['organizationId', { kind: 'member', organizationId: 'org:1', memberId: 'grace', accountName: 'Grace' }],
    ['memberId', { kind: 'member', organizationId: 'acme', memberId: '', accountName: 'Grace' }],
    ['userId', { kind: 'user', userId: 'a~b', accountName: 'Ada' }],
  ])('T88: whose %s no provider can have says so in the log, without the value', async (field, subject) => {
    const browser = await open(
      () => subject as Subject,
      () => ({}),
    )
    const answer = await browser.send('GET', '/mfa/status')
    expect([answer.status, answer.body.code]).toEqual([500, 'internal'])
    const [line = ''] = host?.logged ?? []
    const sentence = `identify gave a subject whose ${field} is not a string of 1 to 128 of A-Z a-z 0-9 . _ | ${field === 'organizationId' ? '~ ' : ''}- (and not . or ..).`
    expect(JSON.parse(line)[1].error.message).toBe(sentence)
    expect(line + answer.text).not.toContain('SENTINEL')
    expect(answer.text).not.toContain(field)
  })

  it.each([
    [{}, 'accountName is not a string'],
    [
      { accountName: 'Ada', sessionToken: null },
      'sessionToken is no string; leave it out where there is none',
    ],
    [{ accountName: 'Ada', sessionId: 5 }, 'sessionId is no string; leave it out where there is none'],
  ])('that gives %j says in the log what is wrong', async (fields, problem) => {
    const browser = await open(
      () => ({ kind: 'user', userId: 'ada', ...fields }) as Subject,
      () => ({}),
    )
    expect((await browser.send('GET', '/mfa/status')).body.code).toBe('internal')
    expect(JSON.parse(host?.logged[0] ?? '')[1].error.message).toBe(
      `identify gave a subject whose ${problem}.`,
    )
  })
})
