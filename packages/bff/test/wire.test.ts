import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeProvider, type FakeProvider, rightCode } from './fake-provider.js'
import { type Browser, type Host, member, openBrowser, startHost, user } from './host.js'

let provider: FakeProvider
let host: Host | undefined
beforeEach(() => {
  provider = createFakeProvider()
})
afterEach(() => host?.close())

const open = async (subject = user(), options = {}): Promise<Browser> => {
  host = await startHost(provider.fetch, 'router', options)
  const browser = openBrowser(host, subject)
  await browser.status()
  return browser
}
/** Bodies of the requests to a path, in their order. */
const sent = (path: string) => provider.seen.filter((seen) => seen.path === path).map(({ body }) => body)
const create = (browser: Browser) => browser.send('POST', '/mfa/totp', {})
const authenticate = (browser: Browser, more = {}) =>
  browser.send('POST', '/mfa/totp/authenticate', { code: rightCode, ...more })

describe('what is said to the provider', () => {
  it('of a user: code, duration of the new session, and nothing about enrolment', async () => {
    const browser = await open()
    await create(browser)
    expect(sent('/v1/totps')).toEqual([{ user_id: 'user-1', expiration_minutes: 10 }])
    await authenticate(browser, { setDefault: true, telemetryId: 'tel-1' })
    await authenticate(browser)
    expect(sent('/v1/totps/authenticate')).toEqual([
      { user_id: 'user-1', totp_code: rightCode, session_duration_minutes: 60, telemetry_id: 'tel-1' },
      { user_id: 'user-1', totp_code: rightCode, session_token: expect.stringMatching(/^SENTINEL-token/) },
    ])
  })

  it('of a member: enrolment with the first code, the default only when wished for', async () => {
    const browser = await open(member())
    await create(browser)
    const ids = { organization_id: 'org-1', member_id: 'member-1' }
    expect(sent('/v1/b2b/totp')).toEqual([{ ...ids, expiration_minutes: 10 }])
    await authenticate(browser, { setDefault: true })
    await authenticate(browser, { setDefault: false })
    expect(sent('/v1/b2b/totp/authenticate')).toEqual([
      {
        ...ids,
        code: rightCode,
        session_duration_minutes: 60,
        set_mfa_enrollment: 'enroll',
        set_default_mfa: true,
      },
      { ...ids, code: rightCode, session_token: expect.stringMatching(/^SENTINEL-token/) },
    ])
  })

  it('the intermediate session goes along once, for creating too, and no other proof with it', async () => {
    const browser = await open(member('member-1', { intermediateSessionToken: 'ist-1' }))
    await create(browser)
    await authenticate(browser)
    await authenticate(browser)
    expect(sent('/v1/b2b/totp')[0]).toMatchObject({ intermediate_session_token: 'ist-1' })
    const [first, second] = sent('/v1/b2b/totp/authenticate')
    expect(first).toMatchObject({ intermediate_session_token: 'ist-1', session_duration_minutes: 60 })
    expect(first).not.toHaveProperty('session_token')
    expect(second).toHaveProperty('session_token')
    expect(second).not.toHaveProperty('intermediate_session_token')
  })

  it('the session of the host comes before the intermediate one, and is not prolonged', async () => {
    const expiresAt = new Date(Date.now() + 7 * 86_400_000).toISOString()
    provider.sessions.set('host-token', { id: 'member-1', factors: [], expiresAt })
    const browser = await open(
      member('member-1', { sessionToken: 'host-token', intermediateSessionToken: 'ist-1' }),
    )
    await create(browser)
    const { body } = await authenticate(browser)
    const [request] = sent('/v1/b2b/totp/authenticate')
    expect(request).toMatchObject({ session_token: 'host-token' })
    expect(request).not.toHaveProperty('session_duration_minutes')
    expect(request).not.toHaveProperty('intermediate_session_token')
    // Absolute: the session of the host lives for a week, MFA for an hour.
    expect(Date.parse(body.verified.expiresAt) - Date.parse(body.verified.at)).toBe(3_600_000)
  })

  it('claims go into a session with its duration, since they take effect only then', async () => {
    provider.sessions.set('host-token', {
      id: 'user-1',
      factors: [],
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    })
    const browser = await open(user('user-1', { sessionToken: 'host-token' }), { customClaims: { level: 2 } })
    await create(browser)
    await authenticate(browser)
    expect(sent('/v1/totps/authenticate')[0]).toMatchObject({
      session_token: 'host-token',
      session_duration_minutes: 60,
      session_custom_claims: { level: 2 },
    })
  })

  it('durations are those of the options', async () => {
    const browser = await open(user(), { pendingMinutes: 30, sessionDurationMinutes: 240 })
    await create(browser)
    await authenticate(browser)
    expect(sent('/v1/totps')[0]).toMatchObject({ expiration_minutes: 30 })
    expect(sent('/v1/totps/authenticate')[0]).toMatchObject({ session_duration_minutes: 240 })
  })

  it('one question a code, none for a status while the last answer is fresh', async () => {
    const browser = await open()
    await create(browser)
    await authenticate(browser)
    await browser.status()
    provider.seen.length = 0
    await authenticate(browser)
    await browser.status()
    expect(provider.seen.map(({ path }) => path)).toEqual(['/v1/totps/authenticate'])
  })

  it('T89: no header of the client goes along', async () => {
    const heard: Headers[] = []
    host = await startHost(async (request) => {
      heard.push(request.headers)
      return provider.fetch(request)
    })
    const browser = openBrowser(host, user())
    await browser.send('GET', '/mfa/status', undefined, {
      'x-secret': 'SENTINEL',
      'accept-language': 'SENTINEL',
    })
    expect(heard.length).toBeGreaterThan(0)
    for (const headers of heard) expect(JSON.stringify([...headers])).not.toContain('SENTINEL"')
  })

  it('removes by what the provider calls the factor', async () => {
    for (const [subject, path] of [
      [user(), /^\/v1\/users\/totps\/totp-test-\d+$/],
      [member(), /^\/v1\/b2b\/organizations\/org-1\/members\/member-1\/totp$/],
    ] as const) {
      const browser = await open(subject)
      await create(browser)
      await authenticate(browser)
      await browser.send('DELETE', '/mfa/totp')
      expect(provider.seen.filter(({ method }) => method === 'DELETE').at(-1)?.path).toMatch(path)
      await host?.close()
    }
  })
})

describe('the plain wire', () => {
  beforeEach(() => {
    provider.plainWire = true
  })

  it('has no rotation for users, and says so before anybody is asked for a code', async () => {
    const browser = await open()
    await create(browser)
    const { body } = await authenticate(browser)
    expect(body.capabilities).toEqual({ reveal: true, rotate: false, remove: true, setDefault: false })
    const answer = await browser.send('POST', '/mfa/totp/recovery-codes/rotate')
    expect(answer.body).toMatchObject({ code: 'not_supported', status: 501 })
    expect(provider.count('/v1/kit/totps/recovery_codes/rotate')).toBe(0)
  })

  it('has it for members', async () => {
    const browser = await open(member())
    await create(browser)
    const { body } = await authenticate(browser)
    expect(body.capabilities).toEqual({ reveal: true, rotate: true, remove: true, setDefault: true })
    expect((await browser.send('POST', '/mfa/totp/recovery-codes/rotate')).status).toBe(200)
  })

  it('T3: may forget a spent code, so it is remembered here for two minutes', async () => {
    let nowMs = Date.parse('2026-11-22T00:00:00Z')
    provider = createFakeProvider(() => nowMs)
    provider.plainWire = true
    const browser = await open(user(), { now: () => nowMs })
    await create(browser)
    expect((await authenticate(browser)).status).toBe(200)
    expect((await authenticate(browser)).body.code).toBe('code_already_used')
    expect(provider.count('/v1/totps/authenticate')).toBe(1)
    nowMs += 121_000
    expect((await authenticate(browser)).status).toBe(200)
  })

  it('T3: a spent recovery code is as wrong as any other', async () => {
    const browser = await open()
    const { recoveryCodes } = (await create(browser)).body
    await authenticate(browser)
    const recover = () => browser.send('POST', '/mfa/totp/recover', { recoveryCode: recoveryCodes[0] })
    expect((await recover()).status).toBe(200)
    expect((await recover()).body).toMatchObject({ code: 'invalid_recovery_code', status: 422 })
  })

  it('T4: of parallel submissions of one code from many browsers, one wins', async () => {
    const first = await open()
    await create(first)
    provider.person('user-1').factorId = 'totp-test-active'
    const rivals = Array.from({ length: 20 }, (_, i) =>
      openBrowser(first.host, user('user-1', { sessionId: `s${i}` })),
    )
    await Promise.all(rivals.map((one) => one.status()))
    const answers = await Promise.all(rivals.map((one) => authenticate(one)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'code_already_used')).toHaveLength(19)
  })

  it('T4: of two submissions that the provider accepts at once, one wins', async () => {
    const first = await open()
    await create(first)
    provider.person('user-1').factorId = 'totp-test-active'
    const rivals = ['monday', 'tuesday'].map((sessionId) =>
      openBrowser(first.host, user('user-1', { sessionId })),
    )
    await Promise.all(rivals.map((one) => one.status()))
    let asked = 0
    let letGo = () => {}
    const isBothAsked = new Promise<void>((resolve) => {
      letGo = resolve
    })
    provider.lie = ({ path }, truth) => {
      if (path !== '/v1/totps/authenticate') return undefined
      if (++asked === rivals.length) letGo()
      return isBothAsked.then(truth)
    }
    const answers = await Promise.all(rivals.map((one) => authenticate(one)))
    expect(asked).toBe(2)
    expect(answers.map(({ status, body }) => [status, body.code]).sort()).toEqual([
      [200, undefined],
      [422, 'code_already_used'],
    ])
  })

  it('a provider that comes back with more is believed after ten minutes', async () => {
    let nowMs = Date.now()
    const browser = await open(user(), { now: () => nowMs })
    expect((await browser.status()).body.capabilities.rotate).toBe(false)
    provider.plainWire = false
    expect((await browser.status()).body.capabilities.rotate).toBe(false)
    nowMs += 600_001
    await expect.poll(async () => (await browser.status()).body.capabilities.rotate).toBe(true)
  })
})

describe('a provider that keeps only hashes of recovery codes', () => {
  it('tells neither codes nor their number', async () => {
    provider.lie = ({ path }) =>
      path === '/v1/kit/capabilities'
        ? {
            request_id: 'r',
            status_code: 200,
            rotate_consumer: true,
            sessions: true,
            reveal_recovery_codes: false,
          }
        : undefined
    const browser = await open()
    await create(browser)
    await authenticate(browser)
    await host?.close()
    const again = await open()
    again.cookies = browser.cookies
    const { body } = await again.status()
    expect(body.capabilities).toMatchObject({ reveal: false, rotate: true })
    expect(body.recoveryCodesRemaining).toBeNull()
    expect((await again.send('POST', '/mfa/totp/recovery-codes')).body.code).toBe('not_supported')
  })
})
