import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTotpServer, openSqlite, type TotpServer } from '../src/index.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = join(root, 'packages/totp-server/dist/import.js')

beforeAll(() => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  // Whether the types are right is another check's business: the compiler emits in any case.
  spawnSync(process.execPath, [tsc, '-b', 'packages/totp-server'], { cwd: root })
}, 120_000)

const projectId = 'project-test-11111111-1111-4111-8111-111111111111'
const projectSecret = 'secret-test-11111111111111111111'
const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`

let dataDir: string
let server: TotpServer | undefined

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'kit-import-'))
})
afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(dataDir, { recursive: true })
})

async function runImport(args: string[], input: string, env: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  const credentials = {
    PROJECT_ID: projectId,
    PROJECT_SECRET: projectSecret,
    ENCRYPTION_KEYS: encryptionKeys,
    AUTO_PROVISION: '1',
  }
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH, DATA_DIR: dataDir, ...credentials, ...env },
  })
  child.stdin.end(input)
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { code, lines: (output + errors).trim().split('\n') }
}

/** A call of a server on the same data. */
async function post(path: string, body: object) {
  server ??= createTotpServer({
    store: await openSqlite({ dataDir }),
    projectId,
    secrets: [projectSecret],
    encryptionKeys,
    sessionJwtAlgorithm: 'ES256',
  })
  const response = await server.fetch(
    new Request(`http://kit.test${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${projectId}:${projectSecret}`)}` },
      body: JSON.stringify(body),
    }),
  )
  return { status: response.status, body: await response.json() }
}

const secrets = {
  ann: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  bob: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U',
}
const codeOf = (secret: string, parameters: object = {}) =>
  new TOTP({ secret: Secret.fromBase32(secret), ...parameters }).generate()

const ann = { user_id: 'ann', secret: secrets.ann, recovery_codes: ['22o0-e6e9-plwt', 'abcd-efgh-jkmn'] }
const bob = {
  organization_id: 'acme',
  member_id: 'bob',
  secret: secrets.bob,
  algorithm: 'SHA512',
  digits: 8,
  period: 60,
}
const jsonLines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')

test('imported people sign in with the codes they had, also of another hash, length and period', async () => {
  const { code, lines } = await runImport([], jsonLines(ann, bob))
  expect({ code, lines }).toEqual({ code: 0, lines: ['imported 2, unchanged 0, refused 0'] })

  const login = { user_id: 'ann', totp_code: codeOf(secrets.ann) }
  expect((await post('/v1/totps/authenticate', login)).status).toBe(200)
  expect((await post('/v1/totps/authenticate', login)).body.error_type).toBe(
    'totp_code_already_authenticated',
  )
  const recovery = { user_id: 'ann', recovery_code: '2200 E6E9 PLWT' }
  expect((await post('/v1/totps/recover', recovery)).status).toBe(200)
  expect((await post('/v1/totps/recover', recovery)).status).toBe(401)

  const other = { algorithm: 'SHA512', digits: 8, period: 60 }
  const member = await post('/v1/b2b/totp/authenticate', {
    organization_id: 'acme',
    member_id: 'bob',
    code: codeOf(secrets.bob, other),
  })
  expect(member).toMatchObject({
    status: 200,
    body: { member: { mfa_enrolled: true, default_mfa_method: 'totp', external_id: 'bob' } },
  })
})

test('a second run changes nothing, and lets no spent code live again', async () => {
  await runImport([], jsonLines(ann))
  const login = { user_id: 'ann', totp_code: codeOf(secrets.ann) }
  expect((await post('/v1/totps/authenticate', login)).status).toBe(200)
  const again = await runImport([], jsonLines(ann, bob))
  expect(again).toEqual({ code: 0, lines: ['imported 1, unchanged 1, refused 0'] })
  expect((await post('/v1/totps/authenticate', login)).body.error_type).toBe(
    'totp_code_already_authenticated',
  )
})

test('a dry run reads a file and writes nothing', async () => {
  const file = join(dataDir, 'export.csv')
  writeFileSync(file, `user_id,secret\nann,${secrets.ann}\n`)
  const { code, lines } = await runImport(['--dry-run', file], '')
  expect({ code, lines }).toEqual({
    code: 0,
    lines: ['would import 1, unchanged 0, refused 0; nothing was changed'],
  })
  expect((await post('/v1/totps/authenticate', { user_id: 'ann', totp_code: '000000' })).status).toBe(404)
})

test('a dry run with another key leaves no trace of it', async () => {
  const tried = await runImport(['--dry-run'], jsonLines(ann), {
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 8).toString('base64')}`,
  })
  expect(tried.code).toBe(0)
  expect(await runImport([], jsonLines(ann))).toMatchObject({ code: 0 })
})

test('who comes twice, by two names of their organization, is refused before anything is written', async () => {
  const made = await post('/v1/b2b/organizations', { organization_name: 'Acme', organization_slug: 'acme' })
  const { organization_id } = made.body.organization
  const input = jsonLines(
    { organization_id: 'acme', member_id: 'bob', secret: secrets.ann },
    { organization_id, member_id: 'bob', secret: secrets.bob },
  )
  const { code, lines } = await runImport([], input)
  expect({ code, said: lines.at(-1) }).toEqual({
    code: 1,
    said: 'would import 1, unchanged 0, refused 1; nothing was changed',
  })
})

test('one bad line stops the whole import, unless told to keep going', async () => {
  const input = jsonLines(ann, { ...ann, user_id: 'cy', secret: 'SENTINEL' }, { ...bob, member_id: 'dan' })
  const stopped = await runImport([], input)
  expect(stopped).toEqual({
    code: 1,
    lines: [
      'line 2: secret has 5 bytes, and RFC 4226 section 4 asks for 16: this person has to enrol anew',
      'would import 2, unchanged 0, refused 1; nothing was changed',
    ],
  })
  const kept = await runImport(['--keep-going'], input)
  expect(kept.code).toBe(1)
  expect(kept.lines[1]).toBe('imported 2, unchanged 0, refused 1')
})

test('who comes twice, by the id of the server and by their own, is refused before anything is written', async () => {
  const { user_id } = (await post('/v1/users', { email: 'ann@example.com', external_id: 'ann' })).body
  expect(user_id).toMatch(/^user-/)
  const input = jsonLines({ user_id: 'ann', secret: secrets.ann }, { user_id, secret: secrets.bob })
  const { code, lines } = await runImport([], input)
  expect({ code, said: lines.at(-1) }).toEqual({
    code: 1,
    said: 'would import 1, unchanged 0, refused 1; nothing was changed',
  })
  expect(lines[0]).toMatch(/^line [12]: names the same person as another line$/)
})

test('nobody is made up, and nobody loses an authenticator', async () => {
  await runImport([], jsonLines(ann))
  const changed = jsonLines({ ...ann, secret: secrets.bob }, { user_id: 'stranger', secret: secrets.bob })
  const { code, lines } = await runImport([], changed, { AUTO_PROVISION: '0' })
  expect(code).toBe(1)
  expect(lines).toEqual([
    'line 1: names somebody with another authenticator: delete that one first',
    'line 2: names nobody known (user_not_found): make them first, or set AUTO_PROVISION=1',
    'would import 0, unchanged 0, refused 2; nothing was changed',
  ])
})

test.each<[string[], Record<string, string>, RegExp]>([
  [['--format', 'xml'], {}, /^kit-import: --format must be one of jsonl, csv, otpauth\.$/],
  [['a', 'b'], {}, /^kit-import: Name one file/],
  [['missing-file'], {}, /^kit-import: missing-file cannot be read \(ENOENT\)/],
  [[tmpdir()], {}, /^kit-import: \S+ cannot be read \(EISDIR\)/],
  [[], {}, /^kit-import: standard input is empty/],
  [[], { PROJECT_ID: '' }, /^kit-import: PROJECT_ID and PROJECT_SECRET belong together/],
])('%j with %j is refused in one line', async (args, env, expected) => {
  const { code, lines } = await runImport(args, '', env)
  expect(code).toBe(1)
  expect(lines).toEqual([expect.stringMatching(expected)])
})
