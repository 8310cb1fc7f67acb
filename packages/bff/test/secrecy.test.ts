import { afterEach, expect, it } from 'vitest'
import { createFakeProvider, json, rightCode } from './fake-provider.js'
import { type Answer, type Host, member, openBrowser, startHost, user } from './host.js'

let host: Host
afterEach(() => host.close())

const failure = () => {
  const cause = Object.assign(new Error('SENTINEL-cause'), { code: 'ECONNRESET', body: 'SENTINEL-body' })
  return new TypeError('SENTINEL-message', { cause })
}

/**
 * Everything that must not leak begins with SENTINEL: the provider's secret, tokens, JWTs, the TOTP secret, recovery
 * codes, words of errors. A secret and recovery codes may be in exactly the answers that are there to show them.
 */
it.each([
  ['a user', user('user-1', { sessionId: 'SENTINEL-sign-in' })],
  [
    'a member',
    member('member-1', { sessionId: 'SENTINEL-sign-in', intermediateSessionToken: 'SENTINEL-ist' }),
  ],
])(
  'T61, T85, T87: nothing secret of %s is in a log, an event, a header, an error or a body',
  async (_who, subject) => {
    const provider = createFakeProvider()
    host = await startHost(provider.fetch)
    const browser = openBrowser(host, subject)
    const quiet: Answer[] = []
    const showing: Answer[] = []
    const keep = async (into: Answer[], answer: Promise<Answer>) => {
      into.push(await answer)
      return answer
    }
    await keep(quiet, browser.status())
    const created = await keep(showing, browser.send('POST', '/mfa/totp', {}))
    await keep(quiet, browser.send('POST', '/mfa/totp/authenticate', { code: '135790' }))
    await keep(
      quiet,
      browser.send('POST', '/mfa/totp/authenticate', { code: rightCode, telemetryId: 'SENTINEL-tel' }),
    )
    await keep(quiet, browser.send('POST', '/mfa/totp/recover', { recoveryCode: 'SENTINEL-wrong' }))
    await keep(
      quiet,
      browser.send('POST', '/mfa/totp/recover', { recoveryCode: created.body.recoveryCodes[1] }),
    )
    await keep(quiet, browser.send('POST', '/mfa/totp/recovery-codes'))
    await keep(quiet, browser.send('POST', '/mfa/totp/authenticate', { code: rightCode }))
    await keep(showing, browser.send('POST', '/mfa/totp/recovery-codes'))
    await keep(showing, browser.send('POST', '/mfa/totp/recovery-codes/rotate'))
    await keep(quiet, browser.send('GET', '/vault?token=x'))
    await keep(
      quiet,
      browser.send('POST', '/mfa/totp', 'SENTINEL not json', { 'content-type': 'application/json' }),
    )
    await keep(quiet, browser.send('POST', '/mfa/totp', { secret: 'SENTINEL' }))
    await keep(quiet, browser.send('POST', '/mfa/totp/authenticate', { code: 'SENTINEL' }))
    for (const lie of [
      () => Promise.reject(failure()),
      () => json({ error_type: 'SENTINEL_type', error_message: 'SENTINEL', status_code: 400 }, 400),
      () => new Response('SENTINEL', { headers: { 'content-type': 'text/html' } }),
    ]) {
      provider.lie = lie
      await keep(quiet, browser.send('POST', '/mfa/totp/authenticate', { code: rightCode }))
      await keep(quiet, browser.send('DELETE', '/mfa/totp'))
      await keep(quiet, browser.status())
    }
    provider.lie = undefined
    await keep(quiet, browser.send('DELETE', '/mfa/totp'))
    await keep(quiet, browser.send('POST', '/mfa/sign-out'))
    await keep(quiet, browser.send('GET', '/who', undefined, { 'x-test-subject': null }))

    const told = JSON.stringify({
      bodies: quiet.map(({ text }) => text),
      headers: [...quiet, ...showing].map(({ headers }) => headers),
      events: host.events,
      log: host.logged,
      metrics: await host.bff.metrics(),
    })
    expect(told).not.toContain('SENTINEL')
    for (const secret of [rightCode, '135790', 'project-test-1']) expect(told).not.toContain(secret)
    for (const { text } of showing) {
      expect(text).not.toMatch(/SENTINEL-(token|jwt|provider|ist|sign-in)/)
      expect(text).toContain('SENTINEL')
    }
    expect(host.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'enrolled',
        'challenge_failed',
        'challenge_passed',
        'recovered',
        'recovery_codes_shown',
        'recovery_codes_rotated',
        'removed',
        'session_revoked',
      ]),
    )
    const [enrolled] = host.events.filter(({ type }) => type === 'enrolled')
    expect(enrolled).toMatchObject({
      requestId: expect.any(String),
      address: '127.0.0.1',
      factorId: expect.any(String),
      subject:
        subject.kind === 'user'
          ? { kind: 'user', userId: 'user-1' }
          : { kind: 'member', memberId: 'member-1' },
    })
  },
)

it('T87: the provider’s secret hangs on nothing that createBff gives back', async () => {
  host = await startHost(createFakeProvider().fetch)
  const { inspect } = await import('node:util')
  expect(inspect(host.bff, { depth: 10, showHidden: true })).not.toContain('SENTINEL')
  expect(JSON.stringify(host.bff)).not.toContain('SENTINEL')
})
