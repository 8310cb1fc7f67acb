import { createHmac, timingSafeEqual } from 'node:crypto'

/** Hash functions of RFC 6238 section 1.2, under the names otpauth URIs use. */
export type TotpAlgorithm = 'SHA1' | 'SHA256' | 'SHA512'

/** How one factor's codes are made. Belongs to the factor, never to a request. */
export interface TotpParameters {
  secret: Uint8Array
  algorithm: TotpAlgorithm
  /** Length of a code: 6 to 8. */
  digits: number
}

/**
 * The time step a moment lies in (RFC 6238 section 4.2, T0 = 0).
 *
 * @param nowMs milliseconds since 1970, UTC
 */
export function totpStep(nowMs: number, periodSeconds: number): number {
  return Math.floor(nowMs / (periodSeconds * 1000))
}

/** The code of one step: HOTP with the step as a 64-bit counter (RFC 4226 section 5.3, RFC 6238 section 4). */
export function totpCode({ secret, step, algorithm, digits }: TotpParameters & { step: number }): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(algorithm, secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/**
 * The step whose code this is: the current one, the one before or the one after (RFC 6238 section 5.2), else null.
 * Compare with `=== null`; step 0 is a step.
 *
 * All three codes are made and compared whatever matches, so that the time taken tells nothing. Where two
 * steps share a code the greater one is the answer: spending it spends both.
 *
 * @param code exactly `digits` ASCII digits; anything else matches nothing
 */
export function matchTotpStep({
  code,
  nowMs,
  periodSeconds,
  secret,
  algorithm,
  digits,
}: TotpParameters & { code: string; nowMs: number; periodSeconds: number }): number | null {
  if (typeof code !== 'string' || code.length !== digits || !/^[0-9]+$/.test(code)) return null
  const given = Buffer.from(code)
  const current = totpStep(nowMs, periodSeconds)
  let matched: number | null = null
  for (const step of [current - 1, current, current + 1]) {
    if (step < 0) continue
    if (timingSafeEqual(Buffer.from(totpCode({ secret, step, algorithm, digits })), given)) matched = step
  }
  return matched
}
