import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import jsQr from 'jsqr'
import { TOTP, URI } from 'otpauth'
import { expect, test } from 'vitest'
import { encodeBase32 } from './base32.js'
import { otpauthUri, qrDataUri } from './provisioning.js'

interface Picture {
  data: Buffer
  width: number
  height: number
}
const { PNG }: { PNG: { sync: { read(file: Buffer): Picture } } } = createRequire(import.meta.url)('pngjs')

const factor = {
  secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  algorithm: 'SHA1',
  digits: 6,
  periodSeconds: 30,
} as const

function pictureOf(text: string): Picture {
  const prefix = 'data:image/png;base64,'
  const uri = qrDataUri(text)
  expect(uri.startsWith(prefix)).toBe(true)
  return PNG.sync.read(Buffer.from(uri.slice(prefix.length), 'base64'))
}

function read(text: string): string | undefined {
  const { data, width, height } = pictureOf(text)
  return jsQr.default(new Uint8ClampedArray(data), width, height)?.data
}

test('the URI of an ordinary account', () => {
  expect(otpauthUri({ ...factor, issuer: 'Acme & Söhne', accountName: 'ann+mfa@example.com' })).toBe(
    'otpauth://totp/Acme%20%26%20S%C3%B6hne:ann%2Bmfa%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30',
  )
})

/** What may be left of a name: neither the divider nor what cannot be seen. */
const visible = (name: string) =>
  Buffer.from(name)
    .toString()
    .replace(/[:\p{Cc}\p{Bidi_Control}]/gu, '')
    .trim()

test('T17: whatever the names are, the URI says the same secret, issuer and account and nothing more', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 40 })
    .filter((text) => visible(text) !== '')
  fc.assert(
    fc.property(name, name, (issuer, accountName) => {
      const text = otpauthUri({ ...factor, issuer, accountName })
      const url = new URL(text)
      expect([...url.searchParams.keys()]).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period'])
      expect(url.searchParams.get('secret')).toBe(factor.secret)
      expect(url.searchParams.get('issuer')).toBe(visible(issuer))
      expect(text).toMatch(/^otpauth:\/\/totp\/[\w.~%-]+:[\w.~%-]+\?[\w.~%=&-]+$/)
      const parsed = URI.parse(text)
      expect(parsed.secret.base32).toBe(factor.secret)
      expect(parsed.issuer).toBe(visible(issuer))
      expect(parsed.label).toBe(visible(accountName))
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['A&secret=AAAA', 'x?secret=BBBB&image=https://evil.example/i.png'],
  ['Bank:evil', 'ann:root'],
  ['\u202eknaB', 'ann\nadmin'],
  ['\ud800', "o'hara!(*)"],
])('T17: the names %j and %j smuggle nothing in', (issuer, accountName) => {
  const text = otpauthUri({ ...factor, issuer, accountName })
  expect(text.match(/secret=/g)).toHaveLength(1)
  expect(new URL(text).searchParams.get('image')).toBeNull()
  expect(text.split('?')[0]?.match(/:/g)).toHaveLength(2)
  expect(decodeURIComponent(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
})

test('another hash, length and period are said', () => {
  const text = otpauthUri({
    secret: factor.secret,
    issuer: 'A',
    accountName: 'b',
    algorithm: 'SHA512',
    digits: 8,
    periodSeconds: 60,
  })
  const parsed = URI.parse(text)
  expect(parsed).toBeInstanceOf(TOTP)
  expect(parsed).toMatchObject({ algorithm: 'SHA512', digits: 8, period: 60 })
})

test('the picture of an ordinary account is black on white, about 200 pixels square, and reads back', () => {
  const text = otpauthUri({ ...factor, issuer: 'Acme', accountName: 'ann@example.com' })
  const { width, height } = pictureOf(text)
  expect(width).toBe(height)
  expect(width).toBeGreaterThanOrEqual(170)
  expect(width).toBeLessThanOrEqual(240)
  expect(read(text)).toBe(text)
})

test('the picture has four light modules on each side', () => {
  const { data, width } = pictureOf('otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ')
  const darkAt = (x: number, y: number) => data[(y * width + x) * 4] === 0
  const dark = Array.from({ length: width * width }, (_, i) => i).filter((i) =>
    darkAt(i % width, Math.floor(i / width)),
  )
  const columns = dark.map((i) => i % width)
  const rows = dark.map((i) => Math.floor(i / width))
  const left = Math.min(...columns)
  // A finder's outer edge is seven modules long and the quiet zone four.
  let edge = 0
  while (darkAt(left + edge, left)) edge++
  expect(edge / 7).toBeGreaterThanOrEqual(3)
  for (const margin of [
    left,
    Math.min(...rows),
    width - 1 - Math.max(...columns),
    width - 1 - Math.max(...rows),
  ]) {
    expect(margin).toBe((4 * edge) / 7)
  }
})

test('two hundred different accounts all read back from their pictures', () => {
  for (let i = 0; i < 200; i++) {
    const text = otpauthUri({
      ...factor,
      secret: encodeBase32(randomBytes(20)),
      issuer: `Firm ${'of many words '.repeat(i % 5)}(${i})`,
      accountName: `person.${i}@${'example.'.repeat(i % 7)}com`,
    })
    expect(read(text)).toBe(text)
  }
})

test('names of any length are cut to what a QR code holds', () => {
  const text = otpauthUri({ ...factor, issuer: '会'.repeat(500), accountName: '🔐'.repeat(500) })
  expect(decodeURIComponent(text)).toContain('会会:🔐🔐')
  expect(pictureOf(text).width).toBeGreaterThan(300)
})
