import { type Operation, routes } from '@kit/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeProvider, rightCode } from './fake-provider.js'
import { type Browser, type Host, member, openBrowser, startHost, user } from './host.js'
import { type RealProvider, startProvider } from './real-provider.js'

let provider: RealProvider
let host: Host
let browser: Browser
beforeEach(async () => {
  provider = await startProvider()
  host = await startHost(provider.fetch, 'router', { now: provider.now })
  browser = openBrowser(host, user())
  await browser.status()
})
afterEach(async () => {
  await host.close()
  await provider.close()
})

const create = (who = browser, body: object = {}) => who.send('POST', '/mfa/totp', body)
const authenticate = (code: string, who = browser) => who.send('POST', '/mfa/totp/authenticate', { code })

describe('a registration', () => {
  it('is the same for a double click, StrictMode and two tabs', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => create()))
    expect(new Set(answers.map(({ body }) => body.secret)).size).toBe(1)
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
    for (const { setCookies } of answers) expect(setCookies).toHaveLength(1)
    const code = provider.nextCode(answers[0]!.body.secret)
    expect((await authenticate(code)).status).toBe(200)
  })

  it('is the same for a second request that was sent at once and arrived late', async () => {
    const [first, late] = [openBrowser(host, user()), openBrowser(host, user())]
    first.csrf = late.csrf = browser.csrf
    const { body } = await create(first)
    expect((await create(late)).body).toEqual(body)
  })

  it('T36: is not told to another browser of the same person', async () => {
    const { body } = await create()
    const other = openBrowser(host, user('user-1', { sessionId: 'another sign-in' }))
    await other.status()
    expect((await other.status()).body.pending).toBeNull()
    expect((await create(other)).body.secret).not.toBe(body.secret)
  })

  it('T39, T68: is not confirmed by another browser', async () => {
    const { body } = await create()
    const other = openBrowser(host, user('user-1', { sessionId: 'another sign-in' }))
    await other.status()
    const code = provider.nextCode(body.secret)
    expect((await authenticate(code, other)).body.code).toBe('not_enrolled')
    expect((await authenticate(code)).status).toBe(200)
  })

  it('is the same after a reload, until it is restarted', async () => {
    const { body } = await create()
    provider.advance(599)
    const reloaded = await create()
    expect(reloaded.status).toBe(200)
    expect(reloaded.body).toEqual(body)
    const restarted = await create(browser, { restart: true })
    expect(restarted.status).toBe(201)
    expect(restarted.body.secret).not.toBe(body.secret)
    expect((await authenticate(provider.nextCode(body.secret))).body.code).toBe('invalid_code')
    expect((await authenticate(provider.nextCode(restarted.body.secret))).status).toBe(200)
  })

  it('T39: expires after ten minutes', async () => {
    const { body } = await create()
    expect(Date.parse(body.expiresAt)).toBe(provider.now() + 600_000)
    provider.advance(601)
    expect((await browser.status()).body.pending).toBeNull()
    const code = provider.nextCode(body.secret)
    expect((await authenticate(code)).body).toMatchObject({ code: 'registration_expired', status: 410 })
    const recoveryCode = body.recoveryCodes[0]
    const recovered = await browser.send('POST', '/mfa/totp/recover', { recoveryCode })
    expect(recovered.body.code).toBe('registration_expired')
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('registration_expired')
    expect((await create()).status).toBe(201)
  })

  it('waits as long as it is told to', async () => {
    const patient = await startHost(provider.fetch, 'router', { now: provider.now, pendingMinutes: 60 })
    const ada = openBrowser(patient, user('ada'))
    await ada.status()
    const { body } = await create(ada)
    provider.advance(3_500)
    expect((await authenticate(provider.nextCode(body.secret), ada)).status).toBe(200)
    await patient.close()
  })

  it('is cancelled, also when there is none', async () => {
    const none = await browser.send('DELETE', '/mfa/totp/pending')
    expect(none.body).toMatchObject({ enrolled: false, pending: null })
    expect(none.setCookies).toEqual([])
    await create()
    const cancelled = await browser.send('DELETE', '/mfa/totp/pending', {})
    expect(cancelled.body).toMatchObject({ enrolled: false, pending: null })
    expect((await browser.status()).body.pending).toBeNull()
  })

  it('cancelled in one tab, leaves the factor alone that another tab has confirmed', async () => {
    const { body } = await create()
    const old = browser.cookies.get('__Host-Http-kit') ?? ''
    await authenticate(provider.nextCode(body.secret))
    browser.cookies.set('__Host-Http-kit', old)
    expect((await browser.send('DELETE', '/mfa/totp/pending')).body.enrolled).toBe(true)
  })

  it('T11: is not told again once it is confirmed, whatever the cookie says', async () => {
    const { body } = await create()
    const old = browser.cookies.get('__Host-Http-kit') ?? ''
    await authenticate(provider.nextCode(body.secret))
    browser.cookies.set('__Host-Http-kit', old)
    expect((await create()).body.code).toBe('step_up_required')
    expect((await browser.status()).body).toMatchObject({ enrolled: true, pending: null, verified: null })
  })

  it.each([user(), member()])(
    'confirmed with an older cookie of $kind is told to the host all the same',
    async (who) => {
      const ada = openBrowser(host, who)
      await ada.status()
      await create(ada)
      const old = new Map(ada.cookies)
      const { body } = await create(ada, { restart: true })
      ada.cookies = old
      expect((await authenticate(provider.nextCode(body.secret), ada)).body.enrolled).toBe(true)
      await authenticate(provider.nextCode(body.secret), ada)
      expect(host.events.map(({ type }) => type)).toEqual(['enrolled', 'challenge_passed'])
    },
  )

  it('T48: that another browser of the same person has superseded is not shown again', async () => {
    const phone = openBrowser(host, user('user-1', { sessionId: 'phone' }))
    await phone.status()
    const { body } = await create()
    const there = await create(phone)
    expect((await browser.status()).body.pending).toBeNull()
    expect((await phone.status()).body.pending).toEqual({ expiresAt: there.body.expiresAt })
    expect((await create(phone)).body).toEqual(there.body)
    const again = await create()
    expect(again.status).toBe(201)
    expect(again.body.secret).not.toBe(body.secret)
    expect((await authenticate(provider.nextCode(again.body.secret))).status).toBe(200)
  })

  it('T39, T48: that has expired says so, also where another browser has begun anew', async () => {
    const phone = openBrowser(host, user('user-1', { sessionId: 'phone' }))
    await phone.status()
    const { body } = await create()
    provider.advance(300)
    await create(phone)
    provider.advance(301)
    expect((await authenticate(provider.nextCode(body.secret))).body.code).toBe('registration_expired')
  })

  it('T39: that has expired does not enrol a member by a code of the app they have', async () => {
    let nowMs = Date.now()
    const fake = createFakeProvider(() => nowMs)
    const other = await startHost(fake.fetch, 'router', { now: () => nowMs })
    const grace = openBrowser(other, member('grace'))
    await grace.status()
    await create(grace)
    Object.assign(fake.person('grace'), { factorId: 'totp-elsewhere', pendingId: null })
    nowMs += 3_600_000
    expect((await authenticate(rightCode, grace)).status).toBe(200)
    const sent = fake.seen.find(({ path }) => path === '/v1/b2b/totp/authenticate')
    expect(sent?.body).not.toHaveProperty('set_mfa_enrollment')
    expect(other.events.map(({ type }) => type)).toEqual(['challenge_passed'])
    await other.close()
  })

  it('T68: names the account and the issuer in its address', async () => {
    const { body } = await create()
    const url = new URL(body.otpauthUri)
    expect(url.searchParams.get('secret')).toBe(body.secret)
    expect(url.searchParams.get('issuer')).toBe('Acme')
    expect(decodeURIComponent(url.pathname)).toContain('Acme:ada@example.com')
  })
})

describe('an active authenticator', () => {
  it('T35, T54: is neither replaced nor weakened without a fresh factor', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    expect((await create()).body.code).toBe('already_enrolled')
    provider.advance(301)
    expect((await create()).body.code).toBe('step_up_required')

    const other = openBrowser(host, user('user-1', { sessionId: 'password only' }))
    await other.status()
    for (const [method, path] of [
      ['POST', '/mfa/totp'],
      ['POST', '/mfa/totp/recovery-codes'],
      ['POST', '/mfa/totp/recovery-codes/rotate'],
      ['DELETE', '/mfa/totp'],
    ] as const) {
      expect((await other.send(method, path, {})).body.code).toBe('step_up_required')
    }
    expect((await authenticate(provider.nextCode(body.secret))).status).toBe(200)
  })

  it('T41: a recovery code lets its person in, takes no authenticator away, and the host is told', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    const other = openBrowser(host, user('user-1', { sessionId: 'without the phone' }))
    await other.status()
    const recovered = await other.send('POST', '/mfa/totp/recover', { recoveryCode: body.recoveryCodes[0] })
    expect(recovered.body).toMatchObject({ enrolled: true, verified: { method: 'recovery_code' } })
    expect(host.events.at(-1)).toMatchObject({ type: 'recovered', recoveryCodesRemaining: 9 })
    expect((await create(other)).body.code).toBe('already_enrolled')
    expect((await other.send('POST', '/mfa/totp/recovery-codes')).body.code).toBe('step_up_required')
    expect((await authenticate(provider.nextCode(body.secret))).status).toBe(200)
  })

  it('T45: the host is told of every change, and of whom', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    await browser.send('POST', '/mfa/totp/recovery-codes/rotate')
    await browser.send('DELETE', '/mfa/totp')
    const subject = { kind: 'user', userId: 'user-1' }
    const factorId = body.registrationId
    expect(host.events).toMatchObject([
      { type: 'enrolled', subject, factorId },
      { type: 'recovery_codes_rotated', subject, factorId },
      { type: 'removed', subject, factorId },
    ])
  })

  it('T58, T103: the password alone opens and changes nothing, whatever is asked directly', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    const thief = openBrowser(host, user('user-1', { sessionId: 'password only' }))
    await thief.status()
    const answers: Record<Operation, [unknown, number, string?]> = {
      status: [undefined, 200],
      create: [{ restart: true }, 403, 'step_up_required'],
      authenticate: [{ code: '000000' }, 422, 'invalid_code'],
      recover: [{ recoveryCode: 'abcd-efgh-jkmn-pqrs' }, 422, 'invalid_recovery_code'],
      recoveryCodes: [undefined, 403, 'step_up_required'],
      rotate: [undefined, 403, 'step_up_required'],
      remove: [undefined, 403, 'step_up_required'],
      cancel: [undefined, 200],
      openapi: [undefined, 200],
      signOut: [undefined, 204],
    }
    for (const [operation, [input, status, code]] of Object.entries(answers)) {
      const { method, path } = routes[operation as Operation]
      const answer = await thief.send(method, `/mfa${path}`, input)
      expect([operation, answer.status, answer.body?.code]).toEqual([operation, status, code])
      expect(answer.body?.verified ?? null).toBeNull()
    }
    const cookie = browser.cookies.get('__Host-Http-kit') ?? ''
    for (const path of ['/vault', '/vault-fresh', '/vault-open']) {
      expect((await thief.send('GET', path)).body.code).toBe('mfa_required')
      const bearer = { authorization: `Bearer ${cookie}` }
      expect((await thief.send('GET', path, undefined, bearer)).body.code).toBe('mfa_required')
    }
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
  })

  it('nothing enrolled or pending: everything that needs a factor says so', async () => {
    for (const [method, path, body] of [
      ['POST', '/mfa/totp/authenticate', { code: '123456' }],
      ['POST', '/mfa/totp/recover', { recoveryCode: 'abcd-efgh-jkmn-pqrs' }],
      ['POST', '/mfa/totp/recovery-codes', {}],
      ['POST', '/mfa/totp/recovery-codes/rotate', {}],
      ['DELETE', '/mfa/totp', {}],
    ] as const) {
      expect((await browser.send(method, path, body)).body.code, path).toBe('not_enrolled')
    }
  })
})

describe('a code', () => {
  it('F40: one verdict, twice, for a double click', async () => {
    const { body } = await create()
    const code = provider.nextCode(body.secret)
    const answers = await Promise.all([authenticate(code), authenticate(code), authenticate(code)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  it('T3: is accepted once', async () => {
    const { body } = await create()
    const code = provider.nextCode(body.secret)
    await authenticate(code)
    expect((await authenticate(code)).body).toMatchObject({ code: 'code_already_used', status: 422 })
  })

  it('T4: of another browser at the same moment does not share the verdict', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    const browsers = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const one = openBrowser(host, user('user-1', { sessionId: `sign-in ${index}` }))
        await one.status()
        return one
      }),
    )
    const code = provider.nextCode(body.secret)
    const answers = await Promise.all(browsers.map((one) => authenticate(code, one)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422])
  })

  it('T19, T31: wrong too often locks out the right one too, and says how long', async () => {
    const { body } = await create()
    await authenticate(provider.nextCode(body.secret))
    const code = provider.nextCode(body.secret)
    const codes: string[] = []
    for (let i = 0; i < 6; i++) codes.push((await authenticate('000000')).body.code)
    expect(codes).toEqual([...Array(5).fill('invalid_code'), 'locked'])
    const right = await authenticate(code)
    expect(right.body).toMatchObject({ code: 'locked', status: 429 })
    const waitSeconds = Number(right.headers['retry-after'])
    expect(waitSeconds).toBe(right.body.retryAfterSeconds)
    const wrong = await authenticate('111111')
    expect({ ...wrong.body, requestId: '' }).toEqual({ ...right.body, requestId: '' })
    provider.advance(waitSeconds)
    expect((await authenticate(provider.nextCode(body.secret))).status).toBe(200)
    expect(host.events.map(({ type }) => type)).toContain('locked')
  })
})
