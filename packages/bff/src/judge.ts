import type { Call } from './call.js'
import type { ProviderCapabilities } from './capabilities.js'
import { BffError, isOutage, toRefusal } from './errors.js'
import { countMfa } from './policy.js'
import { offersOf, withOffer } from './proofs.js'
import type { Accepted, Minting, Proof } from './provider.js'
import type { Session } from './session.js'
import type { SpentCodes } from './spent-codes.js'
import { type Standings, subjectKeyOf } from './standing.js'
import { tokenHashOf } from './token-hash.js'

/** A code that was accepted, and what the cookie says from now on. */
export interface AcceptedMfa extends Accepted {
  session: Session
}

export interface JudgeDeps {
  standings: Standings
  capabilities: () => Promise<ProviderCapabilities>
  spentCodes: SpentCodes
  /** @throws BffError rate_limited */
  limit: (operation: 'authenticate' | 'recover', call: Call) => Promise<void>
  /** Gives room under the limits back: of a code that was accepted, or that nobody has judged. */
  refund: (operation: 'authenticate' | 'recover', call: Call) => Promise<void>
  /** Told how far the provider's clock is ahead, whenever a code was accepted. */
  onSkew: (aheadMs: number) => void
  /** Told of a verdict that is not a success. */
  onRefused: (operation: 'authenticate' | 'recover', call: Call, refusal: BffError) => void
  sessionMs: number
  customClaims: Record<string, unknown> | undefined
  now: () => number
}

/** Has the provider judge a code, and checks that what it says holds together. */
export type Judge = (
  operation: 'authenticate' | 'recover',
  call: Call,
  code: string,
  run: (offer: { proof: Proof | null; minting: Minting | null }) => Promise<Accepted>,
) => Promise<AcceptedMfa>

/** The provider was busy or out of reach, and the code left as it was: not an attempt (F6). */
const isUnjudged = ({ code }: BffError) => code === 'rate_limited' || code === 'upstream_unavailable'

/** The one way in which a code is judged, whatever its kind: limited, single use, bound to the session. */
export function createJudge(deps: JudgeDeps): Judge {
  const {
    standings,
    capabilities,
    spentCodes,
    limit,
    refund,
    onSkew,
    onRefused,
    sessionMs,
    customClaims,
    now,
  } = deps
  const minting: Minting = { durationMinutes: sessionMs / 60_000, customClaims }

  /** A session that lives is not prolonged; the host's is touched only where claims have to go into it. */
  const mintingFor = (origin: 'cookie' | 'host' | 'none', proof: Proof | null): Minting | null =>
    origin === 'none' || proof?.kind === 'intermediate' || (origin === 'host' && customClaims)
      ? minting
      : null

  const sessionAfter = (
    call: Call,
    operation: string,
    proof: Proof | null,
    origin: string,
    accepted: Accepted,
  ) => {
    const { subject, binding, session } = call
    const nowMs = now()
    // Absolute: a step-up within a session of ours does not move its end.
    const endMs = origin === 'cookie' ? (session?.provider?.expiresAtMs ?? 0) : nowMs + sessionMs
    const consumed =
      proof?.kind === 'intermediate' ? tokenHashOf(proof.sessionToken) : session?.consumedTokenHash
    return {
      kind: subject.kind,
      binding,
      provider: {
        sessionToken: accepted.sessionToken,
        expiresAtMs: Math.min(endMs, accepted.reading.session?.expiresAtMs ?? 0),
      },
      mfa: {
        method: operation === 'recover' ? 'recovery_code' : 'totp',
        atMs: nowMs,
        factorId: accepted.factorId,
      },
      ...(consumed === undefined ? {} : { consumedTokenHash: consumed }),
    } satisfies Session
  }

  return async (operation, call, code, run) => {
    const { subject, session } = call
    // The provider's word for a recovery code that is gone is that it is wrong.
    const spent = operation === 'recover' ? 'invalid_recovery_code' : 'code_already_used'
    await limit(operation, call)
    const begunTurn = standings.turn()
    try {
      const names = (await capabilities()).plainWire ? spentCodes.names(subjectKeyOf(subject), code) : []
      if (await spentCodes.has(names)) throw new BffError(spent)
      const offers = offersOf(subject, session)
      const accepted = await withOffer(offers, async ({ proof, origin }) => {
        const verdict = await run({ proof, minting: mintingFor(origin, proof) })
        return { session: sessionAfter(call, operation, proof, origin, verdict), ...verdict }
      })
      // The provider took the code, and yet its own session does not say so: nobody is let in on that.
      if (!countMfa(accepted.session.mfa, accepted.reading, now())) throw new BffError('bad_upstream')
      if (!(await spentCodes.add(names))) throw new BffError(spent)
      onSkew(accepted.acceptedAtMs - now())
      standings.learn(subject, accepted.sessionToken, accepted.reading, begunTurn)
      await refund(operation, call)
      return accepted
    } catch (error) {
      const refusal = toRefusal(error)
      // The code may have been taken: what the session was raised by, whether it enrolled, and how many recovery codes are
      // left is asked anew (F3, F4).
      if (isOutage(refusal)) standings.forget(session)
      if ((isOutage(refusal) && session?.pending) || refusal.code === 'not_enrolled') standings.doubt(subject)
      if (isOutage(refusal) && operation === 'recover') standings.forgetRemaining(subject)
      if (isUnjudged(refusal)) await refund(operation, call)
      onRefused(operation, call, refusal)
      throw refusal
    }
  }
}
