import type { ErrorCode } from '@kit/contract'
import { describe, expect, it } from 'vitest'
import { type CountedMfa, countMfa, type Decided, decide, decideGate, type Factor } from './policy.js'

const stepUpMs = 300_000
const freshness: Record<string, CountedMfa | null> = {
  'no MFA': null,
  'fresh MFA by code': { method: 'totp', ageMs: 299_999 },
  'old MFA by code': { method: 'totp', ageMs: 300_000 },
  'fresh MFA by recovery code': { method: 'recovery_code', ageMs: 0 },
  'old MFA by recovery code': { method: 'recovery_code', ageMs: 3_000_000 },
}
const names = Object.keys(freshness)

/** One verdict a freshness, in the order of `freshness`; one alone stands for all. */
const table: Record<Decided, Record<Factor, string>> = {
  create: {
    none: 'allow',
    pending: 'allow',
    expired: 'allow',
    active: 'step_up_required already_enrolled step_up_required already_enrolled step_up_required',
  },
  authenticate: {
    none: 'not_enrolled',
    pending: 'allow',
    expired: 'registration_expired',
    active: 'allow',
  },
  recover: {
    none: 'not_enrolled',
    pending: 'allow',
    expired: 'registration_expired',
    active: 'allow',
  },
  recoveryCodes: {
    none: 'not_enrolled',
    pending: 'not_enrolled',
    expired: 'registration_expired',
    active: 'step_up_required allow step_up_required step_up_required step_up_required',
  },
  rotate: {
    none: 'not_enrolled',
    pending: 'not_enrolled',
    expired: 'registration_expired',
    active: 'step_up_required allow step_up_required allow step_up_required',
  },
  remove: {
    none: 'not_enrolled',
    pending: 'not_enrolled',
    expired: 'registration_expired',
    active: 'step_up_required allow step_up_required allow step_up_required',
  },
}

describe('T37: may this subject do this now?', () => {
  for (const [operation, byFactor] of Object.entries(table) as [Decided, Record<Factor, string>][]) {
    for (const [factor, verdicts] of Object.entries(byFactor) as [Factor, string][]) {
      const words = verdicts.split(' ')
      for (const [index, name] of names.entries()) {
        const expected = words.length === 1 ? words[0] : words[index]
        it(`${operation}, factor ${factor}, ${name}: ${expected}`, () => {
          const mfa = freshness[name] ?? null
          expect(decide(operation, { factor, mfa, stepUpMs, supported: true })).toBe(expected)
        })
      }
    }
  }

  it.each(['recoveryCodes', 'rotate', 'remove'] as const)(
    '%s says that the provider cannot, before it asks anybody for a code',
    (operation) => {
      expect(decide(operation, { factor: 'active', mfa: null, stepUpMs, supported: false })).toBe(
        'not_supported',
      )
      expect(decide(operation, { factor: 'none', mfa: null, stepUpMs, supported: false })).toBe(
        'not_enrolled',
      )
    },
  )
})

describe('does MFA count?', () => {
  const nowMs = 1_000_000
  const done = { method: 'totp', atMs: 900_000, factorId: 'f1' } as const
  const live = { totpIds: ['f1'], byRecoveryCode: false, expiresAtMs: 2_000_000 }
  const recovered = { ...done, method: 'recovery_code' } as const

  it.each([
    ['a live session raised by the active factor', done, { factorId: 'f1', session: live }, 100_000],
    ['no MFA in the cookie', undefined, { factorId: 'f1', session: live }, null],
    ['no session at the provider', done, { factorId: 'f1', session: null }, null],
    ['a session that is over', done, { factorId: 'f1', session: { ...live, expiresAtMs: nowMs } }, null],
    ['a removed factor', done, { factorId: null, session: live }, null],
    ['T44: a replaced factor', done, { factorId: 'f2', session: { ...live, totpIds: ['f1', 'f2'] } }, null],
    [
      'T76: a session that was never raised',
      done,
      { factorId: 'f1', session: { ...live, totpIds: [] } },
      null,
    ],
    [
      'a code, though only a recovery code is known',
      done,
      { factorId: 'f1', session: { ...live, totpIds: [], byRecoveryCode: true } },
      null,
    ],
    [
      'a recovery code',
      recovered,
      { factorId: 'f1', session: { ...live, totpIds: [], byRecoveryCode: true } },
      100_000,
    ],
    ['a recovery code that the session does not know', recovered, { factorId: 'f1', session: live }, null],
    [
      'the clock of another machine that is a little ahead',
      { ...done, atMs: nowMs + 5_000 },
      { factorId: 'f1', session: live },
      0,
    ],
    [
      'F44, T18: a clock that went back: how old it is cannot be told',
      { ...done, atMs: nowMs + 3_600_000 },
      { factorId: 'f1', session: live },
      Number.POSITIVE_INFINITY,
    ],
  ])('%s', (_name, mfa, view, ageMs) => {
    const counted = countMfa(mfa, view, nowMs)
    expect(counted).toEqual(ageMs === null ? null : { method: mfa?.method, ageMs })
  })
})

describe('the gate', () => {
  const base = {
    enrolled: true,
    required: false,
    mfa: null,
    stale: false,
    maxAgeMs: 900_000,
    whenNotEnrolled: 'refuse',
  } as const
  const mfa = { method: 'totp', ageMs: 900_000 } as const

  it.each<[string, Partial<Parameters<typeof decideGate>[0]>, 'allow' | ErrorCode]>([
    ['lets MFA pass', { mfa }, 'allow'],
    ['asks again when MFA is older than it may be', { mfa: { ...mfa, ageMs: 900_001 } }, 'step_up_required'],
    ['asks for MFA', {}, 'mfa_required'],
    ['asks whoever has no authenticator, too', { enrolled: false }, 'mfa_required'],
    ['lets them pass where it was told to', { enrolled: false, whenNotEnrolled: 'allow' }, 'allow'],
    [
      'asks them all the same while policy demands',
      { enrolled: false, whenNotEnrolled: 'allow', required: true },
      'mfa_required',
    ],
    ['asks the enrolled one, whatever it was told', { whenNotEnrolled: 'allow' }, 'mfa_required'],
    ['lets nobody pass on stale knowledge', { mfa, stale: true }, 'upstream_unavailable'],
    [
      'lets nobody pass on stale knowledge, enrolled or not',
      { enrolled: false, whenNotEnrolled: 'allow', stale: true },
      'upstream_unavailable',
    ],
  ])('%s', (_name, situation, verdict) => {
    expect(decideGate({ ...base, ...situation })).toBe(verdict)
  })
})
