import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { Context } from '../src/context.js'
import { checkEntry, importEntry } from '../src/import-entry.js'
import type { ImportEntry } from '../src/import-lines.js'
import { openSqlite, type Store } from '../src/index.js'
import { attemptLimitsOf, defaultLimits, recoveryLimitsOf } from '../src/limits.js'
import { createKeyring } from '../src/seal.js'
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
  await expect(importEntry(contextOver(cut), entry)).rejects.toThrow('cut off')
  expect(await store.findMember(projectId, 'acme', 'bob')).toMatchObject({
    member: { mfa_enrolled: 0 },
    totps: [],
  })

  expect(await importEntry(contextOver(store), entry)).toBe('new')
  expect(await store.findMember(projectId, 'acme', 'bob')).toMatchObject({
    member: { mfa_enrolled: 1, default_mfa_method: 'totp' },
    totps: [{ status: 'active' }],
  })
  expect(await importEntry(contextOver(store), entry)).toBe('unchanged')
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
  expect(await checkEntry(context, { ...entry, subject })).toEqual(verdict)
  expect(await importEntry({ ...context, autoProvision: false }, { ...entry, subject })).toEqual(verdict)
})
