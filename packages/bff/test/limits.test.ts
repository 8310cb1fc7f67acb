import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeProvider, type FakeProvider, rightCode } from './fake-provider.js'
import { type Browser, type Host, openBrowser, startHost, user } from './host.js'

let provider: FakeProvider
let host: Host
beforeEach(() => {
  provider = createFakeProvider()
})
afterEach(() => host.close())

const start = async (options: Parameters<typeof startHost>[2]) => {
  host = await startHost(provider.fetch, 'router', options)
}
const signIn = async (subject = user()): Promise<Browser> => {
  const browser = openBrowser(host, subject)
  await browser.status()
  return browser
}
const guess = async (browser: Browser, headers: Record<string, string> = {}) =>
  (await browser.send('POST', '/mfa/totp/authenticate', { code: '000000' }, headers)).body.code

describe('of codes', () => {
  it('T26, T33: an address has one budget over all people, whatever it says of itself', async () => {
    await start({ limits: { judged: { address: { max: 3, windowSeconds: 600 } } } })
    const codes = []
    for (let i = 0; i < 5; i++) {
      provider.person(`victim-${i}`).factorId = `totp-test-${i}`
      const browser = await signIn(user(`victim-${i}`))
      codes.push(await guess(browser, { 'x-forwarded-for': `192.0.2.${i}` }))
    }
    expect(codes).toEqual([...Array(3).fill('invalid_code'), 'rate_limited', 'rate_limited'])
  })

  it('T26: behind a trusted proxy each address that it names has its own', async () => {
    await start({
      trustedProxies: ['127.0.0.1'],
      limits: { judged: { address: { max: 2, windowSeconds: 600 } } },
    })
    provider.person('user-1').factorId = 'totp-test-active'
    const browser = await signIn()
    const from = (address: string) => guess(browser, { 'x-forwarded-for': address })
    expect([await from('192.0.2.1'), await from('192.0.2.1')]).toEqual(['invalid_code', 'invalid_code'])
    expect(await from('192.0.2.1')).toBe('rate_limited')
    expect(await from('198.51.100.7, 192.0.2.1')).toBe('rate_limited')
    expect(await from('192.0.2.2')).toBe('invalid_code')
  })

  it('T20: one sign-in has one budget before MFA and one behind it, and takes no room from another', async () => {
    await start({ limits: { judged: { session: { max: 2, windowSeconds: 600 } } } })
    const laptop = await signIn(user('user-1', { sessionId: 'laptop' }))
    await laptop.send('POST', '/mfa/totp', {})
    const thrice = async () => [await guess(laptop), await guess(laptop), await guess(laptop)]
    const phone = await signIn(user('user-1', { sessionId: 'phone' }))
    await laptop.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    expect(await thrice()).toEqual(['invalid_code', 'invalid_code', 'rate_limited'])
    laptop.cookies.clear()
    expect(await thrice()).toEqual(['invalid_code', 'invalid_code', 'rate_limited'])
    expect(await guess(phone)).toBe('invalid_code')
  })
})

const others = [
  ['status', 'GET', '/mfa/status'],
  ['recoveryCodes', 'POST', '/mfa/totp/recovery-codes'],
  ['rotate', 'POST', '/mfa/totp/recovery-codes/rotate'],
  ['remove', 'DELETE', '/mfa/totp'],
  ['cancel', 'DELETE', '/mfa/totp/pending'],
] as const

describe.each(['address', 'session', 'subject'] as const)('of all else, by %s', (by) => {
  const max = 20

  it.each(others)('%s waits, and asks the provider nothing', async (_name, method, path) => {
    await start({ limits: { other: { [by]: { max, windowSeconds: 600 } } } })
    const browser = await signIn()
    await browser.send('POST', '/mfa/totp', {})
    await browser.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    for (let i = 0; i < max; i++) await browser.status()
    const asked = provider.seen.length
    const answer = await browser.send(method, path)
    expect(answer.body).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(590)
    expect(provider.seen).toHaveLength(asked)
    // Codes have room of their own, and whoever wants to go may.
    const code = await browser.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    expect(code.status).toBe(200)
    expect((await browser.send('POST', '/mfa/sign-out')).status).toBe(204)
  })

  it('create waits, and asks the provider nothing', async () => {
    await start({ limits: { other: { [by]: { max, windowSeconds: 600 } } } })
    const browser = await signIn()
    for (let i = 0; i < max; i++) await browser.status()
    const asked = provider.seen.length
    expect((await browser.send('POST', '/mfa/totp', {})).body.code).toBe('rate_limited')
    expect(provider.seen).toHaveLength(asked)
  })
})
