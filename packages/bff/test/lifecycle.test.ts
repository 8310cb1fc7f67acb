import { afterEach, describe, expect, it } from 'vitest'
import type { Subject } from '../src/index.js'
import { type Host, member, mounts, openBrowser, startHost, user } from './host.js'
import { type RealProvider, startProvider } from './real-provider.js'

let host: Host
let provider: RealProvider
afterEach(async () => {
  await host.close()
  await provider.close()
})

describe.each(mounts)('mounted as %s', (mount) => {
  const start = async (options: Parameters<typeof startProvider>[0] = {}) => {
    provider = await startProvider(options)
    host = await startHost(provider.fetch, mount, { now: provider.now })
  }

  const subjects: [string, () => Promise<Subject>][] = [
    ['a user', async () => user()],
    [
      'a member with an intermediate session',
      async () => {
        const { organization_id, member_id, intermediate_session_token } =
          await provider.admin.kit.createIntermediateSession({ organization_id: 'acme', member_id: 'grace' })
        return member(member_id, {
          organizationId: organization_id,
          intermediateSessionToken: intermediate_session_token,
        })
      },
    ],
    [
      'a user with a session of the host',
      async () => {
        const answer = await provider.admin.kit.createSession({ user_id: 'ada' })
        return user('ada', { sessionToken: answer.session_token })
      },
    ],
    ['a member without any session', async () => member('grace', { organizationId: 'acme' })],
  ]

  it.each(subjects)(
    '%s enrols, passes, recovers, reveals, rotates, removes and signs out',
    async (_who, sign) => {
      await start()
      const browser = openBrowser(host, await sign())

      expect((await browser.status()).body).toMatchObject({ enrolled: false, verified: null, pending: null })
      expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')

      const created = await browser.send('POST', '/mfa/totp', {})
      expect(created.status).toBe(201)
      expect(created.body.recoveryCodes).toHaveLength(10)
      const again = await browser.send('POST', '/mfa/totp')
      expect(again.status).toBe(200)
      expect(again.body).toEqual(created.body)
      expect((await browser.status()).body.pending).toEqual({ expiresAt: created.body.expiresAt })

      const { secret } = created.body
      const confirmed = await browser.send('POST', '/mfa/totp/authenticate', {
        code: provider.nextCode(secret),
      })
      expect(confirmed.body).toMatchObject({
        enrolled: true,
        pending: null,
        verified: { method: 'totp', at: new Date(provider.now()).toISOString() },
        recoveryCodesRemaining: 10,
      })
      expect((await browser.status()).body).toEqual(confirmed.body)
      expect((await browser.send('GET', '/vault')).text).toBe('gold')

      const shown = await browser.send('POST', '/mfa/totp/recovery-codes')
      expect(shown.body.recoveryCodes.sort()).toEqual(created.body.recoveryCodes.sort())

      const recoveryCode = created.body.recoveryCodes[0]!.toUpperCase()
      const recovered = await browser.send('POST', '/mfa/totp/recover', { recoveryCode })
      expect(recovered.body).toMatchObject({
        verified: { method: 'recovery_code' },
        recoveryCodesRemaining: 9,
      })
      expect((await browser.send('POST', '/mfa/totp/recovery-codes')).body.code).toBe('step_up_required')

      const rotated = await browser.send('POST', '/mfa/totp/recovery-codes/rotate', {})
      expect(rotated.status).toBe(200)
      expect(rotated.body.recoveryCodes).not.toEqual(created.body.recoveryCodes)
      expect((await browser.send('POST', '/mfa/totp', {})).body.code).toBe('already_enrolled')

      provider.advance(360)
      expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('step_up_required')
      const stepped = await browser.send('POST', '/mfa/totp/authenticate', {
        code: provider.nextCode(secret),
      })
      expect(stepped.body.verified.method).toBe('totp')
      const removed = await browser.send('DELETE', '/mfa/totp')
      expect(removed.body).toMatchObject({ enrolled: false, verified: null })
      expect((await browser.send('GET', '/vault')).status).toBe(403)

      const next = await browser.send('POST', '/mfa/totp', {})
      expect(next.status).toBe(201)
      const code = provider.nextCode(next.body.secret)
      expect((await browser.send('POST', '/mfa/totp/authenticate', { code })).body.enrolled).toBe(true)

      const left = await browser.send('POST', '/mfa/sign-out')
      expect(left.status).toBe(204)
      expect(left.headers['clear-site-data']).toBe('"cache"')
      expect(browser.cookies.size).toBe(0)
    },
  )

  it('of recovery codes that cannot be read again no number is told', async () => {
    await start({ recoveryCodes: 'hashed' })
    for (const subject of [user(), member('grace', { organizationId: 'acme' })]) {
      const browser = openBrowser(host, subject)
      await browser.status()
      const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
      const code = provider.nextCode(secret)
      const { body } = await browser.send('POST', '/mfa/totp/authenticate', { code })
      expect(body).toMatchObject({ enrolled: true, recoveryCodesRemaining: null })
      const rotate = () => browser.send('POST', '/mfa/totp/recovery-codes/rotate')
      const recoveryCode = (await rotate()).body.recoveryCodes[0]
      expect((await browser.status()).body.recoveryCodesRemaining).toBeNull()
      const recovered = await browser.send('POST', '/mfa/totp/recover', { recoveryCode })
      expect([recovered.status, recovered.body.recoveryCodesRemaining]).toEqual([200, null])
      await rotate()
      expect((await browser.status()).body.recoveryCodesRemaining).toBeNull()
    }
  })

  it('T19: wrong codes count down what is left, and the one that starts a wait says how long', async () => {
    await start()
    const browser = openBrowser(host, user())
    await browser.status()
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    await browser.send('POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) })
    const code = String((Number(provider.nextCode(secret)) + 1) % 1_000_000).padStart(6, '0')

    const left = []
    for (let attempt = 0; attempt < 5; attempt++) {
      const { status, body } = await browser.send('POST', '/mfa/totp/authenticate', { code })
      left.push([status, body.code, body.attemptsLeft, body.retryAfterSeconds])
      provider.advance(1)
    }
    const waits = [undefined, undefined, undefined, undefined, 30]
    expect(left).toEqual(waits.map((wait, index) => [422, 'invalid_code', 4 - index, wait]))
    const locked = await browser.send('POST', '/mfa/totp/authenticate', { code })
    expect(locked.body).toMatchObject({ status: 429, code: 'locked', retryAfterSeconds: 29 })
    expect(locked.headers['retry-after']).toBe('29')
    expect(locked.body.attemptsLeft).toBe(0)
  })

  it('T19: a lock that does not end by itself names no time to come again', async () => {
    await start({ limits: { maxConsecutiveFailures: 2 } })
    const browser = openBrowser(host, user())
    await browser.status()
    const { secret } = (await browser.send('POST', '/mfa/totp', {})).body
    await browser.send('POST', '/mfa/totp/authenticate', { code: provider.nextCode(secret) })
    const code = String((Number(provider.nextCode(secret)) + 1) % 1_000_000).padStart(6, '0')
    await browser.send('POST', '/mfa/totp/authenticate', { code })
    provider.advance(1)
    await browser.send('POST', '/mfa/totp/authenticate', { code })
    provider.advance(1)
    const locked = await browser.send('POST', '/mfa/totp/authenticate', { code })
    expect(locked.body).toMatchObject({ status: 429, code: 'locked', attemptsLeft: 0 })
    expect(locked.body).not.toHaveProperty('retryAfterSeconds')
    expect(locked.headers).not.toHaveProperty('retry-after')
  })
})
