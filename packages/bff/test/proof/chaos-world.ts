import { mkdtempSync, rmSync } from 'node:fs'
import { globalAgent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errors } from '@kit/contract'
import { createTotpClient } from '@kit/totp-client'
import { createTotpServer, openSqlite, serve } from '@kit/totp-server'
import { Secret, TOTP } from 'otpauth'
import { expect } from 'vitest'
import { heldBytes } from '../../../totp-server/test/proof/memory.js'
import { createSweep } from '../../../totp-server/test/proof/secrecy.js'
import type { BffOptions } from '../../src/index.js'
import { type Answer, type Browser, openBrowser, startHost, user } from '../host.js'
import { startChaosProxy } from './chaos-proxy.js'

const credentials = { projectId: 'project-test-1', secret: 'SENTINEL-provider-secret' }

type World = Partial<BffOptions> & {
  /** The deadline of calls to the provider. */
  timeoutMs?: number
}

/** A host application, a provider on a socket, and between them a network that does what it is told. */
export async function startChaosWorld({ timeoutMs = 1000, ...options }: World = {}) {
  const clock = { nowMs: Date.parse('2026-11-22T00:00:00Z'), providerAheadMs: 0 }
  const dataDir = mkdtempSync(join(tmpdir(), 'kit-chaos-'))
  const provider = createTotpServer({
    store: await openSqlite({ dataDir }),
    projectId: credentials.projectId,
    secrets: [credentials.secret],
    encryptionKeys: 'k1:IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA=',
    autoProvision: true,
    sessionJwtAlgorithm: 'ES256',
    clock: () => clock.nowMs + clock.providerAheadMs,
  })
  const served = await serve({ ...provider, host: '127.0.0.1', port: 0 })
  const proxy = await startChaosProxy(served.url)
  const upstream = createTotpClient({ ...credentials, baseUrl: proxy.url, timeoutMs })
  const host = await startHost(provider.fetch, 'handler', { upstream, now: () => clock.nowMs, ...options })
  /** Not through the network: what is true. */
  const admin = createTotpClient({ ...credentials, baseUrl: served.url })

  // Each request on a browser of its own: two clicks of one browser would be one request (F40).
  let agent = 0
  const post = (browser: Browser, path: string, body: object) =>
    browser.send('POST', path, body, { 'user-agent': `browser ${agent++}` })
  const owner = openBrowser(host, user())
  await owner.status()
  const created = (await owner.send('POST', '/mfa/totp', {})).body
  const totp = new TOTP({ secret: Secret.fromBase32(created.secret) })
  const sweep = createSweep()
  sweep.plant(created.secret, ...created.recoveryCodes, 'SENTINEL')

  /** The code of an unused step, now. */
  const nextCode = () => {
    clock.nowMs += 31_000
    const code = totp.generate({ timestamp: clock.nowMs + clock.providerAheadMs })
    sweep.plant(code)
    return code
  }
  const submit = (browser: Browser, code: string) => post(browser, '/mfa/totp/authenticate', { code })
  expect((await submit(owner, nextCode())).status).toBe(200)

  /** Somebody who signed in at the host and did no MFA yet. */
  const signedIn = async () => {
    const browser = openBrowser(host, user())
    expect((await browser.status()).body).toMatchObject({ enrolled: true, verified: null })
    return browser
  }

  /** I4, I7: what is no 200 is in the words of the catalogue, and lets nobody in. */
  const isRefused = async (browser: Browser, { status, body, setCookies }: Answer) => {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(Object.keys(errors)).toContain(body.code)
    expect(body.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(setCookies).toEqual([])
    expect([403, 503]).toContain((await browser.send('GET', '/vault')).status)
  }

  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  const before = { heap: heldBytes(), sockets: sockets() }
  /**
   * What holds when a fault is over, without a restart. `attempts`: what came of submissions of each code.
   * I1: none was accepted twice; I2, I3: the one authenticator is there with its codes; I6: the next code is accepted;
   * I8: no more is held than before, besides the connections that are kept.
   */
  const invariants = async (attempts: Answer[][] = []) => {
    for (const answers of attempts) {
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    }
    clock.nowMs += 3_600_000
    const { totps } = await admin.totps.recoveryCodes({ user_id: 'user-1' })
    expect(totps.map(({ verified }) => verified)).toEqual([true])
    expect(totps[0]?.recovery_codes).toEqual(created.recoveryCodes)
    const browser = await signedIn()
    expect((await submit(browser, nextCode())).status).toBe(200)
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    expect(heldBytes()).toBeLessThan(before.heap * 1.1 + 6_000_000)
    // Those that browsers keep are not the point.
    globalAgent.destroy()
    await expect.poll(sockets, { timeout: 10_000 }).toBeLessThanOrEqual(before.sockets + 100)
  }

  return {
    clock,
    proxy,
    host,
    owner,
    post,
    submit,
    sweep,
    recoveryCodes: created.recoveryCodes,
    nextCode,
    signedIn,
    isRefused,
    invariants,
    /** Ends all, and looks for secrets in what was logged, told, counted, asked for by URL and stored: I5. */
    async end(what: string): Promise<string> {
      sweep.look(`${what}: log`, host.logged.join('\n'))
      sweep.look(`${what}: events`, JSON.stringify(host.events))
      sweep.look(`${what}: metrics`, await host.bff.metrics())
      sweep.look(`${what}: URLs`, proxy.requestLines.join('\n'))
      await host.close()
      await upstream.close()
      await admin.close()
      await proxy.close()
      await served.close()
      await provider.close()
      sweep.lookIntoFolder(`${what}: database`, dataDir)
      rmSync(dataDir, { recursive: true })
      return sweep.end()
    },
  }
}
