import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { TotpServerError } from './error.js'
import { createKeyring, SealError } from './seal.js'

const key = () => randomBytes(32).toString('base64')
const secret = Buffer.from('12345678901234567890')

function failure(work: () => unknown): SealError | TotpServerError {
  try {
    work()
  } catch (error) {
    if (error instanceof SealError || error instanceof TotpServerError) return error
  }
  throw new Error('It did not fail.')
}

test('T97: what is sealed opens again, and hides the plain text', () => {
  const ring = createKeyring(`k1:${key()}`)
  const { keyId, sealed } = ring.seal(secret, 'row 1')
  expect(keyId).toBe('k1')
  expect(Buffer.from(sealed).includes(secret)).toBe(false)
  expect(ring.open(new Uint8Array(sealed), keyId, 'row 1')).toEqual(secret)
})

test('T97: the same plain text is sealed differently each time', () => {
  const ring = createKeyring(`k1:${key()}`)
  const all = Array.from({ length: 1000 }, () => Buffer.from(ring.seal(secret, 'row').sealed))
  expect(new Set(all.map((sealed) => sealed.subarray(0, 12).toString('hex'))).size).toBe(1000)
})

test('T97: a value moved to another row does not open', () => {
  const ring = createKeyring(`k1:${key()}`)
  const { keyId, sealed } = ring.seal(secret, 'row 1')
  expect(failure(() => ring.open(sealed, keyId, 'row 2')).code).toBe('not_opened')
})

test('T97: no changed or shortened byte goes unnoticed', () => {
  const ring = createKeyring(`k1:${key()}`)
  const { keyId, sealed } = ring.seal(secret, 'row')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(failure(() => ring.open(changed, keyId, 'row')).code).toBe('not_opened')
    expect(failure(() => ring.open(sealed.subarray(0, at), keyId, 'row')).code).toBe('not_opened')
  }
})

test('F36: another key under the same id does not open, and an unknown id says so', () => {
  const { keyId, sealed } = createKeyring(`k1:${key()}`).seal(secret, 'row')
  expect(failure(() => createKeyring(`k1:${key()}`).open(sealed, keyId, 'row')).code).toBe('not_opened')
  const unknown = failure(() => createKeyring(`k2:${key()}`).open(sealed, keyId, 'row'))
  expect(unknown.code).toBe('unknown_key')
  expect(unknown.message).toContain('"k1"')
})

test('T97: after a rotation the new key seals and the old one still opens', () => {
  const [old, young] = [`old:${key()}`, `young:${key()}`]
  const before = createKeyring(old)
  const sealed = before.seal(secret, 'row')
  const after = createKeyring(`${young},${old}`)
  expect(after.currentKeyId).toBe('young')
  expect(after.open(sealed.sealed, sealed.keyId, 'row')).toEqual(secret)
  expect(after.seal(secret, 'row').keyId).toBe('young')
  expect(after.pepper('old')).toEqual(before.pepper('old'))
  expect(after.pepper('young')).not.toEqual(after.pepper('old'))
  expect(failure(() => after.pepper('other')).code).toBe('unknown_key')
})

const short = randomBytes(31).toString('base64')
test.each([
  ['', 'entry 1 is not id:base64'],
  ['k1', 'entry 1 is not id:base64'],
  [`k1:${short}`, 'entry 1 has a key of 31 bytes'],
  [`k1:${key()},`, 'entry 2 is not id:base64'],
  [`k1:${key()},k1:${key()}`, 'entry 2 repeats the id k1'],
  [`k1:not base64!`, 'entry 1 is not id:base64'],
])('keys that cannot be used are refused in words, row %#', (keys, words) => {
  const error = failure(() => createKeyring(keys))
  expect(error.code).toBe('invalid_option')
  expect(error.message).toContain(words)
  expect(error.message).toContain('32 random bytes')
})

test('T85: a refused key is not repeated in the message', () => {
  expect(failure(() => createKeyring(`k1:${short}`)).message).not.toContain(short)
})
