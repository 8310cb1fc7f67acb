import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { createTotpServer, openSqlite, type Store, serve, type TotpServerOptions } from '../src/index.js'
import { attemptLimitsOf, resolveLimits } from '../src/limits.js'
import { lockOf } from '../src/lock.js'
import type { TotpsTable } from '../src/tables.js'
import { countHmacs } from './hmacs.js'
import {
  altered,
  basic,
  codeOf,
  createServer,
  createWorld,
  encryptionKeys,
  enrol,
  enrolMember,
  makeUser,
  projectId,
  register,
  secret,
  startMs,
  type World,
  wrongCode,
} from './world.js'

const authenticate = '/v1/totps/authenticate'
const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** A server over a new database in memory, or over one of a test's making. */
async function world(options: Partial<TotpServerOptions> = {}, store?: Store): Promise<World> {
  const made = createWorld(store ?? (await openSqlite({ dataDir: ':memory:' })), options)
  open.push(made)
  return made
}

describe('options', () => {
  const refusals: [string, Partial<TotpServerOptions>, RegExp][] = [
    ['a project id with a colon', { projectId: 'a:b' }, /projectId .*RFC 7617/],
    ['no secret', { secrets: [] }, /secrets must be one/],
    ['a short secret', { secrets: ['short'] }, /16 or more/],
    ['three secrets', { secrets: Array(3).fill('x'.repeat(20)) }, /secrets must be one/],
    ['no encryption key', { encryptionKeys: '' }, /ENCRYPTION_KEYS/],
    ['a short encryption key', { encryptionKeys: 'k1:AAAA' }, /32/],
    ['an empty project name', { projectName: ' ' }, /projectName holds nothing/],
    ['a project name of colons', { projectName: ': :' }, /projectName holds nothing/],
    ['T8: a window, which is no option', { limits: Object({ skew: 2 }) }, /limits\.skew/],
    ['a cap over a hundred', { limits: { maxConsecutiveFailures: 101 } }, /800-63B-4/],
    ['a negative limit', { limits: { failLevelMax: -1 } }, /limits\.failLevelMax/],
    ['no waits', { limits: { delaysSeconds: [] } }, /limits\.delaysSeconds/],
    ['half an attempt', { limits: { maxConsecutiveFailures: 0.5 } }, /limits\.maxConsecutiveFailures/],
    ['one and a half free attempts', { limits: { freeFailures: 1.5 } }, /limits\.freeFailures/],
    ['a wait without end', { limits: { delaysSeconds: [1e300] } }, /limits\.delaysSeconds/],
    [
      'a leak beyond the last date',
      { limits: { failLevelDrainDays: 1_000_001 } },
      /limits\.failLevelDrainDays.*failLevelDrainDays up to 1000000\)/,
    ],
    ['a lock without end', { limits: { recoveryLockHours: 1e300 } }, /limits\.recoveryLockHours/],
  ]
  test.each(refusals)('%s is refused at once, with what to do', async (_name, options, message) => {
    const store = await openSqlite({ dataDir: ':memory:' })
    open.push(store)
    const create = () => createTotpServer({ store, projectId, secrets: [secret], encryptionKeys, ...options })
    expect(create).toThrow(message)
  })

  test('T96: both secrets are right while one replaces the other', async () => {
    const next = 'secret-test-next-next-next-next'
    const { call } = await world({ secrets: [secret, next] })
    for (const password of [secret, next]) {
      const { status } = await call('GET', '/v1/kit/capabilities', undefined, {
        authorization: basic(projectId, password),
      })
      expect(status).toBe(200)
    }
  })

  test('hashed recovery codes are shown once and never told again', async () => {
    const { post, get, ...rest } = await world({ recoveryCodes: 'hashed' })
    const { user_id, recovery_codes } = await enrol({ post, get, ...rest })
    expect((await post('/v1/totps/recovery_codes', { user_id })).body.totps[0].recovery_codes).toEqual([])
    const member = await enrolMember({ post, get, ...rest })
    const path = `/v1/b2b/recovery_codes/${member.organization_id}/${member.member_id}`
    expect((await get(path)).body.recovery_codes).toEqual([])
    expect((await get('/v1/kit/capabilities')).body.reveal_recovery_codes).toBe(false)
    const [recovery_code] = recovery_codes
    expect((await post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
  })
})

test('T24: the slowest leak that is allowed still ends at a date', async () => {
  const limits = { failLevelMax: 1, failLevelDrainDays: 1e6, delaysSeconds: [1] }
  const there = await world({ limits })
  const { user_id, secret: userSecret } = await enrol(there)
  for (let attempt = 0; attempt < 2; attempt++) {
    there.clock.nowMs += 60_000
    await there.post(authenticate, { user_id, totp_code: wrongCode(userSecret, there.clock.nowMs) })
  }
  const { status, body } = await there.get(`/v1/users/${user_id}`)
  expect([status, body.is_locked]).toEqual([200, true])
  expect(body.lock_expires_at).toMatch(/^4\d{3}-/)
})

test('T24: so does a level that was reached while more was allowed', () => {
  const limits = attemptLimitsOf(resolveLimits({ failLevelMax: 1, failLevelDrainDays: 1e6 }))
  const nowMs = Date.UTC(2026, 0, 1)
  const level = { fail_level: 45, fail_level_at: nowMs, consecutive_failures: 0, locked_until: null }
  const { untilMs } = lockOf({ ...level, status: 'active' } as TotpsTable, limits, nowMs) ?? {}
  expect(new Date(untilMs ?? 0).toISOString()).toMatch(/^9999-/)
})

describe('AUTO_PROVISION', () => {
  test('off, nobody is made', async () => {
    const { post } = await world()
    expect((await post('/v1/totps', { user_id: 'ada' })).body.error_type).toBe('user_not_found')
    const ids = { organization_id: 'acme', member_id: 'bob' }
    expect((await post('/v1/b2b/totp', ids)).body.error_type).toBe('organization_not_found')
    expect((await post('/v1/kit/sessions', { user_id: 'ada' })).body.error_type).toBe('user_not_found')
  })

  test('create and our additions make a user whose external id is the one given, once', async () => {
    const { post, get } = await world({ autoProvision: true })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post('/v1/kit/sessions', { user_id: 'ada' })),
    )
    expect(new Set(answers.map(({ body }) => body.user.user_id)).size).toBe(1)
    const { body } = await post('/v1/totps', { user_id: 'ada' })
    expect(body.user).toMatchObject({ external_id: 'ada', user_id: answers[0]?.body.user.user_id })
    expect((await get('/v1/users/ada')).body.external_id).toBe('ada')
    const rotated = await post('/v1/kit/totps/recovery_codes/rotate', { user_id: 'grace' })
    expect(rotated.body.error_type).toBe('no_active_recovery_code_backed_factor')
    expect((await get('/v1/users/grace')).body.external_id).toBe('grace')
  })

  test('create, migrate and our additions make what is missing of organization and member', async () => {
    const { post } = await world({ autoProvision: true })
    const begun = await post('/v1/kit/intermediate_sessions', { organization_id: 'Acme_1', member_id: 'bob' })
    expect(begun.status).toBe(200)
    const moved = await post('/v1/b2b/totp/migrate', {
      organization_id: 'Acme_1',
      member_id: 'carol',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    })
    expect(moved.body.organization).toMatchObject({
      organization_id: begun.body.organization_id,
      organization_external_id: 'Acme_1',
      organization_slug: 'Acme_1',
    })
    expect(moved.body.member).toMatchObject({ external_id: 'carol', email_address: '', status: 'active' })
  })

  test('an organization whose name is no slug is given one', async () => {
    const there = await world({ autoProvision: true })
    const made = await there.post('/v1/b2b/totp', { organization_id: 'a|b', member_id: 'bob' })
    const { organization_external_id, organization_slug } = made.body.organization
    expect([made.status, organization_external_id]).toEqual([200, 'a|b'])
    expect(organization_slug).toMatch(/^org-[0-9a-f-]{36}$/)
  })

  test('T42: organizations whose names differ in case alone are two, whichever comes first', async () => {
    const { post } = await world({ autoProvision: true })
    const idOf = async (organization_id: string) => {
      const { status, body } = await post('/v1/kit/intermediate_sessions', {
        organization_id,
        member_id: 'bob',
      })
      expect(status).toBe(200)
      return body.organization_id
    }
    const ids = [await idOf('Acme'), await idOf('acme'), await idOf('zeta'), await idOf('Zeta')]
    expect(new Set(ids).size).toBe(4)
  })

  test('T42: nobody takes the name that a host has for another organization, and so its members', async () => {
    const { post } = await world({ autoProvision: true })
    const victim = await post('/v1/kit/intermediate_sessions', { organization_id: '1002', member_id: 'bob' })
    const asked = { organization_name: 'Evil', organization_slug: '1002' }
    expect((await post('/v1/b2b/organizations', asked)).body.error_type).toBe(
      'organization_slug_already_used',
    )
    const named = { organization_name: '1002', organization_slug: 'evil' }
    expect((await post('/v1/b2b/organizations', named)).status).toBe(200)
    const external = {
      organization_name: 'Evil',
      organization_slug: 'evil2',
      organization_external_id: 'evil',
    }
    expect((await post('/v1/b2b/organizations', external)).body.error_type).toBe('duplicate_organization')
    const again = await post('/v1/kit/intermediate_sessions', { organization_id: '1002', member_id: 'bob' })
    expect(again.body.organization_id).toBe(victim.body.organization_id)
  })

  test('a migration that is refused makes nobody', async () => {
    const { post, get } = await world({ autoProvision: true })
    const asked = { organization_id: 'acme', member_id: 'bob', secret: '1' }
    expect((await post('/v1/b2b/totp/migrate', asked)).status).toBe(400)
    expect((await get('/v1/b2b/organizations/acme')).status).toBe(404)
  })

  test('authenticate, recover and reads make nobody, and an id of our own form never does', async () => {
    const { post, get } = await world({ autoProvision: true })
    const refused = [
      await post(authenticate, { user_id: 'ada', totp_code: '123456' }),
      await post('/v1/totps/recover', { user_id: 'ada', recovery_code: '0000-0000-0000-0000' }),
      await post('/v1/totps/recovery_codes', { user_id: 'ada' }),
      await get('/v1/users/ada'),
      await post('/v1/totps', { user_id: 'user-test-00000000-0000-4000-8000-000000000000' }),
    ]
    for (const { body } of refused) expect(body.error_type).toBe('user_not_found')
    const nonsense = await post('/v1/totps', { user_id: 'no such person' })
    expect([nonsense.status, nonsense.body.error_type]).toEqual([400, 'invalid_user_id'])
  })
})

describe('secrets', () => {
  test('T10: two hundred registrations have as many secrets, of 160 even bits', async () => {
    const there = await world()
    const user_id = await makeUser(there)
    const secrets = new Set<string>()
    const ones = Array<number>(160).fill(0)
    for (let index = 0; index < 200; index++) {
      const { body } = await there.post('/v1/totps', { user_id })
      secrets.add(body.secret)
      let bit = 0
      for (const letter of body.secret) {
        const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)
        for (let shift = 4; shift >= 0; shift--) ones[bit++] = (ones[bit - 1] ?? 0) + ((value >> shift) & 1)
      }
      expect(bit).toBe(160)
    }
    expect(secrets.size).toBe(200)
    // Five standard deviations of a fair bit in two hundred throws.
    for (const count of ones) expect(Math.abs(count / 200 - 0.5)).toBeLessThan(0.18)
  })

  test('T10: a random source that gives too little stores nothing', async () => {
    const there = await world()
    const user_id = await makeUser(there)
    const store = await openSqlite({ dataDir: ':memory:' })
    const short = await world({ random: () => new Uint8Array(3), autoProvision: true }, store)
    const { status, body } = await short.post('/v1/totps', { user_id: 'ada' })
    expect([status, body.error_type]).toEqual([500, 'internal_server_error'])
    expect((await store.findUser(projectId, 'ada'))?.totps).toEqual([])
    expect(user_id).toMatch(/^user-test-/)
  })

  test('T52, T97: neither secrets nor codes nor tokens are in the database in any spelling', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const written: unknown[] = []
    const seen = <Row>(row: Row): Row => {
      written.push(row)
      return row
    }
    const spied = altered(store, (queries) => ({
      insertTotp: (row, codes) => queries.insertTotp(seen(row), codes?.map(seen)),
      insertSession: (row) => queries.insertSession(seen(row)),
      insertIntermediateSession: (row) => queries.insertIntermediateSession(seen(row)),
      insertSigningKey: (row) => queries.insertSigningKey(seen(row)),
    }))
    const there = await world({}, spied)
    const { user_id, secret: userSecret, recovery_codes } = await enrol(there)
    const { session_token } = (await there.post('/v1/kit/sessions', { user_id })).body
    expect(written.length).toBeGreaterThan(12)
    const dump = written.map((row) => Object.values(Object(row)).map((cell) => bytesOf(cell)))
    for (const sentinel of [userSecret, session_token, ...recovery_codes]) {
      for (const spelling of spellings(sentinel)) {
        expect(dump.flat().some((cell) => cell.includes(spelling))).toBe(false)
      }
    }
  })

  const bytesOf = (cell: unknown) =>
    cell instanceof Uint8Array ? Buffer.from(cell) : Buffer.from(String(cell))
  const spellings = (text: string) => [
    Buffer.from(text),
    Buffer.from(text.replaceAll('-', '')),
    Buffer.from(Buffer.from(text).toString('base64').replace(/=+$/, '')),
    Buffer.from(Buffer.from(text).toString('hex')),
  ]

  test('a right code is not accepted once its registration is gone, though it went while the code was judged', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const enrolled = await enrol(await world({}, store))
    const { user_id, totp_id } = enrolled
    let removes = 0
    const remove = async () => {
      removes += Number(await store.deleteTotp(user_id, totp_id))
    }
    const there = await world(
      {},
      altered(store, (queries) => ({
        acceptStep: async (...args) => remove().then(() => queries.acceptStep(...args)),
      })),
    )
    there.clock.nowMs = startMs + 60_000
    const totp_code = codeOf(enrolled.secret, there.clock.nowMs)
    const { status, body } = await there.post(authenticate, { user_id, totp_code })
    expect([status, body.error_type, removes]).toEqual([401, 'totp_code_already_authenticated', 1])
  })

  test('T97: a sealed secret opens in no other row; that is the server’s fault and costs no attempt', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    let stolen: Uint8Array | undefined
    const swapping = altered(store, (queries) => ({
      insertTotp: (row, codes) => {
        stolen ??= row.sealed_secret
        return queries.insertTotp({ ...row, sealed_secret: stolen }, codes)
      },
    }))
    const there = await world({}, swapping)
    const first = await register(there)
    const second = await register(there)
    const guess = (of: typeof first) =>
      there.post(authenticate, { user_id: of.user_id, totp_code: codeOf(first.secret, there.clock.nowMs) })
    for (let attempt = 0; attempt < 7; attempt++) {
      const { status, body } = await guess(second)
      expect([status, body.error_type]).toEqual([503, 'internal_server_error'])
    }
    const [row] = (await store.findUser(projectId, second.user_id))?.totps ?? []
    expect(row?.consecutive_failures).toBe(0)
    expect((await guess(first)).status).toBe(200)
  })

  test('F36: with a wrong key under a known id nothing is sealed, judged or charged, and readiness is red', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const right = await world({ encryptionKeys: key('k1', 1) }, store)
    const { user_id, secret: userSecret } = await enrol(right)
    const wrong = createWorld(store, { encryptionKeys: key('k1', 2) })
    wrong.clock.nowMs = right.clock.nowMs
    const totp_code = codeOf(userSecret, right.clock.nowMs)
    const refused = await wrong.post(authenticate, { user_id, totp_code })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    const ready = await wrong.get('/readyz')
    expect([ready.status, ready.body.reason]).toEqual([503, expect.stringContaining('ENCRYPTION_KEYS')])
    expect((await wrong.get('/healthz')).status).toBe(200)
    expect((await store.findUser(projectId, user_id))?.totps[0]?.consecutive_failures).toBe(0)
    expect((await right.post(authenticate, { user_id, totp_code })).status).toBe(200)
  })

  test('F36: keys rotate without a failed code, and what the old key sealed stays readable', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const before = await world({ encryptionKeys: key('k1', 1) }, store)
    const old = await enrol(before)
    const { session_jwt } = (await before.post('/v1/kit/sessions', { user_id: old.user_id })).body
    const after = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 1)}` })
    after.clock.nowMs = before.clock.nowMs
    const fresh = await enrol(after)
    for (const { user_id, secret: userSecret, recovery_codes } of [old, fresh]) {
      const totp_code = codeOf(userSecret, after.clock.nowMs)
      expect((await after.post(authenticate, { user_id, totp_code })).status).toBe(200)
      const [recovery_code] = recovery_codes
      expect((await after.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
      const listed = await after.post('/v1/totps/recovery_codes', { user_id })
      expect(listed.body.totps[0].recovery_codes).toEqual(recovery_codes.slice(1))
    }
    expect((await after.post('/v1/sessions/authenticate', { session_jwt })).status).toBe(200)
  })

  test('F36: without a key that is still needed nothing is judged or charged, and readiness is red', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const right = await world({ encryptionKeys: key('k1', 1) }, store)
    const { user_id, secret: userSecret, recovery_codes } = await enrol(right)
    const [recovery_code] = recovery_codes
    const without = createWorld(store, { encryptionKeys: key('k2', 2) })
    without.clock.nowMs = right.clock.nowMs
    const ready = await without.get('/readyz')
    expect([ready.status, ready.body.reason]).toEqual([503, expect.stringContaining('"k1"')])
    const totp_code = codeOf(userSecret, right.clock.nowMs)
    expect((await without.post(authenticate, { user_id, totp_code })).status).toBe(503)
    for (let attempt = 0; attempt < 6; attempt++)
      expect((await without.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(503)
    expect((await right.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
  })

  test('F36: a session that no key opens costs no attempt', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const before = await world({ encryptionKeys: key('k1', 1), recoveryCodes: 'hashed' }, store)
    const { user_id, secret: userSecret } = await enrol(before)
    const { session_jwt } = (await before.post('/v1/kit/sessions', { user_id })).body
    const both = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 1)}` })
    both.clock.nowMs = before.clock.nowMs
    const passed = { user_id, totp_code: codeOf(userSecret, both.clock.nowMs), session_duration_minutes: 5 }
    expect((await both.post(authenticate, passed)).status).toBe(200)
    expect((await both.post('/v1/kit/totps/recovery_codes/rotate', { user_id })).status).toBe(200)
    const after = createWorld(store, { encryptionKeys: key('k2', 2) })
    after.clock.nowMs = both.clock.nowMs + 60_000
    const guess = { user_id, totp_code: codeOf(userSecret, after.clock.nowMs) }
    for (let attempt = 0; attempt < 6; attempt++)
      expect((await after.post(authenticate, { ...guess, session_jwt })).status).toBe(503)
    expect((await after.post(authenticate, guess)).status).toBe(200)
  })

  test('F36: another key under the id of one that recovery codes still need is refused, however long that was away', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const before = await world({ encryptionKeys: key('k1', 1) }, store)
    const { user_id, secret: userSecret, recovery_codes } = await enrol(before)
    const [recovery_code] = recovery_codes
    const both = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 1)}` })
    both.clock.nowMs = before.clock.nowMs + 60_000
    const passed = { user_id, totp_code: codeOf(userSecret, both.clock.nowMs), session_duration_minutes: 5 }
    expect((await both.post(authenticate, passed)).status).toBe(200)
    const without = createWorld(store, { encryptionKeys: key('k2', 2) })
    without.clock.nowMs = both.clock.nowMs
    expect((await without.get('/readyz')).status).toBe(200)
    const wrong = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 3)}` })
    wrong.clock.nowMs = both.clock.nowMs
    expect((await wrong.get('/readyz')).status).toBe(503)
    for (let attempt = 0; attempt < 6; attempt++)
      expect((await wrong.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(503)
    expect((await both.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
  })

  test('T97: a registration that was never confirmed does not keep its key in use', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const before = await world({ encryptionKeys: key('k1', 1) }, store)
    await register(before)
    const after = createWorld(store, { encryptionKeys: key('k2', 2) })
    after.clock.nowMs = before.clock.nowMs + 86_399_000
    expect((await after.get('/readyz')).status).toBe(503)
    after.clock.nowMs += 2_000
    expect((await after.get('/readyz')).status).toBe(200)
    const { user_id } = await enrol(after)
    expect(user_id).toBeTruthy()
  })

  test('F36: no code is spent for a session that nobody could sign', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    let isBroken = true
    const failing: Store = {
      ...store,
      signingKeys: async (...args) => {
        if (isBroken) throw new Error('away')
        return store.signingKeys(...args)
      },
    }
    const there = await world({}, failing)
    const { user_id, secret: userSecret, recovery_codes } = await enrol(there)
    const [recovery_code] = recovery_codes
    const session_duration_minutes = 60
    const byCode = { user_id, totp_code: codeOf(userSecret, there.clock.nowMs), session_duration_minutes }
    const byRecovery = { user_id, recovery_code, session_duration_minutes }
    expect((await there.post(authenticate, byCode)).status).toBe(500)
    expect((await there.post('/v1/totps/recover', byRecovery)).status).toBe(500)
    isBroken = false
    expect((await there.post(authenticate, byCode)).status).toBe(200)
    expect((await there.post('/v1/totps/recover', byRecovery)).status).toBe(200)
  })

  test('a process that signs by the old algorithm knows what another one signs by the new', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const old = await world({ sessionJwtAlgorithm: 'ES256' }, store)
    const user_id = await makeUser(old)
    expect((await old.post('/v1/kit/sessions', { user_id })).status).toBe(200)
    const next = createWorld(store, { sessionJwtAlgorithm: 'RS256' })
    const { session_jwt } = (await next.post('/v1/kit/sessions', { user_id })).body
    expect((await old.post('/v1/sessions/authenticate', { session_jwt })).status).toBe(200)
    expect((await old.get(`/v1/sessions/jwks/${projectId}`)).body.keys).toHaveLength(2)
    const forged = `${session_jwt.slice(0, -8)}AAAAAAAA`
    const refused = await old.post('/v1/sessions/authenticate', { session_jwt: forged })
    expect(refused.body.error_type).toBe('jwt_invalid_claims')
  })

  test('F36: a process that has not got the new key yet charges nobody who enrolled under it', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const late = await world({ encryptionKeys: key('k1', 1) }, store)
    expect((await late.get('/readyz')).status).toBe(200)
    const early = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 1)}` })
    early.clock.nowMs = late.clock.nowMs
    const { user_id, recovery_codes } = await enrol(early)
    const [recovery_code] = recovery_codes
    for (let attempt = 0; attempt < 6; attempt++)
      expect((await late.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(503)
    expect((await early.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
  })

  test('T97: a key goes out of use, one accepted code after the other, and is missed no more', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const before = await world({ encryptionKeys: key('k1', 1), recoveryCodes: 'hashed' }, store)
    const { user_id, secret: userSecret } = await enrol(before)
    const { session_jwt } = (await before.post('/v1/kit/sessions', { user_id })).body
    const both = createWorld(store, { encryptionKeys: `${key('k2', 2)},${key('k1', 1)}` })
    both.clock.nowMs = before.clock.nowMs + 60_000
    const codeNow = (there: typeof both) => ({ user_id, totp_code: codeOf(userSecret, there.clock.nowMs) })
    expect((await both.post(authenticate, codeNow(both))).status).toBe(200)
    expect((await both.post('/v1/kit/totps/recovery_codes/rotate', { user_id })).status).toBe(200)
    expect((await both.post('/v1/sessions/authenticate', { session_jwt })).status).toBe(200)
    const after = createWorld(store, { encryptionKeys: key('k2', 2) })
    after.clock.nowMs = both.clock.nowMs + 60_000
    expect((await after.get('/readyz')).status).toBe(200)
    const signedIn = await after.post(authenticate, { ...codeNow(after), session_duration_minutes: 60 })
    expect(signedIn.status).toBe(200)
    expect((await after.get(`/v1/sessions/jwks/${projectId}`)).body.keys).toHaveLength(1)
  })

  test('F48: a log and a hook that throw take no answer away', async () => {
    const broken = () => {
      throw new Error('full')
    }
    const logger = { info: broken, warn: broken, error: broken }
    const store = await openSqlite({ dataDir: ':memory:' })
    const there = await world({ logger, onRequest: broken }, store)
    const { user_id, secret: userSecret } = await enrol(there)
    const totp_code = codeOf(userSecret, there.clock.nowMs)
    expect((await there.post(authenticate, { user_id, totp_code })).status).toBe(200)
    expect((await there.post(authenticate, { user_id, totp_code })).status).toBe(401)
    await store.close()
    expect((await there.get('/readyz')).status).toBe(503)
    expect((await there.post(authenticate, { user_id, totp_code })).status).toBe(503)
  })

  test('T85: no log line, metric or error carries a secret, a code or a token', async () => {
    const lines: string[] = []
    const note = (...facts: unknown[]) => lines.push(inspect(facts, { depth: 9 }))
    const store = await openSqlite({ dataDir: ':memory:' })
    let isBroken = false
    const failing = altered(store, (queries) => ({
      acceptStep: async (...args) => {
        if (isBroken) throw new Error('the disk is gone')
        return queries.acceptStep(...args)
      },
    }))
    const logger = { info: note, warn: note, error: note }
    const there = await world({ logger, onRequest: note }, failing)
    const { user_id, secret: userSecret, recovery_codes } = await enrol(there)
    const { session_token, session_jwt } = (await there.post('/v1/kit/sessions', { user_id })).body
    const totp_code = codeOf(userSecret, there.clock.nowMs)
    const [recovery_code] = recovery_codes
    isBroken = true
    const failed = await there.post(authenticate, { user_id, totp_code, session_token })
    expect(failed.status).toBe(500)
    expect(JSON.stringify(failed.body)).not.toContain('disk')
    isBroken = false
    await there.post(authenticate, { user_id, totp_code, session_jwt })
    await there.post('/v1/totps/recover', { user_id, recovery_code })
    await there.call('POST', authenticate, `{"totp_code": ${totp_code}, broken`)
    expect(lines.length).toBeGreaterThan(8)
    for (const sentinel of [userSecret, totp_code, session_token, session_jwt, secret, ...recovery_codes]) {
      expect(lines.filter((line) => line.includes(sentinel))).toEqual([])
    }
  })
})

test('what the socket refuses has the ids, links, log lines and figures of any other refusal', async () => {
  const lines: object[] = []
  const facts: object[] = []
  const log = (line: object) => lines.push(line)
  const server = createServer(
    await openSqlite({ dataDir: ':memory:' }),
    { nowMs: startMs },
    { logger: { info: log, warn: log, error: log }, onRequest: (fact) => facts.push(fact) },
  )
  open.push(server)
  const { fetch: answer, handle, refuse } = server
  const served = await serve({ fetch: answer, handle, refuse, host: '127.0.0.1', port: 0 })
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(served.url + path, { method: 'POST', body, headers })
  const responses = [
    await post('/v1/b2b/totp', 'x'.repeat(70_000)),
    await post('/v1/totps', '{}', { 'content-encoding': 'gzip' }),
    await post('/v1/nothing', 'x'.repeat(70_000)),
  ]
  const bodies = await Promise.all(responses.map((response) => response.json()))
  await served.close()
  const busy = refuse({ method: 'GET', path: '/v1/users/ada', query: '', headers: {} }, 'overloaded')
  expect(busy).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  bodies.push(JSON.parse(busy.body))

  const expected = [
    ['b2b.totps.create', 413, 'bad_request', 'https://stytch.com/docs/b2b/api'],
    ['totps.create', 415, 'bad_request', 'https://stytch.com/docs/api'],
    ['none', 413, 'bad_request', 'https://stytch.com/docs/api'],
    ['users.get', 503, 'internal_server_error', 'https://stytch.com/docs/api'],
  ] as const
  for (const [index, [endpoint, status, outcome, docs]] of expected.entries()) {
    expect(bodies[index]).toMatchObject({
      status_code: status,
      request_id: expect.stringMatching(/^request-id-test-/),
      error_type: outcome,
      error_url: `${docs}/errors/${status}#${outcome}`,
    })
    expect(facts[index]).toMatchObject({ endpoint, status, outcome })
    expect(lines[index]).toMatchObject({ requestId: bodies[index].request_id, endpoint, status, outcome })
  }
})

describe('throttling', () => {
  test('T22, T23: an attempt stays paid for when what follows fails', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    let isBroken = true
    const failing = altered(store, (queries) => ({
      acceptStep: async (...args) => {
        if (isBroken) throw new Error('crash')
        return queries.acceptStep(...args)
      },
    }))
    const there = await world({}, failing)
    const { user_id, secret: userSecret } = await register(there)
    const totp_code = codeOf(userSecret, there.clock.nowMs)
    expect((await there.post(authenticate, { user_id, totp_code })).status).toBe(500)
    isBroken = false
    const [row] = (await store.findUser(projectId, user_id))?.totps ?? []
    expect(row).toMatchObject({ consecutive_failures: 1, last_step: -1, status: 'pending' })
    expect((await there.post(authenticate, { user_id, totp_code })).status).toBe(200)
  })

  test('T28: N servers on one database share one budget', async () => {
    const store = await openSqlite({ dataDir: ':memory:' })
    const first = await world({}, store)
    const { user_id, secret: userSecret } = await enrol(first)
    const others = Array.from({ length: 4 }, () => createWorld(store))
    for (const other of others) other.clock.nowMs = first.clock.nowMs
    const totp_code = wrongCode(userSecret, first.clock.nowMs)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => others[index % 4]?.post(authenticate, { user_id, totp_code })),
    )
    expect(answers.filter((answer) => answer?.status === 401)).toHaveLength(5)
  })

  test('T24: a guesser beside a daily sign-in gets what the leaky level admits in forty days', async () => {
    const there = await world()
    const { user_id, secret: userSecret } = await enrol(there)
    const guess = async (totp_code: string) => (await there.post(authenticate, { user_id, totp_code })).status
    let admitted = 0
    let signIns = 0
    for (let hour = 0; hour < 40 * 24; hour++) {
      there.clock.nowMs += 3_600_000
      // The last wait of the day is over when its owner comes.
      if (hour % 24 < 22) while ((await guess(wrongCode(userSecret, there.clock.nowMs))) === 401) admitted++
      if (hour % 24 === 23 && (await guess(codeOf(userSecret, there.clock.nowMs))) === 200) signIns++
    }
    const bound = 50 + (50 / 30) * 40
    expect(admitted).toBeLessThanOrEqual(bound)
    expect(admitted).toBeGreaterThan(50)
    expect(signIns).toBeGreaterThan(0)
  })

  test('limits are taken as given', async () => {
    const there = await world({ limits: { freeFailures: 0, delaysSeconds: [7] } })
    const { user_id, secret: userSecret } = await enrol(there)
    const guess = () =>
      there.post(authenticate, { user_id, totp_code: wrongCode(userSecret, there.clock.nowMs) })
    expect((await guess()).body.error_details).toEqual({ attempts_left: 0, retry_after_seconds: 7 })
    expect((await guess()).status).toBe(429)
    there.clock.nowMs += 7000
    expect((await guess()).body.error_details).toEqual({ attempts_left: 0, retry_after_seconds: 7 })
  })

  test('T14: the first step of time, whose number is zero, opens like any other', async () => {
    const there = await world()
    there.clock.nowMs = 0
    const { user_id, secret: userSecret } = await register(there)
    const { status } = await there.post(authenticate, { user_id, totp_code: codeOf(userSecret, 0) })
    expect(status).toBe(200)
  })

  test('T5: whatever is submitted whenever, accepted steps only ever rise', async () => {
    const there = await world({
      limits: { freeFailures: 90, maxConsecutiveFailures: 100, failLevelMax: 100_000 },
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ wait: fc.integer({ min: -40, max: 70 }), offset: fc.integer({ min: -2, max: 2 }) }),
          {
            maxLength: 25,
          },
        ),
        async (submissions) => {
          there.clock.nowMs = Math.max(there.clock.nowMs, startMs) + 600_000
          const { user_id, secret: userSecret } = await enrol(there)
          const accepted: number[] = []
          for (const { wait, offset } of submissions) {
            there.clock.nowMs += wait * 1000
            const at = there.clock.nowMs + offset * 30_000
            const { status } = await there.post(authenticate, { user_id, totp_code: codeOf(userSecret, at) })
            if (status === 200) accepted.push(Math.floor(at / 30_000))
          }
          expect(accepted).toEqual([...new Set(accepted)].sort((one, other) => one - other))
        },
      ),
      { numRuns: 20 },
    )
  })
})

test('T84: whoever has no registration, or a locked one, is as much work as a wrong code', async () => {
  const there = await world()
  const bare = await makeUser(there)
  const { user_id, secret: userSecret } = await enrol(there)
  const guess = async (of: string, totp_code: string) =>
    (await there.post(authenticate, { user_id: of, totp_code })).body.error_type
  const seen = new Map<string, number>()
  for (let index = 0; index < 6; index++) {
    const code = wrongCode(userSecret, there.clock.nowMs)
    let errorType = ''
    const hmacs = await countHmacs(async () => {
      errorType = await guess(user_id, code)
    })
    seen.set(errorType, hmacs)
  }
  expect([...seen]).toEqual([
    ['unable_to_authenticate_totp', 3],
    ['user_lock_limit_reached', 3],
  ])
  const right = codeOf(userSecret, there.clock.nowMs)
  expect(await countHmacs(() => guess(user_id, right))).toBe(3)
  expect(await countHmacs(() => guess(bare, '123456'))).toBe(3)
})
