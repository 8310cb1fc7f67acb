import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BffError } from '../src/index.js'
import { type Browser, type Fetch, type Host, member, openBrowser, startHost, user } from './host.js'
import { type RealProvider, startProvider } from './real-provider.js'

let provider: RealProvider
let host: Host
let down: boolean
/** Paths that reached the provider. */
let asked: string[]
/** Session tokens that the provider has given out. */
let tokens: Set<string>
/** What becomes of the next question to such a path, before it is asked or once it is answered. */
let hindered: { path: RegExp; when: 'asked' | 'answered'; hinder: () => Promise<void> } | undefined
beforeEach(async () => {
  provider = await startProvider()
  down = false
  asked = []
  tokens = new Set()
  hindered = undefined
  host = await startHost(upstream, 'router', { now: provider.now })
})
afterEach(async () => {
  await host.close()
  await provider.close()
})

const failure = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code }) })

const upstream: Fetch = async (request) => {
  if (down) throw failure('ECONNREFUSED')
  const path = new URL(request.url).pathname
  asked.push(path)
  await hinder(path, 'asked')
  const response = await provider.fetch(request)
  const { session_token } = await response.clone().json()
  if (session_token) tokens.add(session_token)
  await hinder(path, 'answered')
  return response
}

async function hinder(path: string, when: 'asked' | 'answered') {
  if (hindered?.when !== when || !hindered.path.test(path)) return
  const { hinder } = hindered
  hindered = undefined
  await hinder()
}

/** Whoever comes to it says so, and waits until they are let go. */
function createGate() {
  let come = () => {}
  let letGo = () => {}
  const reached = new Promise<void>((resolve) => {
    come = resolve
  })
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const wait = () => {
    come()
    return gone
  }
  return { reached, letGo, wait }
}

/** The next such answer is given and takes its time, until it is let go; or the question does. */
function holdBack(path: RegExp, when: 'asked' | 'answered' = 'answered') {
  const { reached: given, letGo, wait: hinder } = createGate()
  hindered = { path, when, hinder }
  return { given, letGo }
}

/** The next such answer is given and gets lost. */
const lose = (path: RegExp) => {
  hindered = { path, when: 'answered', hinder: () => Promise.reject(failure('ECONNRESET')) }
}

const cookieName = '__Host-Http-kit'
const signIn = async (subject = user()): Promise<Browser> => {
  const browser = openBrowser(host, subject)
  await browser.status()
  return browser
}
const pass = (browser: Browser, secret: string) =>
  browser.send('POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) })
/** Another tab of a browser. */
const sameBrowser = (browser: Browser): Browser =>
  Object.assign(openBrowser(host, browser.subject), { cookies: new Map(browser.cookies), csrf: browser.csrf })
/** A browser whose subject has enrolled and passed just now. */
const enrolled = async (subject = user()) => {
  const browser = await signIn(subject)
  const { body } = await browser.send('POST', '/mfa/totp', {})
  await pass(browser, body.secret)
  return { browser, secret: body.secret as string, codes: body.recoveryCodes as string[] }
}

describe('MFA', () => {
  it('T59: is in the cookie of its success, and in none from before', async () => {
    const browser = await signIn()
    const { body } = await browser.send('POST', '/mfa/totp', {})
    const cookieNow = () => browser.cookies.get(cookieName) ?? ''
    const passAnew = async () => {
      const before = cookieNow()
      await pass(browser, body.secret)
      return { before, after: cookieNow() }
    }
    const freshBy = async (cookie: string) => {
      browser.cookies.set(cookieName, cookie)
      const answer = await browser.send('GET', '/vault-fresh')
      return answer.status === 200 ? answer.text : JSON.parse(answer.text).code
    }
    const first = await passAnew()
    expect(await freshBy(first.before)).toBe('mfa_required')
    expect(await freshBy(first.after)).toBe('gold')
    provider.advance(121)
    const second = await passAnew()
    expect(await freshBy(second.before)).toBe('step_up_required')
    expect(await freshBy(second.after)).toBe('gold')
  })

  it('T59: of one sign-in is not that of the next on the same browser', async () => {
    const { browser } = await enrolled(user('user-1', { sessionId: 'monday' }))
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    browser.subject = user('user-1', { sessionId: 'tuesday' })
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    expect((await browser.status()).body.verified).toBeNull()
  })

  it('T47: of one person is not that of another', async () => {
    const { browser } = await enrolled()
    browser.subject = user('user-2')
    expect((await browser.status()).body).toMatchObject({ enrolled: false, verified: null })
    browser.subject = member('user-1', { organizationId: 'user-1' })
    expect((await browser.status()).body).toMatchObject({ enrolled: false, verified: null })
  })

  it('T70: ends after an hour, however busy, and a step-up does not prolong it', async () => {
    const { browser, secret } = await enrolled()
    const { expiresAt } = (await browser.status()).body.verified
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(provider.now() + 3_600_000)
    for (let minute = 0; minute < 59; minute += 4) {
      provider.advance(240)
      if (minute === 28) await pass(browser, secret)
      if (provider.now() < Date.parse(expiresAt)) {
        expect((await browser.status()).body.verified?.expiresAt).toBe(expiresAt)
      }
    }
    provider.advance(120)
    expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null })
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
  })

  it('is fresh for five minutes, and can be asked to be younger', async () => {
    const { browser } = await enrolled()
    const { at, freshUntil } = (await browser.status()).body.verified
    expect(Date.parse(freshUntil) - Date.parse(at)).toBe(300_000)
    expect((await browser.send('GET', '/vault-fresh')).status).toBe(200)
    provider.advance(121)
    expect((await browser.send('GET', '/vault-fresh')).body.code).toBe('step_up_required')
    expect((await browser.send('GET', '/vault')).status).toBe(200)
  })

  it('T71: asks the provider nothing while its word is fresh, and again after five minutes', async () => {
    const { browser } = await enrolled()
    asked.length = 0
    for (let i = 0; i < 20; i++) {
      await browser.status()
      await browser.send('GET', '/vault')
    }
    expect(asked).toEqual([])
    provider.advance(301)
    await browser.send('GET', '/vault')
    expect(asked).toEqual(['/v1/sessions/authenticate'])
  })

  it('T71: ends with the session that the provider has revoked, within five minutes, at once for a change', async () => {
    const { browser } = await enrolled()
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    for (const token of tokens) await provider.admin.sessions.revoke({ session_token: token })
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('step_up_required')
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
  })

  it('T44: counts in no other session once its factor is gone', async () => {
    const { browser, secret } = await enrolled(user('user-1', { sessionId: 'one' }))
    const other = await signIn(user('user-1', { sessionId: 'two' }))
    await pass(other, secret)
    expect((await other.send('GET', '/vault')).status).toBe(200)
    await browser.send('DELETE', '/mfa/totp')
    expect((await other.send('GET', '/vault')).body.code).toBe('mfa_required')
    const next = await browser.send('POST', '/mfa/totp', {})
    await pass(browser, next.body.secret)
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect((await other.send('GET', '/vault')).body.code).toBe('mfa_required')
    expect((await other.status()).body).toMatchObject({ enrolled: true, verified: null })
  })
})

describe('what was heard or done meanwhile', () => {
  it('T44: an authenticator that the provider says is gone counts no longer', async () => {
    const { browser } = await enrolled()
    const { totps } = await provider.admin.users.get({ user_id: 'user-1' })
    for (const { totp_id } of totps) await provider.admin.users.deleteTotp({ totp_id })
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    const refused = await browser.send('POST', '/mfa/totp/authenticate', { code: '000000' })
    expect(refused.body.code).toBe('not_enrolled')
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
  })

  it('a code that was spent is told of, also where the host cannot say whether MFA is required', async () => {
    let isLost = false
    const mfaRequired = () => {
      if (isLost) throw new Error('The database is away.')
      return false
    }
    await host.close()
    host = await startHost(upstream, 'router', { now: provider.now, mfaRequired })
    const { browser, codes } = await enrolled()
    browser.cookies.delete(cookieName)
    await browser.status()
    isLost = true
    const recovered = await browser.send('POST', '/mfa/totp/recover', { recoveryCode: codes[0] })
    expect([recovered.status, recovered.body.required]).toEqual([200, true])
    isLost = false
    expect((await browser.status()).body).toMatchObject({
      required: false,
      verified: { method: 'recovery_code' },
    })
  })

  it.each(['/mfa/sign-out', '/leave'])(
    'T69: a sign-out by %s counts while the host still looks who it is',
    async (path) => {
      const { reached: looking, letGo, wait } = createGate()
      let isSlow = false
      const identify = async () => {
        if (isSlow) {
          isSlow = false
          await wait()
        }
        return user()
      }
      await host.close()
      host = await startHost(upstream, 'router', { now: provider.now, identify })
      const { browser, secret } = await enrolled()
      browser.cookies.delete(cookieName)
      await browser.status()
      isSlow = true
      const passing = pass(browser, secret)
      await looking
      expect((await sameBrowser(browser).send('POST', path)).status).toBe(204)
      letGo()
      const late = await passing
      expect([late.body.code, late.setCookies]).toEqual(['unauthenticated', []])
    },
  )
})

describe('an answer that is older than a change', () => {
  const aboutPerson = /^\/v1\/users\//

  it('T44: does not take an enrolment back when it lands late', async () => {
    const browser = await signIn(user('user-1', { sessionId: 'one' }))
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    const { given, letGo } = holdBack(aboutPerson)
    const poll = browser.send('GET', '/mfa/status')
    await given
    expect((await pass(browser, secret)).status).toBe(200)
    provider.advance(1)
    letGo()
    await poll
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    const thief = openBrowser(host, user('user-1', { sessionId: 'two' }))
    expect((await thief.send('GET', '/vault-open')).body.code).toBe('mfa_required')
  })

  it('T44: does not bring MFA of a removed authenticator back when it lands late', async () => {
    const { browser, secret } = await enrolled(user('user-1', { sessionId: 'one' }))
    const other = await signIn(user('user-1', { sessionId: 'two' }))
    await pass(other, secret)
    const { given, letGo } = holdBack(aboutPerson)
    const poll = openBrowser(host, user('user-1', { sessionId: 'three' })).send('GET', '/mfa/status')
    await given
    expect((await browser.send('DELETE', '/mfa/totp')).status).toBe(200)
    letGo()
    expect((await poll).body.enrolled).toBe(false)
    expect((await other.send('GET', '/vault')).body.code).toBe('mfa_required')
  })

  it('T59: a cancel that lands late leaves the cookie that a confirmation has set meanwhile', async () => {
    const browser = await signIn()
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    const { given, letGo } = holdBack(aboutPerson)
    const cancelling = sameBrowser(browser).send('DELETE', '/mfa/totp/pending')
    await given
    expect((await pass(browser, secret)).status).toBe(200)
    letGo()
    expect((await cancelling).setCookies).toEqual([])
  })

  it('T44: is not waited for by what comes after the change', async () => {
    const browser = await signIn(user('user-1', { sessionId: 'one' }))
    const other = await signIn(user('user-1', { sessionId: 'two' }))
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    const { given, letGo } = holdBack(aboutPerson)
    const poll = browser.send('GET', '/mfa/status')
    await given
    await pass(browser, secret)
    expect((await other.send('POST', '/mfa/totp', {})).body.code).toBe('step_up_required')
    letGo()
    await poll
  })

  it('T48: does not take a registration for superseded that was begun meanwhile', async () => {
    const browser = await signIn()
    await browser.send('POST', '/mfa/totp', {})
    const making = holdBack(/^\/v1\/totps$/, 'asked')
    const restarting = browser.send('POST', '/mfa/totp', { restart: true })
    await making.given
    const { given, letGo } = holdBack(aboutPerson)
    const poll = browser.send('GET', '/mfa/status')
    await given
    making.letGo()
    const { secret } = (await restarting).body
    expect((await browser.send('POST', '/mfa/totp', {})).body.secret).toBe(secret)
    letGo()
    await poll
    expect((await browser.send('POST', '/mfa/totp', {})).body.secret).toBe(secret)
  })

  it('T44: is asked for anew where two changes overlap and contradict each other', async () => {
    const { browser, secret } = await enrolled(user('user-1', { sessionId: 'one' }))
    const other = await signIn(user('user-1', { sessionId: 'two' }))
    const { given, letGo } = holdBack(/authenticate$/)
    const passing = pass(other, secret)
    await given
    expect((await browser.send('DELETE', '/mfa/totp')).status).toBe(200)
    letGo()
    await passing
    expect((await other.send('GET', '/vault')).body.code).toBe('mfa_required')
  })

  it('F4: counts no longer once a change was asked for and its answer got lost', async () => {
    const browser = await signIn(user('user-1', { sessionId: 'one' }))
    const other = await signIn(user('user-1', { sessionId: 'two' }))
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    expect((await other.send('GET', '/vault-open')).text).toBe('gold')
    lose(/authenticate$/)
    expect((await pass(browser, secret)).body.code).toBe('outcome_unknown')
    expect((await other.send('GET', '/vault-open')).body.code).toBe('mfa_required')

    await pass(browser, secret)
    await pass(other, secret)
    expect((await other.send('GET', '/vault')).text).toBe('gold')
    lose(/users\/totps/)
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('outcome_unknown')
    expect((await other.send('GET', '/vault')).body.code).toBe('mfa_required')
  })
})

describe('two processes', () => {
  it('believe the cookie’s word about what the other has judged, not their own older memory', async () => {
    const second = await startHost(upstream, 'router', { now: provider.now })
    const { browser, secret, codes } = await enrolled()
    const there = openBrowser(second, browser.subject)
    there.cookies = browser.cookies
    there.csrf = browser.csrf
    expect((await there.send('GET', '/vault')).status).toBe(200)
    provider.advance(60)
    await browser.send('POST', '/mfa/totp/recover', { recoveryCode: codes[0] })
    expect((await there.send('GET', '/vault')).status).toBe(200)
    expect((await there.status()).body.verified.method).toBe('recovery_code')

    provider.advance(1)
    await browser.send('DELETE', '/mfa/totp')
    const next = await browser.send('POST', '/mfa/totp', {})
    expect(next.body.secret).not.toBe(secret)
    await pass(browser, next.body.secret)
    expect((await there.send('GET', '/vault')).status).toBe(200)
    await second.close()
  })

  it.each([
    ['has just started', 0],
    ['has not heard of the person for five minutes', 301],
  ])('T45: one that %s tells of no enrolment that was the other’s', async (_how, seconds) => {
    const laptop = await signIn(user('user-1', { sessionId: 'laptop' }))
    await laptop.send('POST', '/mfa/totp', {})
    const second = await startHost(upstream, 'router', { now: provider.now })
    const phone = openBrowser(second, user('user-1', { sessionId: 'phone' }))
    await phone.status()
    const { secret } = (await phone.send('POST', '/mfa/totp', {})).body
    await pass(phone, secret)
    provider.advance(seconds)
    const third = seconds > 0 ? host : await startHost(upstream, 'router', { now: provider.now })
    const there = Object.assign(openBrowser(third, laptop.subject), {
      cookies: laptop.cookies,
      csrf: laptop.csrf,
    })
    expect((await pass(there, secret)).status).toBe(200)
    const told = [second, third].map(({ events }) => events.map(({ type }) => type))
    expect(told).toEqual([['enrolled'], ['challenge_passed']])
    await second.close()
    if (third !== host) await third.close()
  })

  it('share sign-outs of one process only, and hear of the other’s within five minutes', async () => {
    const second = await startHost(upstream, 'router', { now: provider.now })
    const { browser } = await enrolled()
    const there = openBrowser(second, browser.subject)
    there.cookies = new Map(browser.cookies)
    expect((await there.send('GET', '/vault')).status).toBe(200)
    await browser.send('POST', '/mfa/sign-out')
    provider.advance(301)
    expect((await there.send('GET', '/vault')).body.code).toBe('mfa_required')
    await second.close()
  })
})

describe('recovery codes', () => {
  it('T72: are read anew each time, so that no void ones are shown', async () => {
    const { browser } = await enrolled()
    const reveal = () => browser.send('POST', '/mfa/totp/recovery-codes')
    await reveal()
    const { recoveryCodes } = (await browser.send('POST', '/mfa/totp/recovery-codes/rotate')).body
    expect((await reveal()).body.recoveryCodes.sort()).toEqual(recoveryCodes.sort())
  })
})

describe('signing out', () => {
  it('T69: ends the session here and at the provider, twice if asked to', async () => {
    const { browser } = await enrolled()
    const captured = browser.cookies.get(cookieName) ?? ''
    asked.length = 0
    expect((await browser.send('POST', '/mfa/sign-out', {})).status).toBe(204)
    expect(asked).toEqual(['/v1/sessions/revoke'])
    expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
    browser.cookies.set(cookieName, captured)
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    expect((await browser.status()).body.verified).toBeNull()
  })

  it('T69, T72: leaves a captured cookie worth nothing, also while the provider is down', async () => {
    const { browser } = await enrolled()
    const captured = browser.cookies.get(cookieName) ?? ''
    down = true
    const left = await browser.send('POST', '/mfa/sign-out')
    expect(left.status).toBe(204)
    expect(left.setCookies).toEqual([
      expect.stringMatching(/^__Host-Http-kit=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
    ])
    browser.cookies.set(cookieName, captured)
    expect((await browser.send('GET', '/vault')).status).toBe(403)
    down = false
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('step_up_required')
  })

  it.each(['/mfa/totp/recovery-codes', '/mfa/totp/recovery-codes/rotate'])(
    'T69, T72: leaves nothing of what %s has told to a captured cookie',
    async (path) => {
      const { browser } = await enrolled()
      const thief = sameBrowser(browser)
      expect((await browser.send('POST', path)).status).toBe(200)
      await browser.send('POST', '/mfa/sign-out')
      expect((await thief.send('POST', path)).body.code).toBe('step_up_required')
    },
  )

  it.each(['/mfa/totp/recovery-codes', '/mfa/totp/recovery-codes/rotate'])(
    'T69: while %s is under way gives no recovery codes to whoever has left',
    async (path) => {
      const { browser } = await enrolled()
      const { given, letGo } = holdBack(/recovery_codes(\/rotate)?$/)
      const other = sameBrowser(browser)
      const showing = browser.send('POST', path)
      await given
      expect((await other.send('POST', '/mfa/sign-out')).status).toBe(204)
      letGo()
      expect((await showing).body.code).toBe('unauthenticated')
    },
  )

  it.each([
    ['/mfa/totp', /users\/totps/],
    ['/mfa/totp/pending', /users\/user-2$/],
  ])('T69: while DELETE %s is under way leaves the cookie cleared', async (path, at) => {
    const isRemoval = path === '/mfa/totp'
    const browser = isRemoval ? (await enrolled()).browser : await signIn(user('user-2'))
    if (!isRemoval) await browser.send('POST', '/mfa/totp', {})
    const other = sameBrowser(browser)
    const { given, letGo } = holdBack(at)
    const deleting = browser.send('DELETE', path)
    await given
    expect((await other.send('POST', '/mfa/sign-out')).status).toBe(204)
    letGo()
    const late = await deleting
    expect([late.body.code, late.setCookies]).toEqual(['unauthenticated', []])
  })

  it('T69: while a step-up is under way tells of its session once', async () => {
    const { browser, secret } = await enrolled()
    const other = sameBrowser(browser)
    const { given, letGo } = holdBack(/totps\/authenticate$/)
    const passing = pass(browser, secret)
    await given
    await other.send('POST', '/mfa/sign-out')
    letGo()
    expect((await passing).body.code).toBe('unauthenticated')
    expect(asked.filter((path) => path === '/v1/sessions/revoke')).toHaveLength(1)
    expect(host.events.map(({ type }) => type)).toEqual(['enrolled', 'session_revoked', 'challenge_passed'])
  })

  describe.each(['/mfa/sign-out', '/leave'])('by %s', (leave) => {
    it('T69: takes no MFA away that is under way in another browser', async () => {
      const { browser, secret } = await enrolled()
      const phone = await signIn()
      const { given, letGo } = holdBack(/totps\/authenticate$/)
      const code = provider.nextCode(secret)
      const passing = phone.send('POST', '/mfa/totp/authenticate', { code }, { 'user-agent': 'phone' })
      await given
      await browser.send('POST', leave)
      letGo()
      expect((await passing).body.verified).toMatchObject({ method: 'totp' })
      expect((await phone.send('GET', '/vault')).text).toBe('gold')
    })

    it('T69: makes nobody the answer that was given before', async () => {
      const { secret } = await enrolled()
      const browser = await signIn(user('user-1', { sessionId: 'again' }))
      const other = sameBrowser(browser)
      const sent = ['POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) }] as const
      expect((await browser.send(...sent)).status).toBe(200)
      await browser.send('POST', leave)
      const late = await other.send(...sent)
      expect([late.body.code, late.setCookies]).toEqual(['code_already_used', []])
    })

    it.each([
      ['create', /totps$/],
      ['authenticate', /totps\/authenticate$/],
      ['recover', /totps\/recover$/],
    ] as const)('T69: while %s is under way leaves nothing of it', async (operation, path) => {
      const { secret, codes } = await enrolled(user('user-1'))
      const browser = await signIn(user(operation === 'create' ? 'user-2' : 'user-1', { sessionId: 'again' }))
      const { given, letGo } = holdBack(path)
      const sending = {
        create: () => browser.send('POST', '/mfa/totp', {}),
        authenticate: () => pass(browser, secret),
        recover: () => browser.send('POST', '/mfa/totp/recover', { recoveryCode: codes[0] }),
      }[operation]()
      await given
      await browser.send('POST', leave)
      asked = []
      letGo()
      const late = await sending
      expect([late.body.code, late.setCookies]).toEqual(['unauthenticated', []])
      expect(asked.filter((asking) => asking === '/v1/sessions/revoke')).toHaveLength(
        operation === 'create' ? 0 : 1,
      )
      // Whoever comes again under the same name is let in as ever.
      if (operation === 'authenticate') expect((await pass(browser, secret)).status).toBe(200)
    })
  })

  it('T69: by somebody whom nobody can name leaves nothing of what is under way in their browser', async () => {
    await host.close()
    host = await startHost(upstream, 'router', {
      now: provider.now,
      identify: (req) => {
        const told = String(req.headers['x-test-subject'])
        if (told === 'away') throw new BffError('upstream_unavailable')
        return JSON.parse(told)
      },
    })
    const browser = await signIn()
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    const other = sameBrowser(browser)
    const { given, letGo } = holdBack(/totps\/authenticate$/)
    const passing = pass(browser, secret)
    await given
    const left = await other.send('POST', '/mfa/sign-out', undefined, { 'x-test-subject': 'away' })
    expect(left.status).toBe(204)
    letGo()
    const late = await passing
    expect([late.body.code, late.setCookies]).toEqual(['unauthenticated', []])
    expect(asked.at(-1)).toBe('/v1/sessions/revoke')
  })

  it.each(['/mfa/sign-out', '/leave'])('by %s tells the host whose session was revoked', async (path) => {
    const { browser } = await enrolled()
    await browser.send('POST', path)
    expect(host.events.at(-1)).toMatchObject({
      type: 'session_revoked',
      reason: 'sign_out',
      subject: { kind: 'user' },
      requestId: expect.any(String),
      address: '127.0.0.1',
    })
  })

  it('from the host leaves what the host sets and clears', async () => {
    const { browser } = await enrolled()
    const left = await browser.send('POST', '/leave', undefined, { 'x-test-subject': null })
    expect(left.setCookies).toEqual([
      'host=gone; Path=/',
      expect.stringContaining('__Host-Http-kit=; Max-Age=0'),
    ])
    expect(left.headers['clear-site-data']).toBe('"storage", "cache"')
    expect(asked.at(-1)).toBe('/v1/sessions/revoke')
  })
})

describe('F44: a clock that was set back an hour', () => {
  it('makes what was learnt before count no longer, and MFA not fresh', async () => {
    let back = 0
    await host.close()
    host = await startHost(upstream, 'router', { now: () => provider.now() - back })
    const { browser, secret } = await enrolled()
    back = 3_600_000
    asked.length = 0
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect(asked).toEqual(['/v1/sessions/authenticate'])
    expect((await browser.send('GET', '/vault-fresh')).body.code).toBe('step_up_required')
    const { freshUntil } = (await browser.status()).body.verified
    expect(Date.parse(freshUntil)).toBeLessThanOrEqual(provider.now() - back)
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('step_up_required')

    for (const token of tokens) await provider.admin.sessions.revoke({ session_token: token })
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    await pass(browser, secret)
    expect((await browser.send('DELETE', '/mfa/totp')).status).toBe(200)
  })

  it('T57: has the recovery codes counted anew that another process may have spent', async () => {
    let back = 0
    await host.close()
    host = await startHost(upstream, 'router', { now: () => provider.now() - back })
    const { browser, codes } = await enrolled(user('user-1', { sessionId: 'laptop' }))
    const second = await startHost(upstream, 'router', { now: provider.now })
    const phone = openBrowser(second, user('user-1', { sessionId: 'phone' }))
    await phone.status()
    await phone.send('POST', '/mfa/totp/recover', { recoveryCode: codes[0] })
    expect((await browser.status()).body.recoveryCodesRemaining).toBe(10)
    back = 3_600_000
    expect((await browser.status()).body.recoveryCodesRemaining).toBe(9)
    await second.close()
  })
})

describe('while the provider is away', () => {
  it('its last word counts for five minutes, and nothing after that', async () => {
    const { browser } = await enrolled()
    down = true
    provider.advance(299)
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect((await browser.status()).body).not.toHaveProperty('stale')
    provider.advance(2)
    const refused = await browser.send('GET', '/vault')
    expect(refused.body.code).toBe('upstream_unavailable')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null, stale: true })
    down = false
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect((await browser.status()).body.verified).not.toBeNull()
  })

  it('the status answers whoever asks, and no change is made', async () => {
    const { browser } = await enrolled()
    down = true
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('upstream_unavailable')
    expect((await browser.send('POST', '/mfa/totp/recovery-codes')).body.code).toBe('upstream_unavailable')
    const stranger = openBrowser(host, user('user-2'))
    expect((await stranger.status()).body).toMatchObject({ enrolled: false, verified: null, stale: true })
    expect((await stranger.send('POST', '/mfa/totp', {})).body.code).toBe('upstream_unavailable')
    expect((await stranger.send('GET', '/vault-open')).body.code).toBe('upstream_unavailable')
  })

  it('nobody has recovery codes left whose authenticator was removed', async () => {
    const { browser } = await enrolled()
    expect((await browser.status()).body.recoveryCodesRemaining).toBe(10)
    await browser.send('DELETE', '/mfa/totp')
    down = true
    expect((await browser.status()).body).toMatchObject({
      enrolled: false,
      recoveryCodesRemaining: null,
      stale: true,
    })
  })

  it('a process that has just started knows nothing, and lets nobody pass', async () => {
    const { browser } = await enrolled()
    await host.close()
    down = true
    host = await startHost(upstream, 'router', { now: provider.now })
    const again = openBrowser(host, browser.subject)
    again.cookies = browser.cookies
    expect((await again.send('GET', '/vault')).body.code).toBe('upstream_unavailable')
    expect((await again.status()).body).toMatchObject({ enrolled: true, verified: null, stale: true })
  })
})

describe('a member', () => {
  const invite = async () => {
    const answer = await provider.admin.kit.createIntermediateSession({
      organization_id: 'acme',
      member_id: 'grace',
    })
    return member(answer.member_id, {
      organizationId: answer.organization_id,
      intermediateSessionToken: answer.intermediate_session_token,
    })
  }

  it('shows an intermediate session once, and then the one it became', async () => {
    const { browser, secret } = await enrolled(await invite())
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    expect((await pass(browser, secret)).status).toBe(200)
    expect((await pass(browser, secret)).status).toBe(200)
  })

  it('is sent back to sign in where the intermediate session is over', async () => {
    const { secret } = await enrolled(await invite())
    const late = await signIn(await invite())
    provider.advance(601)
    expect((await pass(late, secret)).body.code).toBe('unauthenticated')
  })

  it('is sent back to sign in where it was consumed and what it became is over', async () => {
    const { browser, secret } = await enrolled(await invite())
    provider.advance(3_601)
    expect((await pass(browser, secret)).body.code).toBe('unauthenticated')
  })

  it('cannot use the intermediate session of another member', async () => {
    await enrolled(await invite())
    const { intermediate_session_token } = await provider.admin.kit.createIntermediateSession({
      organization_id: 'acme',
      member_id: 'mallory',
    })
    const grace = await invite()
    const thief = await signIn({
      ...grace,
      intermediateSessionToken: intermediate_session_token,
    } as typeof grace)
    const answer = await thief.send('POST', '/mfa/totp/authenticate', { code: '123456' })
    expect(answer.status).toBe(401)
  })

  it('has to have MFA where the organization says so', async () => {
    const { organization } = await provider.admin.b2b.organizations.create({
      organization_name: 'Strict',
      organization_slug: 'strict',
      mfa_policy: 'REQUIRED_FOR_ALL',
    })
    const { member_id } = await provider.admin.b2b.members.create({
      organization_id: organization.organization_id,
      email_address: 'grace@example.com',
    })
    const grace = await signIn(member(member_id, { organizationId: 'strict' }))
    expect((await grace.status()).body).toMatchObject({ required: true, enrolled: false })
    expect((await grace.send('GET', '/vault-open')).body.code).toBe('mfa_required')
  })
})

describe('a member whom the provider does not know yet', () => {
  const create = (mfaPolicy: 'OPTIONAL' | 'REQUIRED_FOR_ALL') =>
    provider.admin.b2b.organizations.create({
      organization_name: 'Acme',
      organization_slug: 'acme',
      mfa_policy: mfaPolicy,
    })
  const newcomer = () => signIn(member('grace', { organizationId: 'acme' }))

  it('has to have MFA where the organization says so', async () => {
    await create('REQUIRED_FOR_ALL')
    const grace = await newcomer()
    expect((await grace.status()).body).toMatchObject({ required: true, enrolled: false })
    expect((await grace.send('GET', '/vault-open')).body.code).toBe('mfa_required')
  })

  it('passes without where neither member nor organization has to', async () => {
    const grace = await newcomer()
    expect((await grace.send('GET', '/vault-open')).text).toBe('gold')
    provider.advance(301)
    await create('OPTIONAL')
    expect((await grace.status()).body).toMatchObject({ required: false, enrolled: false })
    expect((await grace.send('GET', '/vault-open')).text).toBe('gold')
  })
})

describe('the gate', () => {
  it('answers nobody', async () => {
    const nobody = openBrowser(host, null)
    expect((await nobody.send('GET', '/vault')).body.code).toBe('unauthenticated')
  })

  it('sends a page load to where MFA is done, and an API call its refusal', async () => {
    const browser = await signIn()
    const page = await browser.send('GET', '/vault-page?tab=1', undefined, { 'sec-fetch-mode': 'navigate' })
    expect(page.status).toBe(303)
    expect(page.headers.location).toBe('/check?return_to=%2Fvault-page%3Ftab%3D1')
    expect(JSON.parse(host.logged.at(-1) ?? '')).toEqual([
      'request',
      expect.objectContaining({ operation: 'requireMfa', status: 303, code: 'mfa_required' }),
    ])
    expect((await browser.send('GET', '/vault-page', undefined, { 'sec-fetch-mode': 'cors' })).status).toBe(
      403,
    )
    expect((await browser.send('GET', '/vault-page', undefined, { accept: 'text/html' })).status).toBe(303)
  })

  it('T74: lets nobody pass on a cookie that cannot be read', async () => {
    const { browser } = await enrolled()
    const good = browser.cookies.get(cookieName) ?? ''
    for (const bad of ['', 'x', good.slice(0, -1), `${good}A`, good.replace('.', '..'), 'a.b.c.d.e']) {
      browser.cookies.set(cookieName, bad)
      expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
    }
  })

  it('T60: lets nobody pass on two cookies of one name', async () => {
    const { browser } = await enrolled()
    const cookie = `${cookieName}=${browser.cookies.get(cookieName)}; ${cookieName}=x`
    expect((await browser.send('GET', '/vault', undefined, { cookie })).body.code).toBe('mfa_required')
  })

  it('lets whoever is not enrolled pass where it was told to', async () => {
    const browser = await signIn()
    expect((await browser.send('GET', '/vault-open')).text).toBe('gold')
    await enrolled()
    expect((await browser.send('GET', '/vault-open')).body.code).toBe('mfa_required')
  })

  it('asks the provider nothing that could not let anybody pass, and about others once in five minutes', async () => {
    const { browser } = await enrolled()
    provider.advance(3_601)
    const stranger = await signIn(user('user-2'))
    await stranger.send('GET', '/vault-open')
    asked.length = 0
    for (let i = 0; i < 5; i++) {
      expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')
      expect((await stranger.send('GET', '/vault')).body.code).toBe('mfa_required')
      expect((await stranger.send('GET', '/vault-open')).text).toBe('gold')
    }
    expect(asked).toEqual([])
    provider.advance(301)
    await stranger.send('GET', '/vault-open')
    expect(asked).toEqual(['/v1/users/user-2'])
  })

  it('F45: answers an identity that fails as an error, and lets nobody pass', async () => {
    const failing = await startHost(upstream, 'router', {
      identify: () => {
        throw new Error('SENTINEL')
      },
    })
    const browser = openBrowser(failing, user())
    for (const path of ['/vault', '/vault-open', '/mfa/status']) {
      const answer = await browser.send('GET', path)
      expect(answer.body).toMatchObject({ code: 'internal', status: 500 })
      expect(answer.text).not.toContain('SENTINEL')
    }
    await failing.close()
  })

  it('T88: answers a subject that no provider can have as an error', async () => {
    const browser = openBrowser(host, user('../../v1/users'))
    expect((await browser.send('GET', '/mfa/status')).body.code).toBe('internal')
    expect(asked).toEqual([])
  })
})

describe('for the host', () => {
  it('bff.session tells who is there and how fresh MFA is', async () => {
    const { browser } = await enrolled()
    const told = await browser.send('GET', '/who')
    expect(told.body).toMatchObject({
      subject: { kind: 'user', userId: 'user-1' },
      verified: { method: 'totp' },
      enrolled: true,
      required: false,
      stale: false,
    })
    expect((await openBrowser(host, null).send('GET', '/who')).body).toBeNull()
  })
})
