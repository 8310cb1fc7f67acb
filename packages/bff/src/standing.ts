import { BoundedMap } from './bounded-map.js'
import type { ProviderCapabilities } from './capabilities.js'
import { isSessionGone, toRefusal } from './errors.js'
import { createFlights } from './flights.js'
import { nobody, type Provider, type Reading } from './provider.js'
import type { Session } from './session.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** How long the provider's word counts. */
const recheckMs = 300_000

/** Names a subject, whichever sign-in it comes with. */
export const subjectKeyOf = (subject: Subject): string =>
  subject.kind === 'user' ? `user:${subject.userId}` : `member:${subject.organizationId}:${subject.memberId}`

interface Person {
  providerId: string
  factorId: string | null
  organizationRequires: boolean
  atMs: number
}

interface KnownSession {
  view: Reading['session']
  subjectKey: string
  atMs: number
}

const tokenOf = (session: Session | null): string | null => session?.provider?.sessionToken ?? null

/** What was last known of the recovery codes, and when. */
interface Count {
  remaining: number | null
  atMs: number
}

export interface Standings {
  /** What the provider said of subject and session within the last five minutes, if it was asked. */
  recent(subject: Subject, session: Session | null): Reading | null
  /** What it says now. @throws BffError when it cannot be asked */
  read(subject: Subject, session: Session | null): Promise<Reading>
  /** What was last heard, for while the provider is away; no session, so no MFA counts. */
  lastKnown(subject: Subject, session: Session | null): Reading
  /** Takes over what an answer told. */
  learn(subject: Subject, sessionToken: string | null, reading: Reading): void
  /** Makes the next read of the session ask. */
  forget(session: Session | null): void
  /** How many recovery codes are left; null where the provider does not tell. */
  remaining(subject: Subject, reading: Reading): Promise<number | null>
  /** How many were left when that was last heard. */
  knownRemaining(subject: Subject): number | null
  learnRemaining(subject: Subject, remaining: number): void
  forgetRemaining(subject: Subject): void
}

export interface StandingsDeps {
  provider: (subject: Subject) => Provider
  capabilities: () => Promise<ProviderCapabilities>
  now: () => number
}

/**
 * The provider is the authority; this remembers for five minutes what it said. Two memories: what a session was
 * raised by, under the hash of its token, and which authenticator a person has. A change of the person's
 * authenticator therefore shows at once in all of the person's sessions here (T44).
 */
export function createStandings({ provider, capabilities, now }: StandingsDeps): Standings {
  const people = new BoundedMap<string, Person>(50_000)
  const sessions = new BoundedMap<string, KnownSession>(50_000)
  const counts = new BoundedMap<string, Count>(50_000)
  const reads = createFlights<Reading>(0)

  const learn = (subject: Subject, sessionToken: string | null, reading: Reading) => {
    const subjectKey = subjectKeyOf(subject)
    const { providerId, factorId, organizationRequires, session } = reading
    const atMs = now()
    people.set(subjectKey, { providerId, factorId, organizationRequires, atMs })
    if (sessionToken !== null) sessions.set(tokenHashOf(sessionToken), { view: session, subjectKey, atMs })
  }

  const ask = async (subject: Subject, sessionToken: string | null): Promise<Reading> => {
    try {
      return await provider(subject).read(sessionToken)
    } catch (error) {
      if (sessionToken !== null && isSessionGone(error)) return ask(subject, null)
      const refusal = toRefusal(error)
      if (refusal.code === 'not_enrolled') return nobody
      throw refusal
    }
  }

  return {
    recent(subject, session) {
      const token = tokenOf(session)
      const subjectKey = subjectKeyOf(subject)
      const person = people.get(subjectKey)
      const known = token === null ? undefined : sessions.get(tokenHashOf(token))
      // What is older than the MFA that the cookie tells of cannot know it: another process has judged that.
      const sinceMs = Math.max(now() - recheckMs + 1, session?.mfa?.atMs ?? 0)
      if (!person || person.atMs < sinceMs) return null
      if (token === null) return { ...person, session: null }
      if (known?.subjectKey !== subjectKey || known.atMs < sinceMs) return null
      return { ...person, session: known.view }
    },

    async read(subject, session) {
      const token = tokenOf(session)
      const reading = await reads.share(`${subjectKeyOf(subject)} ${token ?? ''}`, () => ask(subject, token))
      learn(subject, token, reading)
      return reading
    },

    lastKnown(subject, session) {
      const person = people.get(subjectKeyOf(subject))
      if (person) return { ...person, session: null }
      return { ...nobody, factorId: session?.mfa?.factorId ?? null }
    },

    learn,

    forget(session) {
      if (session?.provider) sessions.delete(tokenHashOf(session.provider.sessionToken))
    },

    async remaining(subject, reading) {
      if (reading.factorId === null) return null
      const subjectKey = subjectKeyOf(subject)
      const known = counts.get(subjectKey)
      if (known && now() - known.atMs < recheckMs) return known.remaining
      try {
        const codes = (await capabilities()).reveal
          ? await provider(subject).recoveryCodes(reading.providerId)
          : null
        const remaining = codes?.length ?? null
        counts.set(subjectKey, { remaining, atMs: now() })
        return remaining
      } catch {
        // A number beside the point must not cost the answer.
        return known?.remaining ?? null
      }
    },

    knownRemaining: (subject) => counts.get(subjectKeyOf(subject))?.remaining ?? null,

    learnRemaining(subject, remaining) {
      counts.set(subjectKeyOf(subject), { remaining, atMs: now() })
    },

    forgetRemaining(subject) {
      counts.delete(subjectKeyOf(subject))
    },
  }
}
