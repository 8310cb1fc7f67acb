import { createHmac, hkdfSync } from 'node:crypto'
import { type RandomBytes, readRandom } from './random.js'

/** How many codes a set has. */
export const recoveryCodeCount = 10

/** Letters of one code, without its dashes. */
const codeLetters = 16

/** Crockford's base32 alphabet: no i, l, o, u. 32 letters, so five bits of a random byte choose one without bias. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A new set of ten codes, each 80 random bits as `xxxx-xxxx-xxxx-xxxx`.
 *
 * @throws Error when the random source gives too few bytes
 */
export function makeRecoveryCodes(random: RandomBytes): string[] {
  // Drawn at once: a call costs 3 µs whatever it brings.
  const bytes = readRandom(random, recoveryCodeCount * codeLetters)
  const letters = Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('')
  return Array.from({ length: recoveryCodeCount }, (_, nth) =>
    letters.slice(nth * codeLetters, (nth + 1) * codeLetters).replace(/.{4}(?=.)/g, '$&-'),
  )
}

/**
 * What is hashed of a code as typed: lower case, no dashes or spaces, `o` as `0`, `i` and `l` as `1`.
 * Null for anything but 8 to 64 ASCII letters and digits; the range is wide because imported codes keep the
 * shape their issuer gave them.
 */
export function normaliseRecoveryCode(input: string): string | null {
  const letters = input.replace(/[ -]/g, '')
  if (!/^[A-Za-z0-9]{8,64}$/.test(letters)) return null
  return letters.toLowerCase().replace(/o/g, '0').replace(/[il]/g, '1')
}

/**
 * The name a code is stored and looked up under: HMAC-SHA-256 over subject and code, base64url. Without the pepper
 * a copy of the database tells nothing; with the subject in it, equal codes of two people are two names.
 *
 * @param normalised a result of {@link normaliseRecoveryCode}
 */
export function recoveryCodeHash(pepper: Uint8Array, subjectId: string, normalised: string): string {
  return createHmac('sha256', pepper).update(`${subjectId}\0${normalised}`).digest('base64url')
}

/** The pepper of {@link recoveryCodeHash}, 32 bytes, made from an encryption key by HKDF-SHA-256 (RFC 5869). */
export function deriveRecoveryPepper(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), 'kit recovery code pepper 1', 32))
}
