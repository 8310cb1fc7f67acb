import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { decodeBase32 } from '../src/base32.js'
import { totpCode, totpStep } from '../src/totp.js'

// The program as it is shipped: compiled, started by plain node.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = join(root, 'packages/totp-server/dist/main.js')

beforeAll(() => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  // Whether the types are right is another check's business: the compiler emits in any case.
  spawnSync(process.execPath, [tsc, '-b', 'packages/totp-server'], { cwd: root })
}, 120_000)

test('neither engine is loaded before its database is opened', () => {
  const script = `import Module from 'node:module'
    const { openSqlite } = await import(${JSON.stringify(join(program, '../index.js'))})
    const isLoaded = () => Object.keys(Module._cache).some((path) => /node_modules.(libsql|pg)./.test(path))
    console.log(isLoaded())
    await (await openSqlite({ dataDir: ':memory:' })).close()
    console.log(isLoaded())`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout).toBe('false\ntrue\n')
})

const children: ChildProcess[] = []
const folders: string[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kit-program-'))
  folders.push(folder)
  return folder
}

function launch(env: Record<string, string>, args: string[] = []) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  return { child, exited, stdout: () => text(child.stdout), stderr: text(child.stderr) }
}

const dev = (dataDir: string) => ({ KIT_DEV: '1', DATA_DIR: dataDir, PORT: '0', SESSION_JWT_ALG: 'ES256' })

/** Starts the program and waits for the line that says it is ready. */
async function start(env: Record<string, string>) {
  const launched = launch(env)
  const lines: string[] = []
  for await (const line of createInterface(launched.child.stdout)) {
    lines.push(line)
    if (line.startsWith('listening on ')) break
  }
  const value = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length) ?? ''
  const url = value('listening on ')
  const authorization = `Basic ${btoa(`${value('PROJECT_ID=')}:${value('PROJECT_SECRET=')}`)}`
  const call = async (path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: await response.json() }
  }
  return { ...launched, lines, url, authorization, call }
}

test.each<[string, Record<string, string>, RegExp]>([
  ['without credentials', {}, /^kit-totp-server: PROJECT_ID and PROJECT_SECRET are missing\. .*\n$/],
  [
    'T16: with KIT_DEV in production',
    { KIT_DEV: '1', NODE_ENV: 'production' },
    /^kit-totp-server: KIT_DEV=1 .* refused with NODE_ENV=production\. .*\n$/,
  ],
  [
    'with a database that does not answer',
    {
      PROJECT_ID: 'project-test-1',
      PROJECT_SECRET: 'secret-test-1234',
      ENCRYPTION_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
      DATABASE_URL: 'postgres://kit:sentinel@127.0.0.1:1/kit',
    },
    /^kit-totp-server: (?!.*sentinel).*\n$/,
  ],
])('it does not start %s, and says why in one line', async (_, env, expected) => {
  const { exited, stderr } = launch(env)
  expect(await exited).toEqual({ code: 1, signal: null })
  expect(await stderr).toMatch(expected)
})

test.each([[['--port', '5000']], [['nonsense']], [['--help', 'me']]])(
  'it takes no arguments, and starts nothing where it is given %j',
  async (args) => {
    const { exited, stderr } = launch(dev(temporaryFolder()), args)
    expect(await exited).toEqual({ code: 2, signal: null })
    expect(await stderr).toMatch(/^Usage: kit-totp-server .*environment.*\n$/)
  },
)

test('asked for help it says how it is used, and starts nothing', async () => {
  const { exited, stdout } = launch({}, ['--help'])
  expect(await stdout()).toMatch(/^Usage: kit-totp-server .*\n$/)
  expect(await exited).toEqual({ code: 0, signal: null })
})

test('a port that is taken stops the start in one line', async () => {
  const { url } = await start(dev(temporaryFolder()))
  const { port } = new URL(url)
  const { exited, stderr } = launch({ ...dev(temporaryFolder()), PORT: port })
  expect(await exited).toEqual({ code: 1, signal: null })
  expect(await stderr).toMatch(
    new RegExp(`^kit-totp-server: Cannot listen on 127.0.0.1:${port} .*Set PORT.*\n$`),
  )
})

test('KIT_DEV prints a pair that works, and the same one at the next start', async () => {
  const dataDir = temporaryFolder()
  const first = await start(dev(dataDir))
  expect(first.lines).toHaveLength(3)
  const { status, body } = await first.call('/v1/totps', { user_id: 'ann' })
  expect({ status, body }).toMatchObject({ status: 200, body: { recovery_codes: { length: 10 } } })
  const anonymous = await fetch(`${first.url}/v1/totps`, { method: 'POST', body: '{}' })
  expect(anonymous.status).toBe(401)
  first.child.kill('SIGTERM')
  await first.exited
  const second = await start(dev(dataDir))
  expect(second.lines.slice(0, 2)).toEqual(first.lines.slice(0, 2))
})

test('health, readiness and figures are told without credentials, and without anybody in them', async () => {
  const server = await start(dev(temporaryFolder()))
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  const { body } = await server.call('/v1/totps', { user_id: 'sentinel-user' })
  const code = totpCode({
    secret: decodeBase32(body.secret) ?? new Uint8Array(),
    step: totpStep(Date.now(), 30),
    algorithm: 'SHA1',
    digits: 6,
  })
  const authenticate = () =>
    server.call('/v1/totps/authenticate', { user_id: 'sentinel-user', totp_code: code })
  expect((await authenticate()).status).toBe(200)
  expect((await authenticate()).status).toBe(401)
  const response = await fetch(`${server.url}/metrics`)
  expect(response.headers.get('content-type')).toContain('text/plain')
  const figures = await response.text()
  expect(figures).toContain('kit_totp_requests_total{endpoint="totps.create",status="200",outcome="ok"} 1')
  expect(figures).toContain('kit_totp_verdicts_total{factor="totp",verdict="accepted"} 1')
  expect(figures).toContain('kit_totp_verdicts_total{factor="totp",verdict="replayed"} 1')
  expect(figures).toContain('process_resident_memory_bytes')
  expect(figures).not.toMatch(/sentinel|user-test|totp-test/)
})

test('F37: SIGTERM finishes the request under way, takes no other, and exits with 0', async () => {
  const server = await start(dev(temporaryFolder()))
  const port = Number(new URL(server.url).port)
  const body = '{"user_id":"ann"}'
  const underWay = connect(port, '127.0.0.1')
  underWay.write(
    `POST /v1/totps HTTP/1.1\r\nhost: x\r\nauthorization: ${server.authorization}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n{`,
  )
  // Another request on the way there and back: the one above has arrived then.
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  server.child.kill('SIGTERM')
  const isAnswering = () =>
    fetch(`${server.url}/healthz`, { headers: { connection: 'close' } }).then(
      () => true,
      () => false,
    )
  while (await isAnswering());
  underWay.write(body.slice(1))
  const answer = await text(underWay)
  expect(answer).toMatch(/^HTTP\/1.1 200 /)
  expect(answer).toContain('"recovery_codes"')
  expect(await server.exited).toEqual({ code: 0, signal: null })
})

test('F37, F47: ends when it is told to, also where nobody reads its log', async () => {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [program], {
    env: { PATH, ...dev(temporaryFolder()) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let url: string | undefined
  for await (const line of createInterface(child.stdout)) {
    url = /^listening on (.+)$/.exec(line)?.[1]
    if (url !== undefined) break
  }
  const ask = async () => {
    for (let i = 0; i < 250; i++) expect((await fetch(`${url}/v1/users/nobody`)).status).toBe(401)
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('T3: after kill -9 nothing that was answered is lost, and a spent code stays spent', async () => {
  const dataDir = temporaryFolder()
  const first = await start(dev(dataDir))
  const created = await first.call('/v1/totps', { user_id: 'ann' })
  const secret = decodeBase32(created.body.secret) ?? new Uint8Array()
  const code = totpCode({ secret, step: totpStep(Date.now(), 30), algorithm: 'SHA1', digits: 6 })
  const user_id = created.body.user_id
  expect((await first.call('/v1/totps/authenticate', { user_id, totp_code: code })).status).toBe(200)
  first.child.kill('SIGKILL')
  await first.exited
  const second = await start(dev(dataDir))
  const replay = await second.call('/v1/totps/authenticate', { user_id, totp_code: code })
  expect(replay).toMatchObject({ status: 401, body: { error_type: 'totp_code_already_authenticated' } })
  const codes = await second.call('/v1/totps/recovery_codes', { user_id })
  expect(codes.body.totps[0].recovery_codes).toEqual(created.body.recovery_codes)
})

test('T3: two processes on one folder are one server', async () => {
  const dataDir = temporaryFolder()
  const [one, two] = [await start(dev(dataDir)), await start(dev(dataDir))]
  const created = await one.call('/v1/totps', { user_id: 'ann' })
  const secret = decodeBase32(created.body.secret) ?? new Uint8Array()
  const totp_code = totpCode({ secret, step: totpStep(Date.now(), 30), algorithm: 'SHA1', digits: 6 })
  const submissions = Array.from({ length: 10 }, (_, i) =>
    (i % 2 ? one : two).call('/v1/totps/authenticate', { user_id: 'ann', totp_code }),
  )
  const statuses = (await Promise.all(submissions)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
})

test('T85: the log at its most talkative names requests and holds no secret, code or token', async () => {
  const server = await start({ ...dev(temporaryFolder()), LOG_LEVEL: 'trace' })
  const { body } = await server.call('/v1/totps', { user_id: 'ann' })
  const secret = decodeBase32(body.secret) ?? new Uint8Array()
  const totp_code = totpCode({ secret, step: totpStep(Date.now(), 30), algorithm: 'SHA1', digits: 6 })
  const login = await server.call('/v1/totps/authenticate', {
    user_id: 'ann',
    totp_code,
    session_duration_minutes: 5,
  })
  await server.call('/v1/totps/recover', { user_id: 'ann', recovery_code: body.recovery_codes[0] })
  await server.call('/v1/totps/recover', { user_id: 'ann', recovery_code: ['wrong'] })
  server.child.kill('SIGTERM')
  await server.exited
  const log = await server.stderr
  expect(log).toContain('"endpoint":"totps.authenticate"')
  const secrets = [
    body.secret,
    totp_code,
    ...body.recovery_codes,
    login.body.session_token,
    login.body.session_jwt,
  ]
  for (const planted of [...secrets, server.authorization.slice(6)]) expect(log).not.toContain(planted)
})
