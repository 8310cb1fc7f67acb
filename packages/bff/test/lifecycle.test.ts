import { afterEach, describe, expect, it } from 'vitest'
import { createFakeProvider, rightCode } from './fake-provider.js'
import { type Host, member, mounts, openBrowser, startHost, user } from './host.js'

let host: Host | undefined
afterEach(() => host?.close())

describe.each(mounts)('mounted as %s', (mount) => {
  it.each([
    ['a user', user()],
    ['a member', member()],
  ])('%s enrols, passes, recovers, reveals, rotates, removes and signs out', async (_who, subject) => {
    const provider = createFakeProvider()
    host = await startHost(provider.fetch, mount)
    const browser = openBrowser(host, subject)

    expect((await browser.status()).body).toMatchObject({ enrolled: false, verified: null, pending: null })
    expect((await browser.send('GET', '/vault')).body.code).toBe('mfa_required')

    const created = await browser.send('POST', '/mfa/totp', {})
    expect(created.status).toBe(201)
    expect(created.body.recoveryCodes).toHaveLength(10)
    const again = await browser.send('POST', '/mfa/totp')
    expect(again.status).toBe(200)
    expect(again.body).toEqual(created.body)
    expect((await browser.status()).body.pending).toEqual({ expiresAt: created.body.expiresAt })

    const confirmed = await browser.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    expect(confirmed.text).not.toContain('SENTINEL')
    expect(confirmed.status).toBe(200)
    expect(confirmed.body).toMatchObject({
      enrolled: true,
      pending: null,
      verified: { method: 'totp' },
      recoveryCodesRemaining: 10,
    })
    expect((await browser.status()).body).toEqual(confirmed.body)
    expect((await browser.send('GET', '/vault')).text).toBe('gold')

    const shown = await browser.send('POST', '/mfa/totp/recovery-codes')
    expect(shown.body.recoveryCodes).toEqual(created.body.recoveryCodes)

    const recoveryCode = created.body.recoveryCodes[0]
    const recovered = await browser.send('POST', '/mfa/totp/recover', { recoveryCode })
    expect(recovered.body).toMatchObject({ verified: { method: 'recovery_code' }, recoveryCodesRemaining: 9 })
    expect((await browser.send('POST', '/mfa/totp/recovery-codes')).body.code).toBe('step_up_required')

    const rotated = await browser.send('POST', '/mfa/totp/recovery-codes/rotate', {})
    expect(rotated.status).toBe(200)
    expect(rotated.body.recoveryCodes).not.toEqual(created.body.recoveryCodes)
    expect((await browser.send('POST', '/mfa/totp', {})).body.code).toBe('already_enrolled')

    const removed = await browser.send('DELETE', '/mfa/totp')
    expect(removed.body).toMatchObject({ enrolled: false, verified: null })
    expect((await browser.send('GET', '/vault')).status).toBe(403)
    const left = await browser.send('POST', '/mfa/sign-out')
    expect(left.status).toBe(204)
    expect(left.headers['clear-site-data']).toBe('"cache"')
    expect(browser.cookies.size).toBe(0)
  })
})
