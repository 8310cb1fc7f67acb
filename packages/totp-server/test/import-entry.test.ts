import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { Context } from '../src/context.js'
import { checkEntry, importEntry } from '../src/import-entry.js'
import type { ImportEntry } from '../src/import-lines.js'
import { openSqlite, type Store } from '../src/index.js'
import { attemptLimitsOf, defaultLimits, recoveryLimitsOf } from '../src/limits.js'
import { createKeyring } from '../src/seal.js'
import { emptyMember, emptyOrganization, emptyUser } from '../src/subjects.js'
import { encryptionKeys, projectId } from './world.js'

let opened: Store | undefined
afterEach(() => opened?.close())

const contextOver = (store: Store): Context => ({
  store,
  projectId,
  environment: 'test',
  projectName: 'Acme',
  keyring: createKeyring(encryptionKeys),
  attemptLimits: attemptLimitsOf(defaultLimits),
  recoveryLimits: recoveryLimitsOf(defaultLimits),
  recoveryCodes: 'sealed',
  autoProvision: true,
  random: randomBytes,
  now: Date.now,
  signers: () => Promise.reject(new Error('An import signs nothing.')),
  freshSigners: () => Promise.reject(new Error('An import signs nothing.')),
})

const entry: ImportEntry = {
  subject: { kind: 'member', organizationId: 'acme', memberId: 'bob' },
  secret: Buffer.from('12345678901234567890'),
  algorithm: 'SHA1',
  digits: 6,
  periodSeconds: 30,
  recoveryCodes: ['22o0-e6e9-plwt'],
}

test('an import that is cut off leaves no member with an authenticator who is not enrolled', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  opened = store
  const updateMemberMfa = () => Promise.reject(new Error('cut off'))
  const cut: Store = {
    ...store,
    updateMemberMfa,
    transaction: (work) => store.transaction((queries) => work({ ...queries, updateMemberMfa })),
  }
  await expect(importEntry(contextOver(cut), entry, new Set())).rejects.toThrow('cut off')
  expect(await store.findMember(projectId, 'acme', 'bob')).toMatchObject({
    member: { mfa_enrolled: 0 },
    totps: [],
  })

  expect(await importEntry(contextOver(store), entry, new Set())).toBe('new')
  expect(await store.findMember(projectId, 'acme', 'bob')).toMatchObject({
    member: { mfa_enrolled: 1, default_mfa_method: 'totp' },
    totps: [{ status: 'active' }],
  })
  expect(await importEntry(contextOver(store), entry, new Set())).toBe('unchanged')
})

test('nobody is given an authenticator who could not have one made: who is pending', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  opened = store
  const context = contextOver(store)
  const user = { ...emptyUser(context), external_id: 'ada', status: 'pending' }
  const acme = emptyOrganization(context, 'Acme', 'acme')
  const bob = { ...emptyMember(context, acme.organization_id), external_id: 'bob', status: 'pending' }
  await store.insertUser(user)
  await store.insertOrganization(acme)
  await store.insertMember(bob)
  const ada = { ...entry, subject: { kind: 'user', userId: 'ada' } } satisfies ImportEntry
  expect(await importEntry(context, ada, new Set())).toEqual({ problem: 'names a user who is not active' })
  expect(await importEntry(context, entry, new Set())).toEqual({
    problem: 'names a member who is not active',
  })
  expect((await store.findUser(projectId, 'ada'))?.totps).toEqual([])
})

test('no member is given an authenticator whose organization allows none, but for break-glass', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  opened = store
  const context = contextOver(store)
  const acme = {
    ...emptyOrganization(context, 'Acme', 'acme'),
    mfa_methods: 'RESTRICTED',
    allowed_mfa_methods: '["sms_otp"]',
  }
  const bob = { ...emptyMember(context, acme.organization_id), external_id: 'bob' }
  const glass = { ...bob, member_id: 'member-test-2', external_id: 'glass', is_breakglass: 1 }
  await store.insertOrganization(acme)
  await store.insertMember(bob)
  await store.insertMember(glass)
  const of = (memberId: string): ImportEntry => ({
    ...entry,
    subject: { kind: 'member', organizationId: 'acme', memberId },
  })
  const refused = { problem: 'names a member whose organization does not allow authenticator apps' }
  for (const memberId of ['bob', 'carol']) {
    expect(await checkEntry(context, of(memberId), new Set())).toEqual(refused)
    expect(await importEntry(context, of(memberId), new Set())).toEqual(refused)
  }
  expect(await store.findMember(projectId, 'acme', 'bob')).toMatchObject({ totps: [] })
  expect(await store.findMember(projectId, 'acme', 'carol')).toBeNull()
  expect(await importEntry(context, of('glass'), new Set())).toBe('new')
})

test.each<ImportEntry['subject']>([
  { kind: 'user', userId: 'acme~2' },
  { kind: 'member', organizationId: 'acme', memberId: 'bob~2' },
  { kind: 'member', organizationId: 'acme~2', memberId: 'bob' },
])('who cannot be made for a ~ in an id is told so: %o', async (subject) => {
  const store = await openSqlite({ dataDir: ':memory:' })
  opened = store
  expect(await checkEntry(contextOver(store), { ...entry, subject }, new Set())).toEqual({
    problem: expect.stringMatching(
      /^names nobody known \((user|organization)_not_found\): an external id has 1 to 128 of A-Z a-z 0-9 \. _ \| - and no ~/,
    ),
  })
})

test.each<ImportEntry['subject']>([
  { kind: 'user', userId: 'user-live-11111111-1111-4111-8111-111111111111' },
  { kind: 'member', organizationId: 'acme', memberId: 'member-test-1' },
  { kind: 'member', organizationId: 'organization-live-1', memberId: 'bob' },
])('who cannot be made is told why, AUTO_PROVISION or not: %o', async (subject) => {
  const store = await openSqlite({ dataDir: ':memory:' })
  opened = store
  const verdict = {
    problem: expect.stringMatching(
      /^names nobody known \((user|organization)_not_found\): only a server gives ids of the form user-live-…/,
    ),
  }
  const context = contextOver(store)
  expect(await checkEntry(context, { ...entry, subject }, new Set())).toEqual(verdict)
  expect(await importEntry({ ...context, autoProvision: false }, { ...entry, subject }, new Set())).toEqual(
    verdict,
  )
})
