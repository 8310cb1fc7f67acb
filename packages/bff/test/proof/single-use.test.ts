import { describe, expect, it } from 'vitest'
import { proofTimeoutMs, report, size, startTimer } from '../../../totp-server/test/proof/proof.js'
import { createSweep } from '../../../totp-server/test/proof/secrecy.js'
import { createFakeProvider, rightCode } from '../fake-provider.js'
import { type Answer, type Host, mounts, openBrowser, startHost, user } from '../host.js'
import { startProvider } from '../real-provider.js'

const width = 24
const rounds = size(10, 2_000)

let agent = 0
/** One submission each from as many browsers of one person, all at once. */
async function race(hosts: Host[], path: string, body: object): Promise<Answer[]> {
  const browsers = Array.from({ length: width }, (_, index) =>
    openBrowser(hosts[index % hosts.length]!, user()),
  )
  await Promise.all(browsers.map((browser) => browser.status()))
  const isEach = () => ({ 'user-agent': `browser ${agent++}` })
  return Promise.all(browsers.map((browser) => browser.send('POST', path, body, isEach())))
}

const accepted = (answers: Answer[]) => answers.filter(({ status }) => status === 200).length

describe.each(mounts)('mounted as %s', (mount) => {
  it(
    'T3, T50: raced from many browsers, over two hosts, a code and a recovery code are accepted once',
    async () => {
      const provider = await startProvider()
      const start = () => startHost(provider.fetch, mount, { now: provider.now })
      const hosts = [await start(), await start()]
      const owner = openBrowser(hosts[0]!, user())
      await owner.status()
      const { secret, recoveryCodes } = (await owner.send('POST', '/mfa/totp', {})).body
      const sweep = createSweep()
      sweep.plant('SENTINEL', secret, ...recoveryCodes)
      const first = { code: provider.nextCode(secret) }
      expect((await owner.send('POST', '/mfa/totp/authenticate', first)).status).toBe(200)
      const isOver = startTimer()
      let [round, codes, twice] = [0, 0, 0]
      for (; round < rounds && !isOver(); round++) {
        // Past the waits that the losers of the last round have begun, and what they left in the leaky level.
        provider.advance(30 * 86_400)
        const code = provider.nextCode(secret)
        sweep.plant(code)
        const wins = accepted(await race(hosts, '/mfa/totp/authenticate', { code }))
        if (wins > 1) twice++
        codes++
        expect(wins).toBe(1)
        const { totps } = await provider.admin.totps.recoveryCodes({ user_id: 'user-1' })
        const [recoveryCode] = totps[0]?.recovery_codes ?? []
        if (recoveryCode === undefined) {
          await provider.admin.kit.rotateRecoveryCodes({ user_id: 'user-1' })
          continue
        }
        const recoveries = accepted(await race(hosts, '/mfa/totp/recover', { recoveryCode }))
        if (recoveries > 1) twice++
        codes++
        expect(recoveries).toBe(1)
      }
      for (const host of hosts) {
        sweep.look('log', host.logged.join('\n') + JSON.stringify(host.events))
        sweep.look('metrics', await host.bff.metrics())
        await host.close()
      }
      await provider.close()
      report('Secrecy', `BFF as ${mount}, raced: ${sweep.end()}`)
      report(
        'Single use',
        `BFF as ${mount}: ${codes * width} submissions in ${codes} races of ${width} over two hosts, ${twice} accepted twice`,
      )
    },
    proofTimeoutMs,
  )

  it('T3: also on a wire that accepts a code as often as it comes', async () => {
    let nowMs = Date.parse('2026-11-22T00:00:00Z')
    const provider = createFakeProvider(() => nowMs)
    provider.plainWire = true
    const host = await startHost(provider.fetch, mount, { now: () => nowMs })
    const owner = openBrowser(host, user())
    await owner.status()
    await owner.send('POST', '/mfa/totp', {})
    await owner.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    for (let round = 0; round < 20; round++) {
      nowMs += 121_000
      expect(accepted(await race([host], '/mfa/totp/authenticate', { code: rightCode }))).toBe(1)
    }
    await host.close()
  })
})
