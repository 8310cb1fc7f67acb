import { createHmac, hkdfSync } from 'node:crypto'
import type { Marks } from './marks.js'

/** Longer than a code is accepted anywhere: three steps of 30 seconds. */
const rememberMs = 120_000

/** Codes that were accepted a moment ago, for a provider that may accept them again. */
export interface SpentCodes {
  /** Under which names a code is remembered: of no use to whoever reads them. */
  names(subjectKey: string, code: string): readonly string[]
  has(names: readonly string[]): Promise<boolean>
  /** False when somebody else was quicker with the same code. */
  add(names: readonly string[]): Promise<boolean>
}

/**
 * Remembers a subject's accepted codes for two minutes, under an HMAC: six digits alone could be found by trying.
 * RFC 6238 section 5.2: a code must not be accepted twice.
 *
 * @param keys of the cookie's ring. A code has a name under each, since processes have them in another order, or one
 *   fewer, while keys are exchanged. The names have one order, so that of two processes one is first with all of them.
 */
export function createSpentCodes(marks: Marks, keys: readonly Uint8Array[], now: () => number): SpentCodes {
  const hmacKeys = keys.map((key) => new Uint8Array(hkdfSync('sha256', key, '', 'kit spent codes 1', 32)))
  const firstOf = async (names: readonly string[], test: (name: string) => Promise<boolean>) => {
    for (const name of names) if (await test(name)) return true
    return false
  }
  return {
    names: (subjectKey, code) =>
      hmacKeys
        .map((key) => createHmac('sha256', key).update(`${subjectKey}\0${code}`).digest('base64url'))
        .map((name) => `code:${name}`)
        .sort(),
    has: (names) => firstOf(names, (name) => marks.has(name)),
    add: async (names) =>
      !(await firstOf(names, async (name) => !(await marks.add(name, now() + rememberMs)))),
  }
}
