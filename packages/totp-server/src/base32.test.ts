import fc from 'fast-check'
import { Secret } from 'otpauth'
import { expect, test } from 'vitest'
import { decodeBase32, encodeBase32 } from './base32.js'

// RFC 4648 section 10.
test.each([
  ['', ''],
  ['f', 'MY======'],
  ['fo', 'MZXQ===='],
  ['foo', 'MZXW6==='],
  ['foob', 'MZXW6YQ='],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI======'],
])('the RFC 4648 vector of %j', (text, encoded) => {
  expect(encodeBase32(Buffer.from(text))).toBe(encoded.replaceAll('=', ''))
  expect(decodeBase32(encoded)).toEqual(new Uint8Array(Buffer.from(text)))
})

test('any bytes come back, and read the same in another implementation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = encodeBase32(bytes)
      expect(decodeBase32(text)).toEqual(bytes)
      expect(Secret.fromBase32(text).bytes).toEqual(bytes)
    }),
  )
})

test('a key as people copy it is read: lower case, groups, dashes', () => {
  expect(decodeBase32('mzxw 6ytb-oi')).toEqual(new Uint8Array(Buffer.from('foobar')))
})

test.each(['MZXW0', 'MZXW1', 'MZXW8', 'MZ=XW6', 'ＭＺＸＷ', 'MZXW6!', '\0'])('%j is no base32', (text) => {
  expect(decodeBase32(text)).toBeNull()
})
