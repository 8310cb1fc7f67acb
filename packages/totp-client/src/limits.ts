// What of the wire is known without its schemas, which bring zod along and 70 ms of a start with it.

/** `expiration_minutes` of both creates: how long a registration may wait for its first code, in minutes. */
export const expirationMinutes = { min: 5, max: 1440, userDefault: 1440, memberDefault: 60 } as const

/**
 * `session_duration_minutes`, in minutes; 527040 is 366 days. A consumer call without it makes no session,
 * a B2B one makes a session of `memberDefault`.
 */
export const sessionDurationMinutes = { min: 5, max: 527_040, memberDefault: 60 } as const

/** `session_custom_claims`: size of all claims together, and keys that nobody may set. */
export const customClaims = {
  maxBytes: 4096,
  reserved: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
  reservedPrefix: 'https://stytch.com/',
} as const

/** Form of an id in a path: the provider's own ids, external ids and slugs all fit. */
export const idPattern = /^(?!\.{1,2}$)[A-Za-z0-9._|~-]{1,128}$/

/** Longest a name may get in an `otpauth://` URI, in characters after encoding: with two issuers and an account it still fits a QR code. */
const maxEncodedName = 600

/**
 * A name as the label of an `otpauth://` URI may carry it: without `:`, which divides issuer from account, and without
 * control and direction characters, which would let a name pose as another in an app's list. A lone surrogate, which
 * has no UTF-8, is U+FFFD. https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export const labelText = (name: string): string =>
  Buffer.from(name)
    .toString()
    .replace(/[:\p{Cc}\p{Bidi_Control}]/gu, '')
    .trim()

/** The same, percent-encoded as RFC 3986 asks: a space is `%20`, since some apps show `+` as it is. Cut between characters where it is long. */
export function encodeLabel(name: string): string {
  let encoded = ''
  for (const character of labelText(name)) {
    // encodeURIComponent leaves what RFC 3986 section 2.2 reserves.
    const piece = encodeURIComponent(character).replace(
      /[!'()*]/g,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    )
    if (encoded.length + piece.length > maxEncodedName) break
    encoded += piece
  }
  return encoded
}
