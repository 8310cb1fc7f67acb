import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore, type Store } from './store.js'

let folder: string
let store: Store
let now = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kit-store-'))
  store = openStore(join(folder, 'demo.sqlite'), () => now)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true })
})

const ada = { email: 'ada@example.com', organization: '', passwordHash: 'h' }
const subject = { kind: 'user', userId: 'user-test-1' } as const

function add() {
  const id = store.claimPerson(ada)
  if (!id) throw new Error('taken')
  store.finishPerson(id, subject)
  return { id, email: ada.email, organization: '', subject }
}

test('an address is taken once, as a user and in each organization', () => {
  add()
  expect(store.claimPerson(ada)).toBeNull()
  expect(store.claimPerson({ ...ada, organization: 'acme' })).not.toBeNull()
  expect(store.claimPerson({ ...ada, organization: 'globex' })).not.toBeNull()
})

test('a claim that was never finished is claimed again under the same id, and lets nobody in', () => {
  const id = store.claimPerson(ada)
  expect(store.findPerson(ada.email, '')).toBeNull()
  expect(store.claimPerson({ ...ada, passwordHash: 'other' })).toBe(id)
})

test('a sign-in is found by its token until it ends', () => {
  const person = add()
  const token = store.openSignIn(person, { sessionToken: 'provider token' })
  expect(store.readSignIn(token)).toMatchObject({
    person,
    providerTokens: { sessionToken: 'provider token' },
  })
  store.closeSignIn(token)
  expect(store.readSignIn(token)).toBeNull()
  expect(store.readSignIn('x')).toBeNull()
})

test('a sign-in ends after eight hours', () => {
  now = 0
  const token = store.openSignIn(add(), {})
  now = 8 * 3_600_000 - 1
  expect(store.readSignIn(token)).not.toBeNull()
  now += 1
  expect(store.readSignIn(token)).toBeNull()
  now = 0
})

test('each sign-in has an id of its own, and all of a person end at once', () => {
  const person = add()
  const tokens = [store.openSignIn(person, {}), store.openSignIn(person, {})]
  expect(new Set(tokens.map((token) => store.readSignIn(token)?.id)).size).toBe(2)
  store.closeSignInsOf(person)
  expect(tokens.map((token) => store.readSignIn(token))).toEqual([null, null])
})

test('neither the cookie nor the tokens of the provider can be read in the files', () => {
  const token = store.openSignIn(add(), { intermediateSessionToken: 'planted-provider-token' })
  const files = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('')
  expect(files).toContain(ada.email)
  expect(files).not.toContain(token)
  expect(files).not.toContain('planted-provider-token')
})
