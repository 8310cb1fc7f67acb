import type { Operation } from '@kit/contract'
import type { Call } from './call.js'
import { BffError } from './errors.js'
import type { MfaStatuses, View } from './mfa-status.js'
import { type Decided, decide } from './policy.js'
import type { Standings } from './standing.js'

export interface AdmissionDeps {
  standings: Standings
  statuses: MfaStatuses
  /** @throws BffError rate_limited */
  limit: (operation: Operation, call: Call) => Promise<void>
  stepUpMs: number
  now: () => number
}

export interface Admission {
  /**
   * How things stand now, once limits and policy let the operation pass.
   *
   * @throws BffError whatever policy refuses with; rate_limited
   */
  admit(operation: Decided, call: Call, supported?: boolean): Promise<View>
  /** @throws BffError where there is no authenticator whose code could be judged */
  requireFactor(operation: 'authenticate' | 'recover', call: Call): Promise<void>
}

/** What stands before each operation: its limit, the provider's word of now, and policy. */
export function createAdmission({ standings, statuses, limit, stepUpMs, now }: AdmissionDeps): Admission {
  const decideNow = (operation: Decided, { factor, mfa }: View, supported = true): void => {
    const verdict = decide(operation, { factor, mfa, stepUpMs, supported })
    if (verdict !== 'allow') throw new BffError(verdict)
  }

  /**
   * How things stand now, and policy's word on it. Whom policy refuses is counted too, since each asks the provider;
   * beyond the limit what was heard last still refuses, and the limit comes after that as ever.
   */
  const admit = async (operation: Decided, call: Call, supported?: boolean): Promise<View> => {
    try {
      // Codes have limits of their own, once they are judged.
      await limit(operation === 'authenticate' || operation === 'recover' ? 'status' : operation, call)
    } catch (limited) {
      const recent = standings.recent(call.subject, call.session)
      if (recent) decideNow(operation, await statuses.viewOf(call, recent), supported)
      throw limited
    }
    const view = await statuses.freshView(call)
    decideNow(operation, view, supported)
    return view
  }

  /**
   * A code needs an active authenticator, or a registration of this very browser. Who was known to have one is not
   * asked about again: the provider judges the code and says itself if it is gone. One call instead of two.
   */
  const requireFactor = async (operation: 'authenticate' | 'recover', call: Call): Promise<void> => {
    const pending = call.session?.pending
    if (pending && pending.expiresAtMs > now()) return
    if (standings.lastKnown(call.subject, call.session).factorId !== null) return
    await admit(operation, call)
  }

  return { admit, requireFactor }
}
