import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Subject } from '../src/index.js'
import { createFakeProvider, type FakeProvider, json, refusal, rightCode } from './fake-provider.js'
import { type Answer, type Browser, type Host, member, openBrowser, startHost, user } from './host.js'

let provider: FakeProvider
let host: Host
let browser: Browser
beforeEach(async () => {
  provider = createFakeProvider()
  host = await startHost(provider.fetch)
  browser = openBrowser(host, user())
  await browser.status()
  await browser.send('POST', '/mfa/totp', {})
})
afterEach(() => host.close())

const authenticate = (code = rightCode) => browser.send('POST', '/mfa/totp/authenticate', { code })
const judged = () => provider.count('/v1/totps/authenticate')

/** What a fetch does that got no connection, and one whose connection broke. */
const failure = (code: string) => {
  const cause = Object.assign(new Error('SENTINEL'), { code })
  return new TypeError('fetch failed', { cause })
}

describe('the provider', () => {
  it('F1: slower than the deadline: the verdict is not asked for twice', async () => {
    provider.lie = () => new Promise<Response>(() => {})
    const answer = await authenticate()
    expect(answer.body).toMatchObject({ code: 'upstream_timeout', status: 504 })
    expect(judged()).toBe(1)
    expect(answer.setCookies).toEqual([])
  })

  it('F1, F37: slow in each of several calls: the request is answered after eight seconds all the same', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const patient = await startHost(provider.fetch, 'router', { timeoutMs: 60_000 })
      const fresh = openBrowser(patient, user('user-2'))
      await fresh.status()
      let release = () => {}
      provider.lie = (_seen, truth) =>
        new Promise<void>((resolve) => {
          release = resolve
        }).then(truth)
      const before = provider.seen.length
      const answering = fresh.send('POST', '/mfa/totp', {})
      await expect.poll(() => provider.seen.length).toBe(before + 1)
      vi.advanceTimersByTime(7_000)
      release()
      await expect.poll(() => provider.seen.length).toBe(before + 2)
      vi.advanceTimersByTime(1_200)
      expect((await answering).body).toMatchObject({ code: 'upstream_timeout', status: 504 })
      release()
      await expect.poll(() => provider.person('user-2').pendingId).not.toBeNull()
      await patient.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('F2: refusing connections: says when to come back', async () => {
    provider.lie = () => Promise.reject(failure('ECONNREFUSED'))
    const answer = await authenticate()
    expect(answer.body).toMatchObject({ code: 'upstream_unavailable', status: 503 })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('F3, F4: gone in the middle of a verdict: the next status tells what became of it', async () => {
    provider.lie = (seen, truth) =>
      seen.path.endsWith('authenticate')
        ? truth().then(() => Promise.reject(failure('ECONNRESET')))
        : undefined
    const answer = await authenticate()
    expect(answer.body).toMatchObject({ code: 'outcome_unknown', status: 503 })
    expect(judged()).toBe(1)
    provider.lie = undefined
    expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null, pending: null })
  })

  it('F4, T57: gone in the middle of a recovery or a rotation: the codes that are left are counted anew', async () => {
    await authenticate()
    const losing = async (path: string, body?: object) => {
      provider.lie = (seen, truth) =>
        /(recover|rotate)$/.test(seen.path)
          ? truth().then(() => Promise.reject(failure('ECONNRESET')))
          : undefined
      const { code } = (await browser.send('POST', path, body)).body
      provider.lie = undefined
      return [code, (await browser.status()).body.recoveryCodesRemaining]
    }
    const [recoveryCode] = provider.person('user-1').codes
    expect(await losing('/mfa/totp/recover', { recoveryCode })).toEqual(['outcome_unknown', 9])
    await authenticate()
    expect(await losing('/mfa/totp/recovery-codes/rotate')).toEqual(['outcome_unknown', 10])
  })

  it('F5, F22: at fault itself: the code may be spent, and no verdict is asked for twice', async () => {
    provider.lie = () => refusal(500, 'internal_server_error')
    expect((await authenticate()).body.code).toBe('outcome_unknown')
    expect(judged()).toBe(1)
  })

  it('that knows nobody of that name: says in the log how to make them known, since no person can', async () => {
    const lines: unknown[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (line: unknown) => void lines.push(line) }
    const lost = await startHost(provider.fetch, 'handler', { logger })
    onTestFinished(() => lost.close())
    const nobody = openBrowser(lost, user('nobody'))
    await nobody.status()
    provider.lie = () => refusal(404, 'user_not_found')
    expect((await nobody.send('POST', '/mfa/totp', {})).body.code).toBe('internal')
    expect(JSON.stringify(lines)).toContain('AUTO_PROVISION=1')
    expect(JSON.stringify(lines)).not.toContain('nobody')
  })

  it.each([
    ['120', 120],
    ['86400', 300],
    [undefined, 1],
    ['soon', 1],
  ])('F6: busy, with a Retry-After of %s: passes it on, clamped', async (given, passed) => {
    provider.lie = () =>
      refusal(429, 'too_many_requests', given === undefined ? {} : { 'retry-after': given })
    const answer = await authenticate()
    expect(answer.body).toMatchObject({ code: 'rate_limited', retryAfterSeconds: passed })
    expect(answer.headers['retry-after']).toBe(String(passed))
  })

  it('T30: locking a subject: says so, and for how long', async () => {
    provider.lie = () => refusal(429, 'user_lock_limit_reached', { 'retry-after': '60' })
    expect((await authenticate()).body).toMatchObject({ code: 'locked', retryAfterSeconds: 60 })
    const factorId = provider.person('user-1').pendingId
    const told = { type: 'locked', method: 'totp', retryAfterSeconds: 60, factorId }
    expect(host.events.at(-1)).toMatchObject(told)
  })

  it('F15, F16: down for good: is left alone, and status and sign-out answer at once', async () => {
    provider.lie = () => Promise.reject(failure('ECONNREFUSED'))
    for (let i = 0; i < 25; i++) await authenticate()
    const before = provider.seen.length
    const began = performance.now()
    expect((await browser.status()).body.stale).toBe(true)
    expect((await authenticate()).body.code).toBe('upstream_unavailable')
    expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
    expect(performance.now() - began).toBeLessThan(500)
    expect(provider.seen.length).toBe(before)
    expect(host.events.map(({ type }) => type)).toContain('upstream_degraded')
  })

  it('F15: down, and still down whenever it is tried: is told of once, and once when it is back', async () => {
    const now = performance.now.bind(performance)
    let aheadMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs)
    onTestFinished(() => void vi.restoreAllMocks())
    provider.lie = () => Promise.reject(failure('ECONNREFUSED'))
    for (let i = 0; i < 25; i++) await authenticate()
    for (let i = 0; i < 3; i++) {
      aheadMs += 10_000
      await authenticate()
    }
    provider.lie = undefined
    aheadMs += 10_000
    expect((await authenticate()).status).toBe(200)
    const told = host.events.map(({ type }) => type).filter((type) => type.startsWith('upstream_'))
    expect(told).toEqual(['upstream_degraded', 'upstream_restored'])
  })

  it('refusing a code: the host is told of which authenticator', async () => {
    await authenticate()
    await authenticate('000000')
    expect(host.events.at(-1)).toMatchObject({
      type: 'challenge_failed',
      method: 'totp',
      code: 'invalid_code',
      factorId: provider.person('user-1').factorId,
      subject: { kind: 'user', userId: 'user-1' },
      requestId: expect.any(String),
      address: '127.0.0.1',
    })
  })

  it('F15: refusing wrong codes, however many, is well', async () => {
    for (let i = 0; i < 40; i++) expect((await authenticate('000000')).body.code).toBe('invalid_code')
    expect((await authenticate()).status).toBe(200)
  })

  it('T83: is never quoted', async () => {
    provider.lie = () =>
      json({ error_type: 'brand_new', error_message: 'SENTINEL', error_url: 'SENTINEL' }, 400)
    const answer = await authenticate()
    expect(answer.body.code).toBe('internal')
    expect(answer.text).not.toContain('SENTINEL')
  })
})

describe('a provider that does not count recovery codes', () => {
  const clock = { now: Date.now() }
  let letGo: () => void
  let asked: number
  const start = async (subject: Subject) => {
    await host.close()
    provider = createFakeProvider(() => clock.now)
    host = await startHost(provider.fetch, 'router', { now: () => clock.now, timeoutMs: 8_000 })
    browser = openBrowser(host, subject)
    await browser.status()
    await browser.send('POST', '/mfa/totp', {})
    await authenticate()
    clock.now += 301_000
    const gone = new Promise<void>((resolve) => {
      letGo = resolve
    })
    asked = 0
    // What it answers late was true when it was asked.
    provider.lie = ({ path }, truth) => {
      if (!/recovery_codes(\/org-1.*)?$/.test(path)) return undefined
      asked++
      const told = truth()
      return gone.then(() => told)
    }
  }
  const took = async (answering: Promise<Answer>) => {
    const began = performance.now()
    const answer = await answering
    return { ...answer, ms: performance.now() - began }
  }

  it('F16: keeps status and recovery waiting a second and no more, and is left alone for some', async () => {
    await start(user())
    const [one, two] = await Promise.all([took(browser.status()), took(browser.status())])
    expect([one.body.recoveryCodesRemaining, two.body.recoveryCodesRemaining]).toEqual([10, 10])
    expect(Math.max(one.ms, two.ms)).toBeLessThan(1_900)
    expect(asked).toBe(1)
    const [recoveryCode] = provider.person('user-1').codes
    const recovered = await took(browser.send('POST', '/mfa/totp/recover', { recoveryCode }))
    expect(recovered).toMatchObject({ status: 200, body: { recoveryCodesRemaining: null } })
    expect(recovered.ms).toBeLessThan(1_900)
    expect((await took(browser.status())).ms).toBeLessThan(500)
    expect(asked).toBe(2)
    clock.now += 5_001
    letGo()
    expect((await browser.status()).body.recoveryCodesRemaining).toBe(9)
  })

  it('does not take back what a recovery told meanwhile', async () => {
    await start(member())
    const status = browser.status()
    await expect.poll(() => asked).toBe(1)
    const [recoveryCode] = provider.person('member-1').codes
    await browser.send('POST', '/mfa/totp/recover', { recoveryCode })
    letGo()
    await status
    expect((await browser.status()).body.recoveryCodesRemaining).toBe(9)
  })
})

describe('the client', () => {
  it('F18: gone before the verdict: the verdict counts all the same', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let asked = () => {}
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    provider.lie = (seen, truth) => {
      if (!seen.path.endsWith('authenticate')) return undefined
      asked()
      return released.then(truth)
    }
    const abort = new AbortController()
    const gone = fetch(`${host.url}/mfa/totp/authenticate`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        'x-csrf': browser.csrf,
        'x-test-subject': JSON.stringify(browser.subject),
        cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; '),
      },
      body: JSON.stringify({ code: rightCode }),
      signal: abort.signal,
    }).catch(() => 'gone')
    await arrived
    abort.abort()
    expect(await gone).toBe('gone')
    release()
    await expect.poll(() => provider.person('user-1').factorId).not.toBeNull()
    provider.lie = undefined
    expect((await browser.status()).body.enrolled).toBe(true)
  })

  it('T92: that announces more than it may is not listened to', async () => {
    const answer = await browser.send('POST', '/mfa/totp', 'x'.repeat(100_000), {
      'content-type': 'application/json',
    })
    expect(answer.body.code).toBe('body_too_large')
    expect(answer.headers['connection']).toBe('close')
  })

  it('T92: that sends more than it may without saying so is cut off', async () => {
    const headers = {
      'content-length': null,
      'transfer-encoding': 'chunked',
      'content-type': 'application/json',
    }
    const answer = await browser.send('POST', '/mfa/totp', 'x'.repeat(10_000), headers)
    expect(answer.body.code).toBe('body_too_large')
  })

  it('T93: says what it likes of host and protocol', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    const answer = await browser.send('POST', '/mfa/totp', { restart: true }, headers)
    expect(answer.setCookies).toEqual([expect.stringMatching(/^__Host-Http-kit=.*; Secure$/)])
  })
})

describe('the limits', () => {
  it('come last, and count codes and recovery codes apart: T29', async () => {
    const strict = await startHost(provider.fetch, 'router', {
      limits: { judged: { subject: { max: 2, windowSeconds: 600 } } },
    })
    const one = openBrowser(strict, user('limited'))
    await one.status()
    await one.send('POST', '/mfa/totp', {})
    const code = () => one.send('POST', '/mfa/totp/authenticate', { code: '000000' })
    const recovery = () => one.send('POST', '/mfa/totp/recover', { recoveryCode: 'abcd-efgh' })
    expect((await code()).body.code).toBe('invalid_code')
    expect((await code()).body.code).toBe('invalid_code')
    const refused = await code()
    expect(refused.body).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(590)
    expect((await recovery()).body.code).toBe('not_enrolled')
    expect((await recovery()).body.code).toBe('not_enrolled')
    expect((await recovery()).body.code).toBe('rate_limited')
    const other = openBrowser(strict, user('free'))
    await other.status()
    expect((await other.send('POST', '/mfa/totp/authenticate', { code: '000000' })).body.code).toBe(
      'not_enrolled',
    )
    await strict.close()
  })

  it.each<[string, () => Promise<Response> | Response]>([
    ['is busy', () => refusal(429, 'too_many_requests')],
    ['refuses connections', () => Promise.reject(failure('ECONNREFUSED'))],
  ])('F6: give back what a code took while the provider %s', async (_how, fault) => {
    const strict = await startHost(provider.fetch, 'router', {
      limits: { judged: { subject: { max: 2, windowSeconds: 600 } } },
    })
    const one = openBrowser(strict, user('patient'))
    await one.status()
    await one.send('POST', '/mfa/totp', {})
    const code = () => one.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    provider.lie = ({ path }) => (path.endsWith('authenticate') ? fault() : undefined)
    for (let i = 0; i < 5; i++) expect((await code()).status).toBeGreaterThanOrEqual(429)
    provider.lie = undefined
    expect((await code()).status).toBe(200)
    await strict.close()
  })

  it('F4: keep what a code took whose verdict got lost', async () => {
    const strict = await startHost(provider.fetch, 'router', {
      limits: { judged: { subject: { max: 2, windowSeconds: 600 } } },
    })
    const one = openBrowser(strict, user('unlucky'))
    await one.status()
    await one.send('POST', '/mfa/totp', {})
    const code = () => one.send('POST', '/mfa/totp/authenticate', { code: '000000' })
    provider.lie = ({ path }) =>
      path.endsWith('authenticate') ? Promise.reject(failure('ECONNRESET')) : undefined
    const codes = [await code(), await code(), await code()].map(({ body }) => body.code)
    expect(codes).toEqual(['outcome_unknown', 'outcome_unknown', 'rate_limited'])
    await strict.close()
  })

  it('bound what refused requests ask of the provider, and never change the refusal', async () => {
    const strict = await startHost(provider.fetch, 'router', {
      limits: { other: { session: { max: 5, windowSeconds: 600 } } },
    })
    provider.person('enrolled').factorId = 'totp-test-active'
    for (const [id, method, path, body, refused] of [
      ['enrolled', 'DELETE', '', {}, 'step_up_required'],
      ['enrolled', 'POST', '', { restart: true }, 'step_up_required'],
      ['enrolled', 'POST', '/recovery-codes', {}, 'step_up_required'],
      ['enrolled', 'POST', '/recovery-codes/rotate', {}, 'step_up_required'],
      ['nobody', 'DELETE', '', {}, 'not_enrolled'],
      ['nobody', 'POST', '/authenticate', { code: '000000' }, 'not_enrolled'],
      ['nobody', 'POST', '/recover', { recoveryCode: 'abcd-efgh' }, 'not_enrolled'],
    ] as const) {
      const one = openBrowser(strict, user(id, { sessionId: `${id} ${method} ${path}` }))
      await one.status()
      const before = provider.seen.length
      for (let i = 0; i < 20; i++) {
        expect((await one.send(method, `/mfa/totp${path}`, body)).body.code).toBe(refused)
      }
      expect(provider.seen.length - before).toBeLessThanOrEqual(5)
    }
    await strict.close()
  })

  it('give back what an accepted code took', async () => {
    const strict = await startHost(provider.fetch, 'router', {
      limits: { judged: { subject: { max: 2, windowSeconds: 60 } } },
    })
    const one = openBrowser(strict, user('busy'))
    await one.status()
    await one.send('POST', '/mfa/totp', {})
    for (let i = 0; i < 5; i++) {
      expect((await one.send('POST', '/mfa/totp/authenticate', { code: rightCode })).status).toBe(200)
    }
    await strict.close()
  })
})
