import { createHmac } from 'node:crypto'
import type { Marks } from './marks.js'

/** Longer than a code is accepted anywhere: three steps of 30 seconds. */
const rememberMs = 120_000

/** Codes that were accepted a moment ago, for a provider that may accept them again. */
export interface SpentCodes {
  /** Under which name a code is remembered: of no use to whoever reads it. */
  name(subjectKey: string, code: string): string
  has(name: string): Promise<boolean>
  /** False when somebody else was quicker with the same code. */
  add(name: string): Promise<boolean>
}

/**
 * Remembers a subject's accepted codes for two minutes, under an HMAC: six digits alone could be found by trying.
 * RFC 6238 section 5.2: a code must not be accepted twice.
 */
export function createSpentCodes(marks: Marks, key: Uint8Array, now: () => number): SpentCodes {
  return {
    name: (subjectKey, code) =>
      `code:${createHmac('sha256', key).update(`${subjectKey}\0${code}`).digest('base64url')}`,
    has: (name) => marks.has(name),
    add: (name) => marks.add(name, now() + rememberMs),
  }
}
