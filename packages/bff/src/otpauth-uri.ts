import { encodeLabel } from '@kit/totp-client/limits'

/**
 * The address in a QR code: `otpauth://totp/Issuer:account?secret=…&issuer=…&algorithm=SHA1&digits=6&period=30`.
 * Issuer before the label and as a parameter alike, as the Key Uri Format page asks:
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export function otpauthUri(issuer: string, accountName: string, secret: string): string {
  const name = encodeLabel(issuer)
  return `otpauth://totp/${name}:${encodeLabel(accountName)}?secret=${secret}&issuer=${name}&algorithm=SHA1&digits=6&period=30`
}
