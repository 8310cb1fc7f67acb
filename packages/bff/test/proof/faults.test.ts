import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { serve } from '@kit/totp-server'
import { exportJWK, SignJWT } from 'jose'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { report } from '../../../totp-server/test/proof/proof.js'
import { createSweep } from '../../../totp-server/test/proof/secrecy.js'
import { identity } from '../../src/index.js'
import { openBrowser, startHost, user } from '../host.js'
import { buildProgram, call, endAll, environment, freePort, newFolder, start } from '../kit-bff.js'
import { startProvider } from '../real-provider.js'
import { authority, elsewhere, expired, key, right, selfSigned } from './certificates.js'
import { startChaosProxy } from './chaos-proxy.js'
import { startChaosWorld } from './chaos-world.js'

// Faults that are more than one spoiled exchange. After each the invariants hold, without a restart.

beforeAll(buildProgram, 120_000)
afterEach(endAll)

const faulty = (row: string, figures: string) => report('Fail closed', `${row}: ${figures}`)

it('F12: a certificate that has expired, is for another host or signed by itself: nothing is sent, nobody is let in', async () => {
  const provider = await startProvider()
  provider.advance((Date.now() - provider.now()) / 1000)
  let requests = 0
  const count = (asked: Request) => {
    requests++
    return provider.fetch(asked)
  }
  const served = await serve({ fetch: count, host: '127.0.0.1', port: 0 })
  const open = new Set<TLSSocket>()
  const terminator = createTlsServer({ key, cert: right }, (socket) => {
    open.add(socket)
    const inner = createConnection(Number(new URL(served.url).port), '127.0.0.1')
    for (const end of [socket, inner]) end.on('error', () => {})
    socket.pipe(inner).pipe(socket)
  })
  terminator.on('tlsClientError', () => {})
  terminator.listen(0, '127.0.0.1')
  await once(terminator, 'listening')
  /** From now on whoever connects is shown this one. */
  const show = (cert: string) => {
    terminator.setSecureContext({ key, cert })
    for (const socket of open) socket.destroy()
    open.clear()
  }

  const trusted = join(newFolder('kit-trust-'), 'authority.pem')
  writeFileSync(trusted, authority)
  const opsPort = await freePort()
  const { url, child } = await start(
    environment({
      UPSTREAM: 'url',
      UPSTREAM_URL: `https://localhost:${(terminator.address() as AddressInfo).port}`,
      PROJECT_SECRET: 'SENTINEL-provider-secret',
      NODE_EXTRA_CA_CERTS: trusted,
      OPS_PORT: String(opsPort),
      LOG_LEVEL: 'trace',
    }),
  )
  let logged = ''
  child.stderr.on('data', (chunk) => {
    logged += chunk
  })
  const status = await call(url, 'GET', '/mfa/status')
  const headers = { 'x-csrf': JSON.parse(status.text).csrfToken }
  const begun = await call(url, 'POST', '/mfa/totp', headers)
  const created = JSON.parse(begun.text)
  const sweep = createSweep()
  sweep.plant('SENTINEL', created.secret, ...created.recoveryCodes)
  const submit = (more: Record<string, string> = {}) => {
    const code = provider.nextCode(created.secret)
    sweep.plant(code)
    return call(url, 'POST', '/mfa/totp/authenticate', { ...headers, ...more }, { code })
  }
  // The pending registration belongs to the browser that began it.
  const confirmed = await submit({ cookie: String(begun.cookie) })
  expect(confirmed.status).toBe(200)

  for (const cert of [expired, elsewhere, selfSigned]) {
    show(cert)
    const before = requests
    const refused = await submit()
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([502, 'bad_upstream'])
    expect(refused.cookie).toBeUndefined()
    expect(requests).toBe(before)
  }
  expect((await call(`http://127.0.0.1:${opsPort}`, 'GET', '/metrics')).text).toContain('outcome="malformed"')
  show(right)
  expect((await submit()).status).toBe(200)

  sweep.look('log', logged)
  sweep.end()
  show(right)
  terminator.close()
  await served.close()
  await provider.close()
  faulty(
    'F12',
    '3 certificates that prove nothing, 0 requests sent to whoever showed them, 3 answered with 502',
  )
})

it('F16: a provider that hangs under load takes fifty connections and a queue of a hundred, and nothing else', async () => {
  const world = await startChaosWorld({ timeoutMs: 20_000 })
  const { host, proxy, owner } = world
  const people = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const browser = openBrowser(host, user(`crowd-${index}`))
      await browser.status()
      return browser
    }),
  )
  proxy.breakAll()
  await sleep(50)
  const connectionsBefore = proxy.connections
  proxy.fault = 'holds every request'
  let answered = 0
  const calls = people.map(async (browser) => {
    const answer = await world.post(browser, '/mfa/totp', {})
    answered++
    return answer
  })
  await expect.poll(() => answered, { timeout: 15_000 }).toBe(50)
  expect(proxy.connections - connectionsBefore).toBeLessThanOrEqual(50)
  // Whoever needs no provider is answered while all of them hang.
  expect((await owner.send('GET', '/vault')).text).toBe('gold')
  expect((await owner.status()).status).toBe(200)
  expect((await owner.send('POST', '/mfa/sign-out')).status).toBe(204)
  expect(answered).toBe(50)

  proxy.fault = 'none'
  proxy.release()
  const answers = await Promise.all(calls)
  const told = answers.map(({ status }) => status)
  expect(told.filter((status) => status === 201)).toHaveLength(150)
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expect([answer.status, answer.body.code]).toEqual([503, 'upstream_unavailable'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }
  world.sweep.plant(...answers.flatMap(({ body }) => (body.secret ? [body.secret] : [])))
  await world.invariants()
  await world.end('a provider that hangs')
  faulty(
    'F16',
    '200 calls at a provider that hung: 50 refused at once, 150 answered once it went on, sign-out and gate meanwhile as ever',
  )
})

it('F17: identity keys out of reach: the known ones count on, unknown ones are nobody, and asked for once', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'known', alg: 'ES256', use: 'sig' }]
  const jwks = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  }).listen(0, '127.0.0.1')
  await once(jwks, 'listening')
  const network = await startChaosProxy(`http://127.0.0.1:${(jwks.address() as AddressInfo).port}`)
  const [issuer, audience] = ['https://login.example.com/', 'acme']
  const sign = (kid: string) =>
    new SignJWT({ email: 'ada@example.com', sid: 'sign-in-1' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setSubject('user-1')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(privateKey)
  const provider = await startProvider()
  const startOne = () =>
    startHost(provider.fetch, 'handler', {
      identify: identity.jwt({ issuer, audience, jwksUrl: `${network.url}/jwks.json` }),
    })
  const [warm, cold] = [await startOne(), await startOne()]
  const ask = async (host: typeof warm, token: string) =>
    (
      await openBrowser(host, null).send('GET', '/mfa/status', undefined, {
        authorization: `Bearer ${token}`,
      })
    ).status
  const [known, unknown] = [await sign('known'), await sign('unknown')]
  expect(await ask(warm, known)).toBe(200)

  network.breakAll()
  network.fault = 'resets before the request arrives'
  expect(await ask(warm, known)).toBe(200)
  const before = network.connections
  for (let turn = 0; turn < 20; turn++) expect([401, 503]).toContain(await ask(warm, unknown))
  expect(network.connections - before).toBeLessThanOrEqual(1)
  expect(await ask(cold, known)).toBe(503)

  network.fault = 'none'
  await expect.poll(() => ask(cold, known), { timeout: 10_000 }).toBe(200)
  expect(await ask(warm, known)).toBe(200)
  const sweep = createSweep()
  sweep.plant(known, unknown)
  for (const host of [warm, cold]) sweep.look('log', host.logged.join('\n') + (await host.bff.metrics()))
  sweep.end()
  for (const host of [warm, cold]) await host.close()
  await provider.close()
  await network.close()
  jwks.close()
  faulty(
    'F17',
    'identity keys out of reach: known keys count, 20 tokens of unknown ones refused with at most 1 question, a cold start is 503 until they are back',
  )
})

it('F18: a client that goes while a slow provider judges: the verdict is recorded, and counts', async () => {
  const world = await startChaosWorld({ timeoutMs: 8_000 })
  const { host, proxy } = world
  const unhandled: unknown[] = []
  const listener = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', listener)
  const passed = () => host.events.filter(({ type }) => type === 'challenge_passed').length
  for (let turn = 0; turn < 5; turn++) {
    const [browser, other] = [await world.signedIn(), await world.signedIn()]
    const code = world.nextCode()
    const before = passed()
    proxy.fault = 'delays every answer'
    const asked = () => proxy.requestLines.filter((line) => line.includes('authenticate')).length
    const askedBefore = asked()
    const leaving = request(`${host.url}/mfa/totp/authenticate`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        'user-agent': `leaving ${turn}`,
        'x-csrf': browser.csrf,
        'x-test-subject': JSON.stringify(browser.subject),
        cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; '),
      },
    })
    leaving.on('error', () => {})
    leaving.end(JSON.stringify({ code }))
    await expect.poll(asked).toBeGreaterThan(askedBefore)
    leaving.destroy()
    await expect.poll(passed, { timeout: 5_000 }).toBe(before + 1)
    proxy.fault = 'none'
    const second = await world.submit(other, code)
    await world.isRefused(other, second)
    await world.invariants()
  }
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
  await world.end('clients that go')
  faulty('F18', '5 clients that went before a slow verdict: 5 recorded, 0 accepted again')
})

it.each([60_000, -60_000])(
  'F19: a provider whose clock is %i ms ahead: codes and sessions count by its clock, and end',
  async (aheadMs) => {
    const world = await startChaosWorld()
    const { clock } = world
    clock.providerAheadMs = aheadMs
    // Past the step that was accepted before its clock was set.
    clock.nowMs += 120_000
    const browser = await world.signedIn()
    expect((await world.submit(browser, world.nextCode())).status).toBe(200)
    expect(await world.host.bff.metrics()).toContain(
      `kit_bff_upstream_clock_skew_seconds ${aheadMs / 1000}\n`,
    )
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    clock.nowMs += 58 * 60_000
    expect((await browser.send('GET', '/vault')).text).toBe('gold')
    // An hour, by whichever clock is the slower one.
    clock.nowMs += 2 * 60_000 + Math.abs(aheadMs)
    expect((await browser.send('GET', '/vault')).status).toBe(403)
    await world.invariants()
    await world.end('clocks that differ')
    faulty(
      'F19',
      `provider ${aheadMs / 1000} s ahead: accepted, and over after an hour and no more than that skew`,
    )
  },
)

it('F20: kept connections that die are replaced, and nothing is sent twice', async () => {
  const world = await startChaosWorld()
  const { proxy } = world
  const judged = () => proxy.requestLines.filter((line) => line.includes('authenticate')).length
  for (let turn = 0; turn < 10; turn++) {
    const browser = await world.signedIn()
    proxy.breakAll()
    // Until this process has been told so by its kernel.
    await sleep(20)
    const before = judged()
    const code = world.nextCode()
    const answer = await world.submit(browser, code)
    expect(answer.status).toBe(200)
    expect(judged()).toBe(before + 1)
    await world.invariants([[answer, await world.submit(await world.signedIn(), code)]])
  }
  await world.end('connections that die')
  faulty('F20', 'all kept connections dead 10 times: 10 codes accepted at the first try, 0 sent twice')
})

it('F47: while nobody reads its log, people enrol and pass', async () => {
  const { url, child } = await start(environment({ LOG_LEVEL: 'trace' }))
  child.stderr.pause()
  // Some three megabytes of lines: more than the pipe and the buffer hold.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let turn = 0; turn < 250; turn++)
        expect((await call(url, 'GET', `/mfa/${'unknown'.repeat(20)}`)).status).toBe(404)
    }),
  )
  const status = await call(url, 'GET', '/mfa/status')
  const headers = { 'x-csrf': JSON.parse(status.text).csrfToken }
  const created = await call(url, 'POST', '/mfa/totp', headers)
  expect(created.status).toBe(201)
  const wrong = await call(
    url,
    'POST',
    '/mfa/totp/authenticate',
    { ...headers, cookie: String(created.cookie) },
    { code: '000000' },
  )
  expect([wrong.status, JSON.parse(wrong.text).code]).toEqual([422, 'invalid_code'])
  const sweep = createSweep()
  const { secret, recoveryCodes } = JSON.parse(created.text)
  sweep.plant('SENTINEL', secret, ...recoveryCodes)
  let logged = ''
  child.stderr.on('data', (chunk) => {
    logged += chunk
  })
  child.stderr.resume()
  await expect.poll(() => logged.includes('"status":404')).toBe(true)
  sweep.look('log', logged)
  sweep.end()
  faulty('F47', '2000 requests whose log nobody read, all answered; then an enrolment and a verdict')
})

it.each<[string, () => void | Promise<void>]>([
  [
    'fails',
    () => {
      throw new Error('SENTINEL-mail-server')
    },
  ],
  ['hangs', () => new Promise<void>(() => {})],
])('F48: a hook that %s keeps nobody waiting', async (what, onEvent) => {
  const world = await startChaosWorld({ onEvent })
  for (let turn = 0; turn < 5; turn++) {
    const browser = await world.signedIn()
    const code = world.nextCode()
    const first = await world.submit(browser, code)
    expect(first.status).toBe(200)
    await world.invariants([[first, await world.submit(await world.signedIn(), code)]])
  }
  const failures = /^kit_bff_event_hook_failures_total (\d+)/m.exec(await world.host.bff.metrics())?.[1]
  expect(Number(failures ?? 0) > 0).toBe(what === 'fails')
  await world.end(`a hook that ${what}`)
  faulty('F48', `a hook that ${what}: 10 sign-ins as ever`)
})
