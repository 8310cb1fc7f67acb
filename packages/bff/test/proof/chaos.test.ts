import { expect, it } from 'vitest'
import { proofTimeoutMs, report, size, startTimer } from '../../../totp-server/test/proof/proof.js'
import type { Browser } from '../host.js'
import { faults } from './chaos-proxy.js'
import { startChaosWorld } from './chaos-world.js'

const rounds = size(1, 25)

it(
  'F1–F11: whatever the network does to a verdict: answered in time, by the catalogue, spent once, and over when it is over',
  async () => {
    const world = await startChaosWorld()
    const { clock, proxy, nextCode, signedIn, post, isRefused } = world
    const codes = [...world.recoveryCodes]
    const attempts = {
      code: world.submit,
      'recovery code': (browser: Browser, recoveryCode: string) =>
        post(browser, '/mfa/totp/recover', { recoveryCode }),
    }
    const told = new Map<string, number>()
    let [cases, longestMs] = [0, 0]
    const isOver = startTimer()
    for (let round = 0; round < rounds && !isOver(); round++) {
      for (const fault of faults) {
        for (const kind of ['code', 'recovery code'] as const) {
          if (kind === 'recovery code' && codes.length === 0) continue
          const code = kind === 'code' ? nextCode() : (codes.pop() ?? '')
          const [browser, other] = [await signedIn(), await signedIn()]
          proxy.fault = fault
          const began = performance.now()
          const first = await attempts[kind](browser, code)
          longestMs = Math.max(longestMs, performance.now() - began)
          proxy.fault = 'none'

          if (first.status === 200) expect(first.body.verified).toMatchObject({ method: expect.any(String) })
          else await isRefused(browser, first)
          told.set(first.body.code ?? 'accepted', (told.get(first.body.code ?? 'accepted') ?? 0) + 1)
          // The network is well again: so is the status, and of the two submissions at most one was accepted.
          expect((await browser.status()).body.stale).toBeUndefined()
          const second = await attempts[kind](other, code)
          expect([first, second].filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
          if (second.status !== 200) expect([409, 422, 429]).toContain(second.status)
          cases++
          // Past every wait that the wrong ones have begun, and the breaker sees more good than bad.
          clock.nowMs += 3_600_000
        }
      }
    }
    expect(longestMs).toBeLessThan(10_000)
    report('Secrecy', `BFF and server under chaos: ${await world.end('chaos')}`)
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
