import { labelText } from '@kit/totp-client/limits'
import fc from 'fast-check'
import { TOTP, URI } from 'otpauth'
import { expect, it } from 'vitest'
import { otpauthUri } from './otpauth-uri.js'

const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

it('writes the address as the Key Uri Format page does', () => {
  expect(otpauthUri('Acme Co', 'ada+test@example.com', secret)).toBe(
    `otpauth://totp/Acme%20Co:ada%2Btest%40example.com?secret=${secret}&issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30`,
  )
})

it('T17: keeps every name in its place, whatever it holds', () => {
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(name, name, (issuer, account) => {
      fc.pre(labelText(issuer) !== '' && labelText(account) !== '')
      const uri = otpauthUri(issuer, account, secret)
      const url = new URL(uri)
      expect([...url.searchParams.keys()]).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period'])
      expect(url.searchParams.get('secret')).toBe(secret)
      expect(url.searchParams.get('issuer')).toBe(labelText(issuer))
      expect(decodeURIComponent(url.pathname)).toContain(`${labelText(issuer)}:${labelText(account)}`)
      expect(uri).toMatch(/^[\x21-\x7e]+$/)
    }),
  )
})

it.each([
  '&secret=AAAA',
  'a:b',
  '<img onerror=x>',
  'ada\u202egnp.exe',
  'line\nbreak',
  'naïve 名前 😀',
  "o'brien(x)*!",
])('T17: is read by another authenticator as it was written, with %j in it', (name) => {
  const parsed = URI.parse(otpauthUri('Acme', name, secret))
  expect(parsed).toBeInstanceOf(TOTP)
  expect(parsed).toMatchObject({
    issuer: 'Acme',
    label: labelText(name),
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
  })
  expect(parsed.secret.base32).toBe(secret)
})

it('T17: drops what turns the direction of text, breaks lines or ends the issuer', () => {
  expect(labelText('a\u202eb\nc:d\u2066e\ud800f')).toBe('abcde\ufffdf')
})

it('T17: cuts a name that no QR code could hold, between two of its characters', () => {
  const uri = otpauthUri('会'.repeat(64), '🔐'.repeat(5_000), secret)
  expect(uri.length).toBeLessThan(2_000)
  expect(decodeURIComponent(uri)).toMatch(/^otpauth:\/\/totp\/会{64}:(🔐){50}\?secret=/u)
})
