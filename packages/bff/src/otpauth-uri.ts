/** encodeURIComponent leaves `!'()*` as they are; RFC 3986 section 2.2 reserves them. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** Control characters, marks that turn the direction of text, and lone surrogates, which have no UTF-8. */
const unprintable = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A name as the label may carry it: no colon, which ends the issuer, and nothing unprintable. */
export const labelText = (text: string): string => text.replace(unprintable, '').replaceAll(':', '').trim()

/**
 * The address in a QR code: `otpauth://totp/Issuer:account?secret=…&issuer=…&algorithm=SHA1&digits=6&period=30`.
 * Percent-encoded as RFC 3986 says, so a space is `%20`: some apps show `+` as it is.
 * Issuer before the label and as a parameter alike, as the Key Uri Format page asks:
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export function otpauthUri(issuer: string, accountName: string, secret: string): string {
  const name = encode(labelText(issuer))
  return `otpauth://totp/${name}:${encode(labelText(accountName))}?secret=${secret}&issuer=${name}&algorithm=SHA1&digits=6&period=30`
}
