import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Secret, TOTP } from 'otpauth'
import { Agent, request } from 'undici'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  buildProgram,
  call,
  cookieKey,
  endAll,
  environment,
  freePort,
  identitySecret,
  newFolder,
  projectSecret,
  runToEnd,
  start,
  who,
} from './kit-bff.js'

/** A provider in no process of ours, which nothing asks at start. */
const elsewhere = { UPSTREAM: 'url', UPSTREAM_URL: 'http://127.0.0.1:9' }

beforeAll(buildProgram, 120_000)
afterEach(endAll)

describe('kit-bff', () => {
  it('enrols and passes with the server in the same process, the page beside it, and says nothing it must not', async () => {
    const page = newFolder('kit-bff-page-')
    mkdirSync(join(page, 'assets'))
    writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>')
    const { child, url } = await start(environment({ STATIC_DIR: page, LOG_LEVEL: 'trace' }))
    const logged = text(child.stderr as NodeJS.ReadableStream)

    const status = await call(url, 'GET', '/mfa/status')
    const headers = { 'x-csrf': JSON.parse(status.text).csrfToken }
    const created = await call(url, 'POST', '/mfa/totp', headers)
    expect(created.status).toBe(201)
    const { secret, otpauthUri } = JSON.parse(created.text)
    expect(otpauthUri).toContain('issuer=Kit')
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    const passed = await call(
      url,
      'POST',
      '/mfa/totp/authenticate',
      { ...headers, cookie: String(created.cookie) },
      { code },
    )
    expect(JSON.parse(passed.text)).toMatchObject({ enrolled: true, verified: { method: 'totp' } })

    const deep = await call(url, 'GET', '/security', { accept: 'text/html' })
    expect(deep.text).toContain('<title>page</title>')
    expect((await call(url, 'GET', '/mfa', { accept: 'text/html' })).text).toContain('<title>page</title>')
    // Nothing below the mount path is ever a page, or cached like one.
    const under = await call(url, 'GET', '/mfa/status/x.css', { accept: 'text/html' })
    expect([under.status, under.headers['content-type'], under.headers['cache-control']]).toEqual([
      404,
      'application/problem+json',
      'no-store',
    ])
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
    const lines = (await logged).trim().split('\n')
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
    for (const planted of [
      identitySecret,
      projectSecret,
      cookieKey,
      secret,
      code,
      String(passed.cookie).slice(4),
    ]) {
      expect(lines.join('\n')).not.toContain(planted)
    }
    expect(lines.join('\n')).toContain('"type":"enrolled"')
  })

  it('tells its health, its readiness and its metrics on a port of their own', async () => {
    const opsPort = await freePort()
    const { url } = await start(environment({ OPS_PORT: String(opsPort) }))
    const ops = `http://127.0.0.1:${opsPort}`
    await call(url, 'GET', '/mfa/status')
    expect((await call(ops, 'GET', '/healthz')).status).toBe(200)
    expect((await call(ops, 'GET', '/readyz')).text).toBe('{"status":"ready"}')
    const metrics = await call(ops, 'GET', '/metrics')
    expect(metrics.text).toContain('kit_bff_requests_total{operation="status",status="200"} 1')
    expect(metrics.text).toContain('kit_bff_upstream_seconds_bucket')
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await call(url, 'GET', path)).status).toBe(404)
    expect((await call(ops, 'GET', '/mfa/status')).status).toBe(404)
  })

  it('F36: says in readiness, log and check that the keys are not those of what the embedded server has stored', async () => {
    const opsPort = await freePort()
    const env = environment({ OPS_PORT: String(opsPort) })
    const right = await start(env)
    const token = JSON.parse((await call(right.url, 'GET', '/mfa/status')).text).csrfToken
    expect((await call(right.url, 'POST', '/mfa/totp', { 'x-csrf': token }, {})).status).toBe(201)
    right.child.kill('SIGTERM')
    await once(right.child, 'exit')
    const wrong = { ...env, ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}` }
    const { child } = await start(wrong)
    const ready = await call(`http://127.0.0.1:${opsPort}`, 'GET', '/readyz')
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: 'not ready', reason: expect.stringContaining('Check ENCRYPTION_KEYS') },
    ])
    child.kill('SIGTERM')
    expect(await text(child.stderr)).toContain('Check ENCRYPTION_KEYS')
    const { out, code } = await runToEnd(wrong, ['check'])
    expect([code, out]).toEqual([1, expect.stringMatching(/^wrong {2}.*Check ENCRYPTION_KEYS/m)])
  })

  it('F37: is not ready as soon as it drains, loses no request, and exits with 0', async () => {
    const opsPort = await freePort()
    const { child, url } = await start(environment({ OPS_PORT: String(opsPort) }))
    const agent = new Agent({ connections: 8, pipelining: 1 })
    const busy = new EventEmitter()
    const hasBegun = once(busy, 'fiftieth')
    const outcomes = { answered: 0, refused: 0, broken: [] as unknown[] }
    const client = async () => {
      while (outcomes.refused === 0) {
        try {
          const { statusCode, body } = await request(`${url}/mfa/status`, { headers: who, dispatcher: agent })
          await body.dump()
          if (statusCode !== 200) outcomes.broken.push(statusCode)
          else if (++outcomes.answered === 50) busy.emit('fiftieth')
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') outcomes.refused++
          else outcomes.broken.push(error)
        }
      }
    }
    const clients = Array.from({ length: 8 }, client)
    await hasBegun
    // A request that is under way as long as this test needs to look at the readiness.
    const held = connect(Number(new URL(url).port), '127.0.0.1')
    held.write('GET /mfa/status HTTP/1.1\r\nHost: x\r\n')
    await once(held, 'connect')
    const heldAnswer = text(held)
    const begun = performance.now()
    child.kill('SIGTERM')
    const readiness = async () => {
      const { statusCode, body } = await request(`http://127.0.0.1:${opsPort}/readyz`)
      await body.dump()
      return statusCode
    }
    await expect.poll(readiness).toBe(503)
    held.write('\r\n')
    expect(await heldAnswer).toMatch(/^HTTP\/1.1 401/)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    expect(performance.now() - begun).toBeLessThan(10_000)
    await Promise.all(clients)
    expect(outcomes.broken).toEqual([])
    await agent.close()
  })

  it('T95: answers of no route carry the headers of all others', async () => {
    const { url } = await start(environment({ ...elsewhere, ORIGIN: 'https://app.example.com' }))
    const answers = [await call(url, 'GET', '/nowhere')]
    // Bodies that do not come take every place.
    const halves = Array.from({ length: 256 }, () => connect(Number(new URL(url).port), '127.0.0.1'))
    for (const half of halves) {
      half.write(
        'POST /mfa/totp HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
      )
    }
    const busy = async () => {
      const answer = await call(url, 'GET', '/nowhere')
      if (answer.status === 503) answers.push(answer)
      return answers.length
    }
    await expect.poll(busy).toBe(2)
    for (const half of halves) half.destroy()
    expect(answers.map(({ status }) => status)).toEqual([404, 503])
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
      })
    }
    expect(answers[1]?.headers['retry-after']).toBe('1')
    expect(JSON.parse(answers[1]?.text ?? '')).toMatchObject({ code: 'upstream_unavailable', status: 503 })
  })

  it('F37, F47: answers on while nobody reads its log, and ends when it is told to', async () => {
    const { child, url } = await start(environment({ LOG_LEVEL: 'trace' }))
    const agent = new Agent({ connections: 8 })
    const ask = async () => {
      for (let i = 0; i < 250; i++) {
        const { statusCode, body } = await request(`${url}/mfa/${'unknown'.repeat(20)}`, {
          dispatcher: agent,
        })
        await body.dump()
        expect(statusCode).toBe(404)
      }
    }
    await Promise.all(Array.from({ length: 8 }, ask))
    await agent.close()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('F47: counts the lines that nobody took', async () => {
    const opsPort = await freePort()
    const { url } = await start(environment({ ...elsewhere, OPS_PORT: String(opsPort) }))
    const status = await call(url, 'GET', '/mfa/status')
    const headers = { 'x-csrf': JSON.parse(status.text).csrfToken }
    const dropped = async () => {
      await Promise.all(Array.from({ length: 50 }, () => call(url, 'POST', '/mfa/totp', headers)))
      const { text } = await call(`http://127.0.0.1:${opsPort}`, 'GET', '/metrics')
      return Number(/^kit_bff_log_lines_dropped_total (\d+)$/m.exec(text)?.[1])
    }
    expect(await dropped()).toBe(0)
    await expect.poll(dropped, { timeout: 25_000 }).toBeGreaterThan(0)
  })

  it.each([
    ['COOKIE_KEYS', { COOKIE_KEYS: 'short' }],
    ['PROJECT_SECRET', { PROJECT_SECRET: '' }],
    ['ORIGIN', { ORIGIN: 'http://app.example.com' }],
    ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: '' }],
    ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: 'k1:short' }],
    ['ISSUER', { ISSUER: 'Acme: the company' }],
    // T28: each process would else count codes alone, and nobody would know.
    ['DATABASE_URL', { ...elsewhere, DATABASE_URL: 'postgres://127.0.0.1:9/none' }],
    ['HOST', { HOST: '203.0.113.9' }],
  ])('refuses to start in one line that names %s', async (name, changes) => {
    const { out, err, code } = await runToEnd(environment(changes))
    expect({ out, code }).toEqual({ out: '', code: 1 })
    expect(err).toMatch(new RegExp(`^kit-bff: .*${name}.*\n$`, 'i'))
    expect(err).not.toContain('SENTINEL')
  })

  it('refuses a port that is taken, naming it', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    for (const name of ['PORT', 'OPS_PORT']) {
      const { err, code } = await runToEnd(environment({ [name]: String(port) }))
      expect(code).toBe(1)
      expect(err).toBe(
        `kit-bff: ${name}: cannot listen on 127.0.0.1:${port} (EADDRINUSE). Set ${name} to one that is free.\n`,
      )
    }
    taken.close()
  })
})

describe('kit-bff check', () => {
  const remote = (url: string) => environment({ UPSTREAM: 'url', UPSTREAM_URL: url })

  it('says that all is well', async () => {
    const { out, code } = await runToEnd(environment(), ['check'])
    expect(code).toBe(0)
    expect(out).toBe(
      'ok     The configuration is complete.\nok     The provider answers and accepts the credentials.\n',
    )
  })

  it('says in words what is wrong with the provider', async () => {
    const answers: Record<string, [number, string]> = {
      credentials: [
        401,
        JSON.stringify({
          status_code: 401,
          request_id: 'r',
          error_type: 'unauthorized_credentials',
          error_message: '',
          error_url: '',
        }),
      ],
      html: [200, '<html>'],
    }
    let current = 'credentials'
    const server = createServer((_req, res) => {
      const [status, body] = answers[current] ?? [500, '']
      res.writeHead(status).end(body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const words: [string, RegExp][] = [
      ['credentials', /^wrong {2}The provider refuses PROJECT_ID and PROJECT_SECRET/m],
      ['html', /^wrong {2}What answers is not a provider of TOTP/m],
    ]
    for (const [answer, pattern] of words) {
      current = answer
      const { out, code } = await runToEnd(remote(url), ['check'])
      expect(code).toBe(1)
      expect(out).toMatch(pattern)
      expect(out).not.toContain('SENTINEL')
    }
    server.close()
    const { out, code } = await runToEnd(remote('http://127.0.0.1:9'), ['check'])
    expect(code).toBe(1)
    expect(out).toMatch(/^wrong {2}The provider cannot be reached \(ECONNREFUSED\)/m)
  })

  it('says what is wrong with the configuration, and how it is used', async () => {
    const wrong = await runToEnd(environment({ COOKIE_KEYS: '' }), ['check'])
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/^kit-bff: COOKIE_KEYS: /)])
    for (const url of ['http://totp.example.com', 'nonsense']) {
      const { out, err } = await runToEnd(remote(url), ['check'])
      expect([out, err]).toEqual(['', expect.stringMatching(/^kit-bff: UPSTREAM_URL must be /)])
    }
    const usage = await runToEnd(environment(), ['chekc'])
    expect([usage.code, usage.err]).toEqual([2, expect.stringContaining('kit-bff check')])
    const help = await runToEnd({}, ['--help'])
    expect([help.code, help.out]).toEqual([0, expect.stringContaining('kit-bff check')])
  })
})
