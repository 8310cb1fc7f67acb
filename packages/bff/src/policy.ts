import type { ErrorCode, Operation } from '@kit/contract'
import type { DoneMfa } from './session.js'

/** The subject's authenticator app. `pending`, `expired`: the registration of this browser, not confirmed yet. */
export type Factor = 'none' | 'pending' | 'expired' | 'active'

/** MFA that counts at this moment. */
export interface CountedMfa {
  method: DoneMfa['method']
  /** Infinity where the clock was set back since. */
  ageMs: number
}

/** The active authenticator, and what the provider's session says it was raised by. */
export interface ProviderView {
  factorId: string | null
  /** Of the provider's session; null without a live one. */
  session: { totpIds: readonly string[]; byRecoveryCode: boolean; expiresAtMs: number } | null
}

/** How far the clocks of two machines may differ. */
const clockSkewMs = 10_000

/** F44: of MFA that was done in the future nobody can tell how old it is. */
const ageOf = (atMs: number, nowMs: number): number =>
  atMs > nowMs + clockSkewMs ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - atMs)

/**
 * Does MFA that the cookie tells of count? Only while the provider's session lives, was raised by that factor,
 * and the factor is still the subject's active one: a removed or replaced authenticator takes its MFA along.
 */
export function countMfa(done: DoneMfa | undefined, view: ProviderView, nowMs: number): CountedMfa | null {
  if (!done || !view.session || view.session.expiresAtMs <= nowMs) return null
  if (done.factorId !== view.factorId) return null
  const raised =
    done.method === 'totp' ? view.session.totpIds.includes(done.factorId) : view.session.byRecoveryCode
  return raised ? { method: done.method, ageMs: ageOf(done.atMs, nowMs) } : null
}

/** Operations that the subject's factor and freshness decide about. */
export type Decided = Extract<
  Operation,
  'create' | 'authenticate' | 'recover' | 'recoveryCodes' | 'rotate' | 'remove'
>

/** What a decision is made of. */
export interface Situation {
  factor: Factor
  mfa: CountedMfa | null
  /** How old MFA may be for a change of factors. */
  stepUpMs: number
  /** Whether this provider has the operation for this kind of subject. */
  supported: boolean
}

/**
 * May this subject do this now? First what the subject has (409, 410), then what the provider can (501), then
 * how fresh MFA is (403). NIST SP 800-63B-4 section 4.1.2.1: a change of factors needs a factor.
 */
export function decide(
  operation: Decided,
  { factor, mfa, stepUpMs, supported }: Situation,
): 'allow' | ErrorCode {
  const fresh = mfa !== null && mfa.ageMs < stepUpMs
  if (operation === 'create') {
    if (factor !== 'active') return 'allow'
    return fresh ? 'already_enrolled' : 'step_up_required'
  }
  if (factor === 'none') return 'not_enrolled'
  if (factor === 'expired') return 'registration_expired'
  if (operation === 'authenticate' || operation === 'recover') return 'allow'
  if (factor === 'pending') return 'not_enrolled'
  if (!supported) return 'not_supported'
  // One leaked recovery code must not open the others.
  const byRightFactor = operation !== 'recoveryCodes' || mfa?.method === 'totp'
  return fresh && byRightFactor ? 'allow' : 'step_up_required'
}

/** What the host's own routes ask for. */
export interface GateSituation {
  enrolled: boolean
  required: boolean
  mfa: CountedMfa | null
  /** The provider could not confirm MFA for too long. */
  stale: boolean
  maxAgeMs: number
  whenNotEnrolled: 'refuse' | 'allow'
}

/** May this subject pass to the host's own routes now? */
export function decideGate(situation: GateSituation): 'allow' | ErrorCode {
  const { enrolled, required, mfa, stale, maxAgeMs, whenNotEnrolled } = situation
  if (stale) return 'upstream_unavailable'
  if (mfa) return mfa.ageMs <= maxAgeMs ? 'allow' : 'step_up_required'
  return !enrolled && !required && whenNotEnrolled === 'allow' ? 'allow' : 'mfa_required'
}
