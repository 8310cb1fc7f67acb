import { errors } from '@kit/contract'
import { createTotpClient } from '@kit/totp-client'
import { createTotpServer, openSqlite, serve } from '@kit/totp-server'
import { Secret, TOTP } from 'otpauth'
import { expect, it } from 'vitest'
import { proofTimeoutMs, report, size, startTimer } from '../../../totp-server/test/proof/proof.js'
import { type Browser, openBrowser, startHost, user } from '../host.js'
import { faults, startChaosProxy } from './chaos-proxy.js'

const rounds = size(1, 25)
const credentials = { projectId: 'project-test-1', secret: 'SENTINEL-provider-secret' }

it(
  'F1–F11: whatever the network does to a verdict: answered in time, by the catalogue, spent once, and over when it is over',
  async () => {
    let nowMs = Date.parse('2026-11-22T00:00:00Z')
    const store = await openSqlite({ dataDir: ':memory:' })
    const provider = createTotpServer({
      store,
      projectId: credentials.projectId,
      secrets: [credentials.secret],
      encryptionKeys: 'k1:IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA=',
      autoProvision: true,
      sessionJwtAlgorithm: 'ES256',
      clock: () => nowMs,
    })
    const served = await serve({ ...provider, host: '127.0.0.1', port: 0 })
    const proxy = await startChaosProxy(served.url)
    const upstream = createTotpClient({ ...credentials, baseUrl: proxy.url, timeoutMs: 1000 })
    const host = await startHost(provider.fetch, 'handler', { upstream, now: () => nowMs })

    const owner = openBrowser(host, user())
    await owner.status()
    const created = (await owner.send('POST', '/mfa/totp', {})).body
    const totp = new TOTP({ secret: Secret.fromBase32(created.secret) })
    const nextCode = () => {
      nowMs += 31_000
      return totp.generate({ timestamp: nowMs })
    }
    const codes: string[] = created.recoveryCodes
    const planted = [created.secret, ...codes]
    // Each on a browser of its own: two clicks of one browser would be one request (F40).
    let agent = 0
    const post = (browser: Browser, path: string, body: object) =>
      browser.send('POST', path, body, { 'user-agent': `browser ${agent++}` })
    const attempts = {
      code: (browser: Browser, code: string) => post(browser, '/mfa/totp/authenticate', { code }),
      'recovery code': (browser: Browser, recoveryCode: string) =>
        post(browser, '/mfa/totp/recover', { recoveryCode }),
    }
    expect((await attempts.code(owner, nextCode())).status).toBe(200)

    /** Somebody who signed in at the host and did no MFA yet. */
    const signedIn = async () => {
      const browser = openBrowser(host, user())
      expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null })
      return browser
    }
    const told = new Map<string, number>()
    let [cases, longestMs] = [0, 0]
    const isOver = startTimer()
    for (let round = 0; round < rounds && !isOver(); round++) {
      for (const fault of faults) {
        for (const kind of ['code', 'recovery code'] as const) {
          if (kind === 'recovery code' && codes.length === 0) continue
          const code = kind === 'code' ? nextCode() : (codes.pop() ?? '')
          planted.push(code)
          const [browser, other] = [await signedIn(), await signedIn()]
          proxy.fault = fault
          const began = performance.now()
          const first = await attempts[kind](browser, code)
          longestMs = Math.max(longestMs, performance.now() - began)
          proxy.fault = 'none'

          // Fail closed, and in the words of the catalogue.
          if (first.status === 200) expect(first.body.verified).toMatchObject({ method: expect.any(String) })
          else {
            expect(Object.keys(errors)).toContain(first.body.code)
            expect(first.body.requestId).toMatch(/^[0-9a-f-]{36}$/)
            expect(first.setCookies).toEqual([])
            expect((await browser.send('GET', '/vault')).status).toBe(403)
          }
          told.set(first.body.code ?? 'accepted', (told.get(first.body.code ?? 'accepted') ?? 0) + 1)
          // The network is well again: so is the status, and of the two submissions at most one was accepted.
          expect((await browser.status()).body.stale).toBeUndefined()
          const second = await attempts[kind](other, code)
          expect([first, second].filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
          if (second.status !== 200) expect([409, 422, 429]).toContain(second.status)
          cases++
          // Past every wait that the wrong ones have begun, and the breaker sees more good than bad.
          nowMs += 3_600_000
        }
      }
    }
    expect(longestMs).toBeLessThan(10_000)
    const logged = host.logged.join('\n') + JSON.stringify(host.events)
    // Six digits may stand in a duration or an id by chance: a code would stand alone.
    for (const secret of [...planted, 'SENTINEL']) {
      expect(logged.match(new RegExp(`.{0,40}(?<![\\w.-])${secret}(?![\\w-]).{0,40}`))).toBeNull()
    }
    await host.close()
    await upstream.close()
    await proxy.close()
    await served.close()
    await provider.close()
    const words = [...told]
      .sort()
      .map(([word, times]) => `${word}: ${times}`)
      .join(', ')
    report(
      'Fail closed',
      `TCP proxy with ${faults.length - 1} faults between BFF and server: ${cases} cases, 0 let in unjudged, 0 accepted twice, slowest answer ${Math.round(longestMs)} ms (${words})`,
    )
  },
  proofTimeoutMs,
)
