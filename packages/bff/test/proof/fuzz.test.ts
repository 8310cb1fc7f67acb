import { routes } from '@kit/contract'
import fc from 'fast-check'
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { bodyText, hostileTexts } from '../../../totp-server/test/proof/corpus.js'
import { heldBytes } from '../../../totp-server/test/proof/memory.js'
import { limitMs, proofTimeoutMs, report, seed, size } from '../../../totp-server/test/proof/proof.js'
import { createSweep } from '../../../totp-server/test/proof/secrecy.js'
import { mounts, openBrowser, startHost, user } from '../host.js'
import { startProvider } from '../real-provider.js'

const requests = size(800, 25_000)

/** Bytes that a header may hold; what node refuses to send proves nothing about who receives. */
const headerText = fc.oneof(
  fc.constantFrom(...hostileTexts.filter((text) => /^[\x20-\x7e]*$/.test(text))),
  fc.stringMatching(/^[\x20-\x7e]{0,200}$/),
)
const paths = [...new Set(Object.values(routes).map(({ path }) => `/mfa${path}`))]

const request = fc.record({
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constant('POST') },
    fc.constantFrom('GET', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'),
  ),
  path: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...paths) },
    fc.constantFrom(
      '/mfa/totp/../status',
      '/mfa/%2e%2e/status',
      '/mfa//totp',
      '/mfa/totp/',
      '/mfa/TOTP',
      '/mfa/totp/authenticate.css',
      '/mfa/status?user_id=user-2',
      '/vault',
      '/vault-fresh',
    ),
  ),
  body: fc.oneof(
    { weight: 2, arbitrary: bodyText },
    fc
      .record({ code: fc.oneof(fc.constantFrom(...hostileTexts), fc.stringMatching(/^[0-9]{6,8}$/)) })
      .map((o) => JSON.stringify(o)),
    fc
      .record({ recoveryCode: fc.oneof(fc.constantFrom(...hostileTexts), fc.string()) })
      .map((o) => JSON.stringify(o)),
  ),
  headers: fc.dictionary(
    fc.constantFrom(
      'content-type',
      'content-encoding',
      'cookie',
      'x-csrf',
      'origin',
      'sec-fetch-site',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-http-method-override',
      'x-user-id',
      'authorization',
      'accept',
      'user-agent',
    ),
    headerText,
    { maxKeys: 3 },
  ),
  isSignedIn: fc.boolean(),
})

describe.each(mounts)('mounted as %s', (mount) => {
  it(
    'T12, T63, T65, T74, T90, T91: whatever is sent: no fault, nobody let in, nothing held on to',
    async () => {
      const provider = await startProvider()
      const host = await startHost(provider.fetch, mount, { now: provider.now })
      // The owner, who is enrolled and has passed; the fuzzer has the owner's sign-in at the host, not the cookie.
      // Another browser, too: requests that one browser sends at once share an answer (F40).
      const owner = openBrowser(host, user())
      const its = { 'user-agent': "the owner's" }
      await owner.status()
      const { secret, recoveryCodes } = (await owner.send('POST', '/mfa/totp', {}, its)).body
      const code = provider.nextCode(secret)
      expect((await owner.send('POST', '/mfa/totp/authenticate', { code }, its)).status).toBe(200)
      const totp = new TOTP({ secret: Secret.fromBase32(secret) })
      const isRight = (text: string) =>
        [-30, 0, 30].some((s) => text.includes(totp.generate({ timestamp: provider.now() + s * 1000 })))

      const sweep = createSweep()
      sweep.plant('SENTINEL', secret, code, ...recoveryCodes, ...owner.cookies.values())
      const fuzzer = openBrowser(host, user())
      const statuses = new Map<number, number>()
      let [done, heldAtFirst] = [0, 0]
      await fc.assert(
        fc.asyncProperty(request, async ({ method, path, body, headers, isSignedIn }) => {
          if (++done === 500) heldAtFirst = heldBytes()
          sweep.look('log', host.logged.join('\n') + JSON.stringify(host.events))
          host.events.length = 0
          host.logged.length = 0
          if (isRight(body)) return
          fuzzer.subject = isSignedIn ? user() : null
          fuzzer.csrf = owner.csrf
          fuzzer.cookies.clear()
          const sent = method === 'GET' || method === 'HEAD' ? undefined : body || undefined
          const { status, text, headers: answered } = await fuzzer.send(method, path, sent, headers)
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          expect(status).toBeLessThan(500)
          expect(text).not.toContain('gold')
          sweep.look('answer', text + JSON.stringify(answered))
          // Without a code, a signed-in owner of a password gets the status, and may cancel or sign out.
          const isHarmless =
            path.startsWith('/mfa/status') ||
            path === '/mfa/openapi.json' ||
            path === '/mfa/sign-out' ||
            path === '/mfa/totp/pending'
          if (status < 300 && method !== 'OPTIONS') expect([path, isHarmless]).toEqual([path, true])
          if (status < 300 && method !== 'GET' && method !== 'OPTIONS') {
            expect(isSignedIn && (headers['x-csrf'] ?? owner.csrf) === owner.csrf).toBe(true)
          }
          if (done % 50 === 0) provider.advance(3600)
        }),
        {
          numRuns: requests,
          seed,
          interruptAfterTimeLimit: limitMs,
          markInterruptAsFailure: false,
        },
      )
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
      const growth = (heldBytes() - heldAtFirst) / (done - 500)
      expect(growth).toBeLessThan(size(30_000, 1_000))
      sweep.look('metrics', await host.bff.metrics())
      report('Secrecy', `BFF as ${mount}, fuzzed: ${sweep.end()}`)
      await host.close()
      await provider.close()
      const told = [...statuses]
        .sort()
        .map(([status, times]) => `${status}: ${times}`)
        .join(', ')
      report(
        'Fail closed',
        `BFF as ${mount}: ${done} fuzzed requests, 0 unexpected 2xx, 0 5xx (${told}), ${Math.max(0, Math.round(growth))} B of heap a request (seed ${seed})`,
      )
    },
    proofTimeoutMs,
  )
})
