import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'libsql'
import { afterAll, describe, expect, test } from 'vitest'
import { openPostgres, openSqlite, type Store, TotpServerError } from '../src/index.js'
import { attemptLimitsOf, defaultLimits, recoveryLimitsOf } from '../src/limits.js'
import type { TotpKey } from '../src/store.js'
import type {
  MembersTable,
  OrganizationsTable,
  SessionsTable,
  TotpsTable,
  UsersTable,
} from '../src/tables.js'
import { startPostgres } from './postgres.js'

const project = 'project-test-1'
const now = 1_767_323_045_123
const limits = attemptLimitsOf(defaultLimits)
const recoveryLimits = recoveryLimitsOf(defaultLimits)
let serial = 0
const unique = (kind: string) => `${kind}-${++serial}`

const user = (over: Partial<UsersTable> = {}): UsersTable => ({
  user_id: unique('user-test'),
  project_id: project,
  external_id: null,
  email: null,
  email_id: 'email-1',
  phone_number: null,
  phone_id: 'phone-1',
  status: 'active',
  name: '{}',
  roles: '[]',
  trusted_metadata: '{}',
  untrusted_metadata: '{}',
  created_at: now,
  ...over,
})

const totp = (subject_id: string, over: Partial<TotpsTable> = {}): TotpsTable => ({
  totp_id: unique('totp-test'),
  project_id: project,
  subject_id,
  status: 'active',
  sealed_secret: new Uint8Array([0, 1, 254, 255]),
  key_id: 'k1',
  algorithm: 'SHA1',
  digits: 6,
  period_seconds: 30,
  last_step: -1,
  consecutive_failures: 0,
  fail_level: 0,
  fail_level_at: 0,
  locked_until: null,
  expires_at: null,
  created_at: now,
  ...over,
})

const organization = (over: Partial<OrganizationsTable> = {}): OrganizationsTable => ({
  organization_id: unique('organization-test'),
  project_id: project,
  external_id: null,
  slug: unique('slug'),
  name: 'Acme',
  mfa_policy: 'OPTIONAL',
  mfa_methods: 'ALL_ALLOWED',
  allowed_mfa_methods: '[]',
  settings: '{}',
  created_at: now,
  ...over,
})

const member = (organization_id: string, over: Partial<MembersTable> = {}): MembersTable => ({
  member_id: unique('member-test'),
  organization_id,
  external_id: null,
  email_address: null,
  status: 'active',
  name: '',
  mfa_enrolled: 0,
  default_mfa_method: '',
  mfa_phone_number: '',
  is_breakglass: 0,
  roles: '[]',
  trusted_metadata: '{}',
  untrusted_metadata: '{}',
  created_at: now,
  updated_at: now,
  ...over,
})

const session = (over: Partial<SessionsTable> = {}): SessionsTable => ({
  session_id: unique('session-test'),
  project_id: project,
  kind: 'user',
  subject_id: 'user-1',
  organization_id: null,
  token_hash: unique('hash'),
  sealed_token: new Uint8Array([1]),
  key_id: 'k1',
  factors: '[]',
  custom_claims: '{}',
  started_at: now,
  last_accessed_at: now,
  expires_at: now + 60_000,
  ...over,
})

const engines: Record<string, () => Promise<{ store: Store; stop: () => Promise<void> }>> = {
  SQLite: async () => ({ store: await openSqlite({ dataDir: ':memory:' }), stop: async () => {} }),
  PostgreSQL: async () => {
    const postgres = await startPostgres()
    return { store: await openPostgres(postgres), stop: () => postgres.stop() }
  },
}

/** Of a burst on a busy machine some may wait longer for a connection than the store allows; they come again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 50 || !(error instanceof TotpServerError && error.code === 'unavailable')) throw error
      await sleep(50)
    }
  }
}

describe.each(Object.entries(engines))('the store on %s', async (name, open) => {
  const { store, stop } = await open()
  afterAll(async () => {
    await store.close()
    await stop()
  })

  async function activeTotp(over: Partial<TotpsTable> = {}): Promise<{ row: TotpsTable; key: TotpKey }> {
    const owner = user()
    await store.insertUser(owner)
    const row = totp(owner.user_id, over)
    expect(await store.insertTotp(row)).toBe(true)
    return { row, key: { totpId: row.totp_id, subjectId: row.subject_id, status: row.status } }
  }

  const reread = async (row: TotpsTable) =>
    (await store.findUser(project, row.subject_id))?.totps.find(({ totp_id }) => totp_id === row.totp_id)

  test('gives a user back as it was written, by id and by external id, with its registration', async () => {
    const owner = user({ external_id: 'ext-1', email: 'a@example.com' })
    expect(await store.insertUser(owner)).toBe(true)
    const row = totp(owner.user_id)
    await store.insertTotp(row)
    expect(await store.findUser(project, owner.user_id)).toEqual({
      user: expect.objectContaining(owner),
      totps: [row],
    })
    expect((await store.findUser(project, 'ext-1'))?.user.user_id).toBe(owner.user_id)
    expect(await store.findUser(project, 'EXT-1')).toBeNull()
  })

  test('T42: finds nothing of another project', async () => {
    const { row } = await activeTotp()
    expect(await store.findUser('project-test-2', row.subject_id)).toBeNull()
    expect(await store.findTotpSubject('project-test-2', row.totp_id)).toBeNull()
    expect(await store.deleteTotp('user-of-nobody', row.totp_id)).toBe(false)
    expect(await store.findTotpSubject(project, row.totp_id)).toBe(row.subject_id)
    const signedIn = session({ kind: 'member', subject_id: unique('member-test') })
    await store.insertSession(signedIn)
    const bySession = { sessionId: signedIn.session_id }
    expect(await store.findSession('project-test-2', bySession, now)).toBeNull()
    await store.deleteMemberSessions('project-test-2', signedIn.subject_id)
    expect(await store.findSession(project, bySession, now)).not.toBeNull()
  })

  test('T25: a member is one, by every spelling of organization and member', async () => {
    const acme = organization({ slug: 'acme', external_id: 'acme-ext' })
    await store.insertOrganization(acme)
    const ada = member(acme.organization_id, { external_id: 'ada', email_address: 'ada@example.com' })
    expect(await store.insertMember(ada)).toBe(true)
    for (const organizationReference of [acme.organization_id, 'acme', 'acme-ext']) {
      for (const memberReference of [ada.member_id, 'ada']) {
        const found = await store.findMember(project, organizationReference, memberReference)
        expect(found?.member.member_id).toBe(ada.member_id)
        expect(found?.organization).toEqual(acme)
      }
    }
  })

  test('T42: what names one organization, as slug or external id, names no second one', async () => {
    const first = organization({ slug: 'twin-slug', external_id: 'twin-external' })
    expect(await store.insertOrganization(first)).toBe(true)
    expect(await store.insertOrganization(organization({ external_id: 'twin-slug' }))).toBe(false)
    expect(await store.insertOrganization(organization({ slug: 'twin-external' }))).toBe(false)
    const same = organization({ slug: 'one-name', external_id: 'one-name' })
    expect(await store.insertOrganization(same)).toBe(true)
    expect((await store.findOrganization(project, 'one-name'))?.organization_id).toBe(same.organization_id)
  })

  test('T42: of two that are made at once, and where one is named as the other is, one is made', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `crossed-${index}`)
    const made = await Promise.all(
      names.map(async (name) => {
        const pair = [organization({ slug: name }), organization({ external_id: name })]
        return Promise.all(pair.map((one) => store.insertOrganization(one)))
      }),
    )
    expect(made.map((pair) => pair.filter(Boolean).length)).toEqual(names.map(() => 1))
  })

  test('of many organizations made at once, each by names of its own, all are made', async () => {
    const made = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        store.insertOrganization(organization({ external_id: index % 2 === 0 ? unique('external') : null })),
      ),
    )
    expect(made.filter(Boolean)).toHaveLength(200)
  })

  test('refuses a second user with an e-mail or external id, and writes nothing', async () => {
    expect(await store.insertUser(user({ email: 'twice@example.com' }))).toBe(true)
    expect(await store.insertUser(user({ email: 'twice@example.com' }))).toBe(false)
    expect(await store.insertUser(user({ external_id: 'twice' }))).toBe(true)
    expect(await store.insertUser(user({ external_id: 'twice' }))).toBe(false)
  })

  test('T35, T46: a subject has one registration in use and one pending, never two of a kind', async () => {
    const { row } = await activeTotp()
    expect(await store.insertTotp(totp(row.subject_id))).toBe(false)
    expect(await store.insertTotp(totp(row.subject_id, { status: 'disabled' }))).toBe(false)
    const pending = { status: 'pending', expires_at: now + 1000 } as const
    expect(await store.insertTotp(totp(row.subject_id, pending))).toBe(true)
    expect(await store.insertTotp(totp(row.subject_id, pending))).toBe(false)
  })

  test('T48: gives a subject with both its registrations, the one in use and the pending one', async () => {
    const pending = { status: 'pending', expires_at: now + 1000 } as const
    const { row } = await activeTotp()
    await store.insertTotp(totp(row.subject_id, pending))
    const found = await store.findUser(project, row.subject_id)
    expect(found?.totps.map(({ status }) => status).sort()).toEqual(['active', 'pending'])

    const acme = organization()
    await store.insertOrganization(acme)
    const ada = member(acme.organization_id)
    await store.insertMember(ada)
    for (const kind of [{}, pending]) await store.insertTotp(totp(ada.member_id, kind))
    const record = await store.findMember(project, acme.organization_id, ada.member_id)
    expect(record?.totps.map(({ status }) => status).sort()).toEqual(['active', 'pending'])
  })

  test('T97: a key is in use while a registration or a signing key is sealed with it', async () => {
    const { row } = await activeTotp()
    const signing = { project_id: unique('project'), algorithm: 'RS256', kid: unique('kid') } as const
    const sealed = { sealed_private_key: new Uint8Array([1]), key_id: 'kept', created_at: now }
    await store.insertSigningKey({ ...signing, ...sealed })
    await store.insertKeyCheck('kept', new Uint8Array([2]))
    expect(await store.keyIds()).toContain('kept')
    expect(await store.isKeyInUse('kept', now)).toBe(true)
    await store.resealSigningKey(signing.kid, { sealedPrivateKey: new Uint8Array([3]), keyId: 'next' })
    expect(await store.isKeyInUse('kept', now)).toBe(false)
    await store.resealTotp(row.totp_id, { sealedSecret: new Uint8Array([4]), keyId: 'kept' })
    expect(await store.isKeyInUse('kept', now)).toBe(true)
    expect((await store.signingKeys(signing.project_id))[0]?.sealed_private_key).toEqual(new Uint8Array([3]))
    const { totps = [] } = (await store.findUser(project, row.subject_id)) ?? {}
    expect(totps[0]).toMatchObject({ sealed_secret: new Uint8Array([4]), key_id: 'kept' })
    await store.forgetKey('kept')
    expect(await store.keyIds()).not.toContain('kept')
  })

  test('T4: one of fifty parallel acceptances of a step wins', async () => {
    const { key } = await activeTotp()
    for (let step = 100; step < 110; step++) {
      const won = await Promise.all(
        Array.from({ length: 50 }, () => patiently(() => store.acceptStep(key, step, now))),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
    }
  })

  test('T4: of fifty parallel acceptances with a session one wins, and its session alone is stored', async () => {
    const { key } = await activeTotp()
    const sessions = Array.from({ length: 50 }, () => session({ subject_id: key.subjectId }))
    const won = await Promise.all(
      sessions.map((row) => patiently(() => store.acceptStepWithSession(key, 100, now, row))),
    )
    const stored = await Promise.all(
      sessions.map(({ session_id }) => store.findSession(project, { sessionId: session_id }, now)),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(stored).toEqual(sessions.map((row, index) => (won[index] ? row : null)))
  })

  test('T5: a step below or equal to the last one is never accepted again', async () => {
    const { key } = await activeTotp()
    expect(await store.acceptStep(key, 1001, now)).toBe(true)
    for (const step of [1001, 1000, 999, 0]) expect(await store.acceptStep(key, step, now)).toBe(false)
    expect(await store.acceptStep(key, 1002, now)).toBe(true)
  })

  test('T2: steps beyond 32 bits are kept exactly', async () => {
    const { key, row } = await activeTotp()
    expect(await store.acceptStep(key, 2 ** 40, now)).toBe(true)
    expect(await store.acceptStep(key, 2 ** 40, now)).toBe(false)
    expect((await reread(row))?.last_step).toBe(2 ** 40)
  })

  test('T7: the step that confirms a pending registration is spent by it', async () => {
    const { key, row } = await activeTotp({ status: 'pending', expires_at: now + 1000 })
    expect(await store.acceptStep({ ...key, status: 'active' }, 7, now)).toBe(false)
    expect(await store.acceptStep(key, 7, now)).toBe(true)
    expect(await reread(row)).toMatchObject({ status: 'active', last_step: 7, expires_at: null })
    expect(await store.acceptStep({ ...key, status: 'active' }, 7, now)).toBe(false)
    expect(await store.acceptStep(key, 8, now)).toBe(false)
  })

  test('T39: a pending registration is not confirmed once it has expired', async () => {
    const { key } = await activeTotp({ status: 'pending', expires_at: now })
    expect(await store.acceptStep(key, 7, now)).toBe(false)
  })

  test('T21: of two hundred parallel attempts exactly five are admitted', async () => {
    const { key, row } = await activeTotp()
    const admitted = await Promise.all(
      Array.from({ length: 200 }, () => patiently(() => store.reserveAttempt(key, now, limits))),
    )
    expect(admitted.filter((attempt) => attempt !== null)).toHaveLength(5)
    expect(await reread(row)).toMatchObject({
      consecutive_failures: 5,
      fail_level: 5,
      locked_until: now + 30_000,
    })
  })

  test('T19: from the fifth failure on each wait is longer, up to an hour', async () => {
    const { key } = await activeTotp()
    let at = now
    const waits = []
    for (let attempt = 1; attempt <= 14; attempt++) {
      const reserved = await store.reserveAttempt(key, at, limits)
      expect(reserved?.consecutive_failures).toBe(attempt)
      const until = reserved?.locked_until ?? null
      waits.push(until === null ? 0 : (until - at) / 1000)
      if (until !== null) {
        expect(await store.reserveAttempt(key, until - 1, limits)).toBeNull()
        at = until
      }
    }
    expect(waits).toEqual([0, 0, 0, 0, 30, 60, 120, 300, 900, 1800, 3600, 3600, 3600, 3600])
  })

  test('T19: at the cap a registration is disabled, and only a recovery code makes it active again', async () => {
    const { key, row } = await activeTotp()
    let at = now
    for (let attempt = 1; attempt <= 50; attempt++) {
      expect(await store.reserveAttempt(key, at, limits)).not.toBeNull()
      at += 3_600_000
    }
    expect(await store.reserveAttempt(key, at, limits)).toBeNull()
    await store.disableAtCap(key, limits.maxConsecutiveFailures)
    expect((await reread(row))?.status).toBe('disabled')
    expect(await store.acceptStep(key, 1, at)).toBe(false)
    await store.restoreTotp(row.totp_id)
    expect(await reread(row)).toMatchObject({ status: 'active', consecutive_failures: 0, fail_level: 0 })
  })

  /** An attempt that is paid for with the finding of its user. */
  const payFor = (row: TotpsTable, reference = row.subject_id, at = now) =>
    store.reserveForUser({ projectId: project, reference, keyId: 'k1' }, at, limits)

  if (name === 'SQLite')
    test('SQLite finds and pays by two statements, since neither is a round trip', async () => {
      const { row } = await activeTotp()
      expect(await payFor(row)).toBeNull()
      expect(await reread(row)).toEqual(row)
    })
  else
    describe('an attempt that is paid for with the finding of its user', () => {
      test('T19, T24: is counted as one that is paid for after it, up to the wait', async () => {
        const { row } = await activeTotp({ fail_level: 3, fail_level_at: now - 86_400_000 })
        const { row: other, key } = await activeTotp({ fail_level: 3, fail_level_at: now - 86_400_000 })
        for (let attempt = 0; attempt < 6; attempt++) {
          const [paid] = (await payFor(row))?.totps ?? []
          const { locked_until, consecutive_failures, fail_level } =
            (await store.reserveAttempt(key, now, limits)) ?? {}
          expect([paid?.locked_until, paid?.consecutive_failures, paid?.fail_level]).toEqual([
            locked_until,
            consecutive_failures,
            fail_level,
          ])
        }
        const { totp_id, subject_id } = row
        expect(await reread(row)).toEqual({ ...(await reread(other)), totp_id, subject_id })
      })

      test('gives the user by id or external id, with that registration as it is then', async () => {
        const owner = user({ external_id: unique('ext'), email: `${unique('a')}@example.com` })
        await store.insertUser(owner)
        const row = totp(owner.user_id, { last_step: 7, digits: 8 })
        await store.insertTotp(row)
        await store.insertTotp(totp(owner.user_id, { status: 'pending', expires_at: now + 1000 }))
        for (const [index, reference] of [owner.user_id, owner.external_id ?? ''].entries()) {
          expect(await payFor(row, reference)).toEqual({
            user: expect.objectContaining(owner),
            totps: [
              {
                ...row,
                consecutive_failures: index + 1,
                fail_level: index + 1,
                fail_level_at: now,
              },
            ],
          })
        }
      })

      test('T21: of two hundred at once, by both names, exactly five are admitted', async () => {
        const owner = user({ external_id: unique('ext') })
        await store.insertUser(owner)
        const row = totp(owner.user_id)
        await store.insertTotp(row)
        const references = [owner.user_id, owner.external_id ?? '']
        const paid = await Promise.all(
          Array.from({ length: 200 }, (_, index) => patiently(() => payFor(row, references[index % 2]))),
        )
        expect(paid.filter((record) => record !== null)).toHaveLength(5)
        expect(await reread(row)).toMatchObject({ consecutive_failures: 5, fail_level: 5 })
      })

      test.each<[string, Partial<TotpsTable>]>([
        ['pending', { status: 'pending', expires_at: now + 1000 }],
        ['disabled', { status: 'disabled' }],
        ['locked', { locked_until: now + 1 }],
        ['at its cap', { consecutive_failures: 50 }],
        ['at its level', { fail_level: 50, fail_level_at: now }],
        ['sealed with another key', { key_id: 'k2' }],
      ])('is none where the registration is %s, and nothing is written', async (_state, over) => {
        const { row } = await activeTotp(over)
        expect(await payFor(row)).toBeNull()
        expect(await reread(row)).toEqual(row)
      })

      test('T42: is none for somebody unknown, or of another project', async () => {
        const owner = user({ project_id: 'project-test-2', external_id: unique('ext') })
        await store.insertUser(owner)
        const row = totp(owner.user_id, { project_id: 'project-test-2' })
        await store.insertTotp(row)
        for (const reference of [owner.user_id, owner.external_id ?? '', unique('nobody')])
          expect(await payFor(row, reference)).toBeNull()
        const found = await store.findUser('project-test-2', owner.user_id)
        expect(found?.totps).toEqual([row])
      })
    })

  test('T32: a counter that makes no sense cannot be written', async () => {
    const owner = user()
    await store.insertUser(owner)
    for (const broken of [
      { consecutive_failures: -1 },
      { fail_level: -0.5 },
      { consecutive_failures: Number.NaN },
    ]) {
      await expect(store.insertTotp(totp(owner.user_id, broken))).rejects.toMatchObject({
        code: 'unavailable',
      })
    }
    expect((await store.findUser(project, owner.user_id))?.totps).toEqual([])
  })

  test('disabling waits for the cap', async () => {
    const { key, row } = await activeTotp({ consecutive_failures: 49 })
    await store.disableAtCap(key, 50)
    expect((await reread(row))?.status).toBe('active')
  })

  test('T24: the leaky level drains with time and loses only its own attempt by a success', async () => {
    const { key, row } = await activeTotp()
    for (let attempt = 1; attempt <= 3; attempt++) await store.reserveAttempt(key, now, limits)
    await store.acceptStep(key, 1, now)
    expect(await reread(row)).toMatchObject({ consecutive_failures: 0, fail_level: 2 })
    const day = 24 * 3_600_000
    const reserved = await store.reserveAttempt(key, now + day, limits)
    expect(reserved?.fail_level).toBeCloseTo(2 - 50 / 30 + 1, 9)
  })

  test('T24: a full level refuses, and admits again when it has drained', async () => {
    const { key } = await activeTotp({ fail_level: 50, fail_level_at: now })
    expect(await store.reserveAttempt(key, now, limits)).toBeNull()
    expect(await store.reserveAttempt(key, now + 1, limits)).toMatchObject({ consecutive_failures: 1 })
  })

  test('a clock that steps back drains nothing and moves no time backwards', async () => {
    const { key } = await activeTotp({ fail_level: 3, fail_level_at: now })
    expect(await store.reserveAttempt(key, now - 1_000_000, limits)).toMatchObject({ fail_level: 4 })
    expect(await store.reserveAttempt(key, now, limits)).toMatchObject({ fail_level: 5 })
  })

  async function withCodes(hashes: readonly string[]) {
    const { row, key } = await activeTotp()
    await store.insertRecoveryCodes(
      row,
      hashes.map((code_hash, place) => ({
        recovery_code_id: unique('code'),
        code_hash,
        key_id: 'k1',
        sealed_code: place === 0 ? null : new Uint8Array([place]),
      })),
    )
    const spend = (codeHash: string) =>
      store.spendRecoveryCode({ subjectId: row.subject_id, totpId: row.totp_id, codeHash, nowMs: now })
    return { row, key, spend }
  }

  test('T43: a registration is stored with its codes, and where it cannot be, none of them is', async () => {
    const { row } = await activeTotp()
    const code = (code_hash: string, sealed_code: Uint8Array | null) => ({
      recovery_code_id: unique('code'),
      code_hash,
      key_id: 'k1',
      sealed_code,
    })
    const pending = totp(row.subject_id, { status: 'pending', expires_at: now + 1000 })
    expect(await store.insertTotp(pending, [code('a', new Uint8Array([1, 2])), code('b', null)])).toBe(true)
    const second = totp(row.subject_id)
    expect(await store.insertTotp(second, [code('c', null)])).toBe(false)
    const { totp_id, subject_id } = pending
    expect(await store.listRecoveryCodes(totp_id)).toMatchObject([
      { totp_id, subject_id, code_hash: 'a', key_id: 'k1', sealed_code: new Uint8Array([1, 2]), place: 0 },
      { totp_id, subject_id, code_hash: 'b', key_id: 'k1', sealed_code: null, place: 1 },
    ])
    expect(await store.countRecoveryCodes(second.totp_id)).toBe(0)
  })

  test('T50: one of fifty parallel uses of a recovery code wins', async () => {
    const { row, spend } = await withCodes(['a', 'b'])
    const won = await Promise.all(Array.from({ length: 50 }, () => patiently(() => spend('a'))))
    expect(won.filter((id) => id !== null)).toHaveLength(1)
    expect(await spend('a')).toBeNull()
    expect(await store.countRecoveryCodes(row.totp_id)).toBe(1)
    expect((await store.listRecoveryCodes(row.totp_id)).map((code) => code.code_hash)).toEqual(['b'])
  })

  test('T51: all codes of a set used at once are used once each', async () => {
    const hashes = Array.from({ length: 10 }, (_, index) => `h${index}`)
    const { row, spend } = await withCodes(hashes)
    const won = await Promise.all(hashes.map(spend))
    expect(new Set(won).size).toBe(10)
    expect(won).not.toContain(null)
    expect(await store.countRecoveryCodes(row.totp_id)).toBe(0)
  })

  test('T40: codes of a pending registration open nothing, and die with their registration', async () => {
    const { row, spend } = await withCodes(['a'])
    const { row: waiting } = await activeTotp({ status: 'pending', expires_at: now + 1000 })
    await store.insertRecoveryCodes(waiting, [
      { recovery_code_id: unique('code'), code_hash: 'p', key_id: 'k1', sealed_code: null },
    ])
    const code = { subjectId: waiting.subject_id, totpId: waiting.totp_id, codeHash: 'p', nowMs: now }
    expect(await store.spendRecoveryCode(code)).toBeNull()
    expect(await store.deleteTotp(row.subject_id, row.totp_id)).toBe(true)
    expect(await spend('a')).toBeNull()
  })

  test('T53: five recovery attempts an hour, twenty wrong ones in a row then a day of waiting', async () => {
    const subject = unique('user')
    const hour = 3_600_000
    let at = now
    for (let window = 0; window < 4; window++) {
      for (let attempt = 1; attempt <= 5; attempt++) {
        const reserved = await store.reserveRecovery(subject, at, recoveryLimits)
        expect(reserved?.consecutive_failures).toBe(window * 5 + attempt)
      }
      expect(await store.reserveRecovery(subject, at + hour - 1, recoveryLimits)).toBeNull()
      at += hour
    }
    expect((await store.findRecoveryBudget(subject))?.locked_until).toBe(at - hour + 24 * hour)
    expect(await store.reserveRecovery(subject, at + 22 * hour, recoveryLimits)).toBeNull()
    const later = await store.reserveRecovery(subject, at + 23 * hour, recoveryLimits)
    expect(later).toMatchObject({ consecutive_failures: 1, window_attempts: 1, locked_until: null })
  })

  test('T53: of fifty parallel recovery attempts five are admitted', async () => {
    const subject = unique('user')
    const admitted = await Promise.all(
      Array.from({ length: 50 }, () => patiently(() => store.reserveRecovery(subject, now, recoveryLimits))),
    )
    expect(admitted.filter((budget) => budget !== null)).toHaveLength(5)
  })

  test('an accepted recovery code gives its attempt back and ends the run', async () => {
    const subject = unique('user')
    await store.reserveRecovery(subject, now, recoveryLimits)
    await store.reserveRecovery(subject, now, recoveryLimits)
    await store.refundRecovery(subject)
    expect(await store.findRecoveryBudget(subject)).toMatchObject({
      window_attempts: 1,
      consecutive_failures: 0,
    })
  })

  test('a session is found by token and id until it ends, in its project only', async () => {
    const row = session()
    await store.insertSession(row)
    expect(await store.findSession(project, { tokenHash: row.token_hash }, now)).toEqual(row)
    expect(await store.findSession(project, { sessionId: row.session_id }, now)).toEqual(row)
    expect(await store.findSession(project, { sessionId: row.session_id }, row.expires_at)).toBeNull()
    expect(await store.findSession('other', { sessionId: row.session_id }, now)).toBeNull()
    await store.deleteSession(row.session_id)
    expect(await store.findSession(project, { sessionId: row.session_id }, now)).toBeNull()
  })

  test.each([
    ['factors', { factors: '["one"]' }],
    ['claims', { custom_claims: '{"role":"blocked"}' }],
    ['duration', { expires_at: now + 120_000 }],
  ])('of two changes to a session at once, of which one is of its %s, none is lost', async (_of, first) => {
    const row = session()
    await store.insertSession(row)
    expect(await store.updateSession(row, { ...row, ...first }, now)).toBe(true)
    expect(await store.updateSession(row, { ...row, factors: '["two"]' }, now)).toBe(false)
    expect(await store.accessSession(row.session_id, now)).toEqual({ ...row, ...first })
  })

  test('looking at a session changes when that was and nothing else, and never backwards', async () => {
    const row = session()
    await store.insertSession(row)
    const later = { ...row, last_accessed_at: now + 1000 }
    expect(await store.accessSession(row.session_id, now + 1000)).toEqual(later)
    expect(await store.accessSession(row.session_id, now)).toEqual(later)
    expect(await store.updateSession(row, row, now)).toBe(true)
    expect(await store.findSession(project, { sessionId: row.session_id }, now)).toEqual(later)
    expect(await store.accessSession(row.session_id, row.expires_at)).toBeNull()
  })

  test('a member’s enrolment and default method change only where a call means to', async () => {
    const acme = organization()
    await store.insertOrganization(acme)
    const ada = member(acme.organization_id)
    await store.insertMember(ada)
    const change = { memberId: ada.member_id, mfaEnrolled: null, makesTotpDefault: false }
    const update = (over: object, nowMs: number) => store.updateMemberMfa({ ...change, ...over, nowMs })
    const enrolled = { ...ada, mfa_enrolled: 1, default_mfa_method: 'totp', updated_at: now + 1 }
    expect(await update({ mfaEnrolled: true }, now + 1)).toEqual(enrolled)
    expect(await update({}, now + 2)).toEqual({ ...enrolled, updated_at: now + 2 })
    await store.clearTotpDefault(ada.member_id, now + 3)
    const cleared = { ...enrolled, default_mfa_method: '', updated_at: now + 3 }
    expect((await store.findMember(project, acme.slug, ada.member_id))?.member).toMatchObject(cleared)

    const sms = member(acme.organization_id, { default_mfa_method: 'sms_otp', mfa_enrolled: 1 })
    await store.insertMember(sms)
    const ofSms = (over: object) => update({ memberId: sms.member_id, ...over }, now + 4)
    expect(await ofSms({ mfaEnrolled: false })).toMatchObject({
      mfa_enrolled: 0,
      default_mfa_method: 'sms_otp',
    })
    await store.clearTotpDefault(sms.member_id, now + 5)
    expect(await ofSms({})).toMatchObject({ default_mfa_method: 'sms_otp' })
    expect(await ofSms({ makesTotpDefault: true })).toMatchObject({ default_mfa_method: 'totp' })
    expect(await update({ memberId: 'nobody' }, now)).toBeNull()
  })

  test('an intermediate session is used up once', async () => {
    const token_hash = unique('hash')
    await store.insertIntermediateSession({
      token_hash,
      project_id: project,
      organization_id: 'o',
      member_id: 'm',
      created_at: now,
      expires_at: now + 600_000,
    })
    expect(await store.findIntermediateSession(project, token_hash, now)).not.toBeNull()
    expect(await store.findIntermediateSession(project, token_hash, now + 600_000)).toBeNull()
    const used = await Promise.all(
      Array.from({ length: 10 }, () => store.consumeIntermediateSession(token_hash)),
    )
    expect(used.filter(Boolean)).toHaveLength(1)
  })

  test('rows whose time is over are deleted, others stay', async () => {
    const over = session({ expires_at: now - 1 })
    const live = session()
    await store.insertSession(over)
    await store.insertSession(live)
    expect(await store.deleteEndedSessions(now)).toBe(1)
    expect(await store.deleteEndedIntermediateSessions(now)).toBe(0)
    expect(await store.findSession(project, { sessionId: over.session_id }, 0)).toBeNull()
    expect(await store.findSession(project, { sessionId: live.session_id }, now)).not.toBeNull()
  })

  test('rows whose time is over are deleted a thousand at once, and each is counted once', async () => {
    await store.transaction(async (queries) => {
      for (let row = 0; row < 1200; row++) {
        await queries.insertSession(session({ expires_at: now - 1 }))
        await queries.insertIntermediateSession({
          token_hash: unique('hash'),
          project_id: project,
          organization_id: 'o',
          member_id: 'm',
          created_at: now,
          expires_at: now - 1,
        })
      }
    })
    for (const clean of [store.deleteEndedSessions, store.deleteEndedIntermediateSessions]) {
      expect(await clean(now)).toBe(1000)
      const rest = await Promise.all(Array.from({ length: 4 }, () => clean(now)))
      expect(rest.reduce((sum, count) => sum + count)).toBe(200)
    }
  })

  test('of two processes that make a signing key the first one stays', async () => {
    const key = {
      project_id: 'p',
      algorithm: 'ES256',
      sealed_private_key: new Uint8Array([1]),
      key_id: 'k1',
    } as const
    await store.insertSigningKey({ ...key, kid: 'first', created_at: now })
    await store.insertSigningKey({ ...key, kid: 'second', created_at: now })
    expect((await store.signingKeys('p')).map(({ kid }) => kid)).toEqual(['first'])
  })

  test('T43: a transaction that fails leaves nothing behind, and others go on', async () => {
    const { row } = await activeTotp()
    await expect(
      store.transaction(async (queries) => {
        await queries.deleteTotp(row.subject_id, row.totp_id)
        throw new Error('stop')
      }),
    ).rejects.toThrow('stop')
    expect(await reread(row)).toEqual(row)
  })

  test('a statement beside a transaction is not part of it', async () => {
    const { row } = await activeTotp()
    const other = user()
    let inserting: Promise<boolean> | undefined
    await store
      .transaction(async (queries) => {
        inserting = store.insertUser(other)
        await queries.deleteTotp(row.subject_id, row.totp_id)
        throw new Error('stop')
      })
      .catch(() => {})
    expect(await inserting).toBe(true)
    expect(await store.findUser(project, other.user_id)).not.toBeNull()
  })

  test('T98: text that looks like SQL is text', async () => {
    const nasty = `'; DROP TABLE users; --`
    expect(await store.findUser(project, nasty)).toBeNull()
    expect(await store.findMember(project, nasty, nasty)).toBeNull()
    const owner = user({ external_id: nasty, name: JSON.stringify({ first_name: nasty }) })
    await store.insertUser(owner)
    expect((await store.findUser(project, nasty))?.user.name).toBe(owner.name)
  })

  test('answers a ping', async () => {
    await expect(store.ping()).resolves.toBeUndefined()
  })

  test('F45: a store that is closed, once or twice, is unavailable', async () => {
    await Promise.all([store.close(), store.close()])
    const calls = [
      () => store.ping(),
      () => store.findUser(project, 'user-test-1'),
      () => store.insertUser(user()),
      () => store.transaction((queries) => queries.findUser(project, 'user-test-1')),
      () => store.deleteEndedSessions(now),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('T42: SQLite answers for whom it is asked, also after a statement that failed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kit-store-'))
  const store = await openSqlite({ dataDir })
  const other = new Database(join(dataDir, 'totp.sqlite'))
  const [ada, bob] = [user(), user()]
  for (const one of [ada, bob]) await store.insertUser(one)
  const found = async ({ user_id }: UsersTable) => (await store.findUser(project, user_id))?.user.user_id
  expect(await found(ada)).toBe(ada.user_id)
  other.exec('ALTER TABLE users RENAME TO elsewhere')
  await expect(found(ada)).rejects.toMatchObject({ code: 'unavailable' })
  other.exec('ALTER TABLE elsewhere RENAME TO users')
  expect(await found(bob)).toBe(bob.user_id)
  expect(await found(user())).toBeUndefined()
  other.close()
  await store.close()
  rmSync(dataDir, { recursive: true })
})

test('F45: SQLite carries out what was asked for before it is closed, and nothing after', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  const last = user()
  const inserted = store.insertUser(last)
  const found = store.transaction(async (queries) => queries.findUser(project, last.user_id))
  const closed = Promise.all([store.close(), store.close()])
  expect(await inserted).toBe(true)
  expect((await found)?.user.user_id).toBe(last.user_id)
  await closed
  await expect(store.findUser(project, last.user_id)).rejects.toMatchObject({ code: 'unavailable' })
})
