import { BffError, isSessionGone } from './errors.js'
import type { Proof } from './provider.js'
import type { Session } from './session.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** A proof, and whose session it is: our own cookie's goes on as it is, a new one has to be made. */
export interface Offer {
  proof: Proof | null
  origin: 'cookie' | 'host' | 'none'
}

/**
 * What can be shown to the provider, best first: the cookie's own session, the host's, the intermediate one that a
 * member has before MFA. An intermediate token counts once, and a person who came with a token never goes without:
 * the list is then empty, and the host has to sign them in again.
 */
export function offersOf(subject: Subject, session: Session | null): Offer[] {
  const offers: Offer[] = []
  const own = session?.provider?.sessionToken
  if (own !== undefined) offers.push({ proof: { kind: 'session', sessionToken: own }, origin: 'cookie' })

  const host = subject.sessionToken
  if (host !== undefined && host !== own) {
    offers.push({ proof: { kind: 'session', sessionToken: host }, origin: 'host' })
  }
  const intermediate = subject.kind === 'member' ? subject.intermediateSessionToken : undefined
  if (intermediate !== undefined && tokenHashOf(intermediate) !== session?.consumedTokenHash) {
    offers.push({ proof: { kind: 'intermediate', sessionToken: intermediate }, origin: 'host' })
  }
  if (host === undefined && intermediate === undefined) offers.push({ proof: null, origin: 'none' })
  return offers
}

/**
 * Makes a call with the first proof that the provider still knows. A session that is gone is a definite answer,
 * given before any code is judged, so the next proof may be tried; after any other error nothing is.
 *
 * @throws BffError unauthenticated where there is nothing to show; whatever the last `call` throws
 */
export async function withOffer<T>(offers: readonly Offer[], call: (offer: Offer) => Promise<T>): Promise<T> {
  for (const [index, offer] of offers.entries()) {
    try {
      return await call(offer)
    } catch (error) {
      if (index === offers.length - 1 || !isSessionGone(error)) throw error
    }
  }
  throw new BffError('unauthenticated')
}
