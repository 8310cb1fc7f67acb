import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@kit/totp-server'
import fc from 'fast-check'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { proofTimeoutMs, report, seed, size, startTimer } from '../../../totp-server/test/proof/proof.js'
import { createSweep } from '../../../totp-server/test/proof/secrecy.js'
import { buildProgram, call, endAll, environment, start } from '../kit-bff.js'
import { startProvider } from '../real-provider.js'
import { type Fault, startChaosProxy } from './chaos-proxy.js'

beforeAll(buildProgram, 120_000)
afterEach(endAll)

/** Two hundred a second for half an hour. */
const requests = size(2_000, 360_000)
const perSecond = 200
const width = 8
/** Each of these ends a call at once, so that the mix goes on. */
const quickFaults: Fault[] = [
  'resets before the request arrives',
  'loses the answer',
  'cuts the answer in half',
  'speaks no HTTP',
  'answers 200 with a page',
]

it.skipIf(process.platform !== 'linux')(
  'F46: through everything that visitors do, faults among it, the program holds on to no memory and no file',
  async () => {
    const provider = await startProvider()
    provider.advance((Date.now() - provider.now()) / 1000)
    const served = await serve({ fetch: provider.fetch, host: '127.0.0.1', port: 0 })
    const proxy = await startChaosProxy(served.url)
    const { url, child } = await start(
      environment({
        UPSTREAM: 'url',
        UPSTREAM_URL: proxy.url,
        PROJECT_SECRET: 'SENTINEL-provider-secret',
        TRUSTED_PROXIES: '127.0.0.1/32',
      }),
    )
    const sweep = createSweep()
    sweep.plant('SENTINEL')
    child.stderr.on('data', (chunk) => sweep.look('log', chunk))
    const now = () => ({
      mb: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
      files: readdirSync(`/proc/${child.pid}/fd`).length,
    })
    const choose = fc.sample(fc.nat(), { seed, numRuns: 997 })
    let [sent, unexpected] = [0, 0]
    const told = new Map<number, number>()

    /** What one visitor does, from an address of their own: look, begin, guess, confirm, sign out. */
    const visit = async (visitor: number) => {
      const headers = {
        'x-kit-user': `person-${visitor % 500}`,
        // Few enough that each has come back before the first third is over: what a visit adds from then on is its
        // session's, in maps of a fixed size.
        'x-forwarded-for': `192.0.${(visitor >> 8) % 8}.${visitor % 256}`,
      }
      const ask = async (method: string, path: string, more: Record<string, string> = {}, body?: object) => {
        const answer = await call(url, method, path, { ...headers, ...more }, body)
        told.set(answer.status, (told.get(answer.status) ?? 0) + 1)
        sent++
        if (answer.status >= 500 && ![502, 503, 504].includes(answer.status)) unexpected++
        return answer
      }
      const status = await ask('GET', '/mfa/status')
      if (status.status !== 200) return
      const csrf = { 'x-csrf': JSON.parse(status.text).csrfToken }
      const begun = await ask('POST', '/mfa/totp', csrf)
      await ask(
        'POST',
        '/mfa/totp/authenticate',
        { ...csrf, cookie: String(begun.cookie) },
        { code: '000000' },
      )
      if (begun.status === 201) {
        const { secret, recoveryCodes } = JSON.parse(begun.text)
        if (visitor % 50 === 0) sweep.plant(secret, ...recoveryCodes)
        const code = provider.nextCode(secret)
        const passed = await ask(
          'POST',
          '/mfa/totp/authenticate',
          { ...csrf, cookie: String(begun.cookie) },
          { code },
        )
        await ask('DELETE', '/mfa/totp', { ...csrf, cookie: String(passed.cookie) })
      }
      await ask('GET', `/mfa/${'x'.repeat(visitor % 100)}`)
      await ask('POST', '/mfa/sign-out', csrf)
    }

    const samples: ReturnType<typeof now>[] = []
    const isOver = startTimer()
    const began = Date.now()
    let visitor = 0
    const worker = async () => {
      while (sent < requests && !isOver()) {
        const turn = visitor++
        // One visit of ten falls on a bad moment; the breaker opens above a half.
        proxy.fault =
          turn % 10 === 0 ? (quickFaults[(choose[turn % 997] ?? 0) % quickFaults.length] ?? 'none') : 'none'
        await visit(turn)
        if (turn % 20 === 0) samples.push(now())
        const early = (sent / perSecond) * 1000 - (Date.now() - began)
        if (early > 0 && size(false, true)) await sleep(early)
      }
    }
    await Promise.all(Array.from({ length: width }, worker))
    proxy.fault = 'none'

    const median = (of: 'mb' | 'files', from: number, to: number) => {
      const some = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))
      return some.map((sample) => sample[of]).sort((a, b) => a - b)[some.length >> 1] ?? 0
    }
    // The first third fills caches of a fixed size and lets the compiler finish.
    const memory = [median('mb', 0.33, 0.66), median('mb', 0.66, 1)] as const
    const files = [median('files', 0.33, 0.66), median('files', 0.66, 1)] as const
    expect(unexpected).toBe(0)
    expect(files[1]).toBeLessThanOrEqual(files[0] + 5)
    expect(memory[1]).toBeLessThan(memory[0] * size(1.5, 1.1))
    expect((await call(url, 'GET', '/mfa/status')).status).toBe(200)
    sweep.look('URLs', proxy.requestLines.join('\n'))
    const mix = [...told].sort().map(([status, times]) => `${status}: ${times}`)
    const minutes = ((Date.now() - began) / 60_000).toFixed(1)
    report(
      'Fail closed',
      `F46: kit-bff for ${minutes} min, ${sent} requests, faults among them (${mix.join(', ')}): ${memory[0].toFixed(0)} MB in the second third, ${memory[1].toFixed(0)} MB in the last; ${files[0]} and ${files[1]} open files`,
    )
    report('Secrecy', `kit-bff in a soak: ${sweep.end()}`)
    await proxy.close()
    await served.close()
    await provider.close()
  },
  proofTimeoutMs,
)
