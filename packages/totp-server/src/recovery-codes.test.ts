import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeRecoveryCodes, normaliseRecoveryCode, recoveryCodeHash } from './recovery-codes.js'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Bytes that look random and are the same in each run. */
function seeded(seed: number) {
  let state = seed
  return (count: number) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
}

test('a set is ten codes of sixteen letters in four groups', () => {
  const codes = makeRecoveryCodes(randomBytes)
  expect(codes).toHaveLength(10)
  for (const code of codes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/)
})

test('each letter of a set stands for five bits of a random byte of its own', () => {
  const bytes = Uint8Array.from({ length: 160 }, (_, i) => (17 * i + 3) % 256)
  const letters = makeRecoveryCodes(() => bytes)
    .join('')
    .replaceAll('-', '')
  expect([...letters].map((letter) => alphabet.indexOf(letter))).toEqual([...bytes].map((byte) => byte % 32))
})

test('T10: a random source that gives too little stops the making', () => {
  expect(() => makeRecoveryCodes((count) => randomBytes(count - 1))).toThrow('gave 159 of 160 bytes')
})

test('T52: a hundred thousand codes are distinct and every letter is equally likely', () => {
  const random = seeded(20)
  const codes = Array.from({ length: 10_000 }, () => makeRecoveryCodes(random)).flat()
  expect(new Set(codes).size).toBe(100_000)
  const counts = new Map<string, number>()
  for (const letter of codes.join('').replaceAll('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  const expected = (100_000 * 16) / 32
  const chiSquared = [...alphabet].reduce(
    (sum, letter) => sum + ((counts.get(letter) ?? 0) - expected) ** 2 / expected,
    0,
  )
  // 31 degrees of freedom: above 61 once in a thousand.
  expect(chiSquared).toBeLessThan(61)
})

test('T56: case, dashes, spaces and look-alike letters do not matter', () => {
  const random = seeded(56)
  fc.assert(
    fc.property(fc.array(fc.constantFrom('', '-', ' ', ' - '), { minLength: 17, maxLength: 17 }), (gaps) => {
      const [code] = makeRecoveryCodes(random)
      const letters = code!.replaceAll('-', '')
      const respell = (letter: string, i: number) => {
        const look: Record<string, string> = { '0': 'oO0', '1': 'iIlL1' }
        const choices = look[letter] ?? letter + letter.toUpperCase()
        return choices.charAt((i * 7 + gaps.join('').length) % choices.length)
      }
      const typed = gaps[0] + [...letters].map((letter, i) => respell(letter, i) + gaps[i + 1]).join('')
      expect(normaliseRecoveryCode(typed)).toBe(letters)
    }),
  )
})

test('T56: any other edit is another code', () => {
  const random = seeded(57)
  fc.assert(
    fc.property(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 31 }), (at, by) => {
      const [code] = makeRecoveryCodes(random)
      const letters = code!.replaceAll('-', '')
      const other = alphabet.charAt((alphabet.indexOf(letters.charAt(at)) + by) % 32)
      expect(normaliseRecoveryCode(letters.slice(0, at) + other + letters.slice(at + 1))).not.toBe(letters)
      expect(normaliseRecoveryCode(letters.slice(1))).not.toBe(letters)
      expect(normaliseRecoveryCode(`${letters}0`)).not.toBe(letters)
    }),
  )
})

test.each([
  '',
  '1234567',
  'abcd_efgh_jkmn_pqrs',
  'abcdefgh\n',
  'ａbcdefgh',
  '\u212aabcdefgh',
  'x'.repeat(65),
])('T56: %j is no recovery code', (input) => {
  expect(normaliseRecoveryCode(input)).toBeNull()
})

test('a code of another issuer keeps its length', () => {
  expect(normaliseRecoveryCode('22o0-e6e9-plwt')).toBe('2200e6e9p1wt')
})

test('T52: the stored name hides the code and depends on pepper and person', () => {
  const [one, two] = [randomBytes(32), randomBytes(32)]
  const code = 'abcdefghjkmnpqrs'
  const hash = recoveryCodeHash(one, 'user-1', code)
  expect(hash).toMatch(/^[\w-]{43}$/)
  expect(hash).not.toContain(code)
  expect(recoveryCodeHash(one, 'user-1', code)).toBe(hash)
  expect(recoveryCodeHash(two, 'user-1', code)).not.toBe(hash)
  expect(recoveryCodeHash(one, 'user-2', code)).not.toBe(hash)
})
