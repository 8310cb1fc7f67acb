import { BoundedMap } from './bounded-map.js'
import type { ProviderCapabilities } from './capabilities.js'
import { isSessionGone, toRefusal } from './errors.js'
import { createFlights } from './flights.js'
import { isForeign, nobody, type Provider, type Reading } from './provider.js'
import type { Session } from './session.js'
import { soon } from './soon.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** How long the provider's word counts. */
const recheckMs = 300_000
/** How long an answer waits for the number of recovery codes, which is beside its point. */
const countPatienceMs = 1_000
/** Until the next question after one that got no number in time. */
const countRestMs = 5_000

/** Names a subject, whichever sign-in it comes with. */
export const subjectKeyOf = (subject: Subject): string =>
  subject.kind === 'user' ? `user:${subject.userId}` : `member:${subject.organizationId}:${subject.memberId}`

/** What was told, and when: `turn` puts questions and changes in one order, which the clock is too coarse for. */
interface Told {
  turn: number
  /** When it was asked for; 0 is too long ago to count. */
  atMs: number
}

interface Person extends Told {
  providerId: string
  factorId: string | null
  organizationRequires: boolean
  pendingIds: readonly string[]
}

interface KnownSession extends Told {
  view: Reading['session']
  subjectKey: string
}

const personOf = (reading: Reading, { turn, atMs }: Told): Person => ({
  providerId: reading.providerId,
  factorId: reading.factorId,
  organizationRequires: reading.organizationRequires,
  pendingIds: reading.pendingIds,
  turn,
  atMs,
})

/** Field by field: a field after a spread gives each object a shape of its own, at 0.8 µs and more for each later look. */
const readingOf = (person: Person, session: Reading['session']): Reading => ({
  providerId: person.providerId,
  factorId: person.factorId,
  organizationRequires: person.organizationRequires,
  pendingIds: person.pendingIds,
  session,
})

const tokenOf = (session: Session | null): string | null => session?.provider?.sessionToken ?? null

/** What was last known of the recovery codes. */
interface Count {
  remaining: number | null
  atMs: number
  untilMs: number
  /** In which turn codes were last made or spent here: a number that was asked for before that is older. */
  turn: number
}

export interface Standings {
  /** What the provider said of subject and session within the last five minutes, if it was asked. */
  recent(subject: Subject, session: Session | null): Reading | null
  /** What it says now. @throws BffError when it cannot be asked */
  read(subject: Subject, session: Session | null): Promise<Reading>
  /** What was last heard, for while the provider is away; no session, so no MFA counts. */
  lastKnown(subject: Subject, session: Session | null): Reading
  /** The turn in which a change begins that {@link learn} will tell of. */
  turn(): number
  /** Takes over what the answer to a change told that began in that turn. */
  learn(subject: Subject, sessionToken: string | null, reading: Reading, begunTurn: number): void
  /** Makes the next read of the session ask. */
  forget(session: Session | null): void
  /** Makes the next read of the person ask: the authenticator may be another. */
  doubt(subject: Subject): void
  /** How many recovery codes are left; null where the provider does not tell. */
  remaining(subject: Subject, reading: Reading): Promise<number | null>
  /** How many were left when that was last heard. */
  knownRemaining(subject: Subject, reading: Reading): number | null
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
  const countings = createFlights<number | null>(0)

  let turns = 0

  /**
   * A change is newer than every answer that was asked for before it was done. Where another that was asked for
   * meanwhile contradicts it, nobody can tell which came first, and the provider is asked anew.
   */
  const learn = (subject: Subject, sessionToken: string | null, reading: Reading, begunTurn: number) => {
    const subjectKey = subjectKeyOf(subject)
    const known = people.get(subjectKey)
    const doubtful =
      known !== undefined &&
      known.turn > begunTurn &&
      (known.atMs === 0 || known.factorId !== reading.factorId)
    const told = { turn: ++turns, atMs: now() }
    people.set(subjectKey, personOf(reading, doubtful ? { ...told, atMs: 0 } : told))
    if (sessionToken !== null) {
      sessions.set(tokenHashOf(sessionToken), { view: reading.session, subjectKey, ...told })
    }
  }

  const ask = async (subject: Subject, sessionToken: string | null): Promise<Reading> => {
    try {
      return await provider(subject).read(sessionToken)
    } catch (error) {
      if (sessionToken !== null && isSessionGone(error)) return ask(subject, null)
      const refusal = toRefusal(error)
      if (refusal.code === 'not_enrolled') return nobody
      // F14: what it was thought to be counts no longer.
      if (sessionToken !== null && isForeign(refusal)) sessions.delete(tokenHashOf(sessionToken))
      throw refusal
    }
  }

  /** Of each of the two memories the newer counts: what is known, or what is told here. */
  const readNow = async (subject: Subject, subjectKey: string, token: string | null): Promise<Reading> => {
    const told = { turn: ++turns, atMs: now() }
    const reading = await ask(subject, token)
    const known = people.get(subjectKey)
    const isOld = known !== undefined && known.turn > told.turn
    // Nobody can tell which of the two came first.
    if (isOld && known.atMs === 0) return readNow(subject, subjectKey, token)
    const person = isOld ? known : personOf(reading, told)
    if (!isOld) people.set(subjectKey, person)
    if (token === null) return readingOf(person, null)
    const tokenHash = tokenHashOf(token)
    const newer = sessions.get(tokenHash)
    if (newer?.subjectKey === subjectKey && newer.turn > told.turn) return readingOf(person, newer.view)
    sessions.set(tokenHash, { view: reading.session, subjectKey, ...told })
    return readingOf(person, reading.session)
  }

  const setCount = (subjectKey: string, remaining: number | null, forMs: number, turn: number) => {
    const atMs = now()
    counts.set(subjectKey, { remaining, atMs, untilMs: atMs + forMs, turn })
  }

  const countNow = async (subject: Subject, providerId: string): Promise<number | null> =>
    (await capabilities()).reveal ? (await provider(subject).recoveryCodes(providerId)).length : null

  return {
    recent(subject, session) {
      const token = tokenOf(session)
      const subjectKey = subjectKeyOf(subject)
      const person = people.get(subjectKey)
      const known = token === null ? undefined : sessions.get(tokenHashOf(token))
      const nowMs = now()
      // What is older than the MFA that the cookie tells of cannot know it: another process has judged that.
      const sinceMs = Math.max(nowMs - recheckMs + 1, session?.mfa?.atMs ?? 0)
      // Nor can anybody tell how old it is once the clock was set back (F44).
      const isRecent = ({ atMs }: Told) => atMs >= sinceMs && atMs <= nowMs
      if (!person || !isRecent(person)) return null
      if (token === null) return readingOf(person, null)
      if (known?.subjectKey !== subjectKey || !isRecent(known)) return null
      return readingOf(person, known.view)
    },

    read(subject, session) {
      const token = tokenOf(session)
      const subjectKey = subjectKeyOf(subject)
      // Nobody joins a question that is older than what is known.
      const key = `${subjectKey} ${people.get(subjectKey)?.turn ?? 0} ${token ?? ''}`
      return reads.share(key, () => readNow(subject, subjectKey, token))
    },

    lastKnown(subject, session) {
      const person = people.get(subjectKeyOf(subject))
      if (person) return readingOf(person, null)
      return { ...nobody, factorId: session?.mfa?.factorId ?? null }
    },

    turn: () => turns,

    learn,

    forget(session) {
      if (session?.provider) sessions.delete(tokenHashOf(session.provider.sessionToken))
    },

    doubt(subject) {
      const subjectKey = subjectKeyOf(subject)
      const person = people.get(subjectKey)
      if (person) people.set(subjectKey, { ...person, turn: ++turns, atMs: 0 })
    },

    async remaining(subject, reading) {
      if (reading.factorId === null) return null
      const subjectKey = subjectKeyOf(subject)
      const known = counts.get(subjectKey)
      const nowMs = now()
      // F44, as above: a clock that was set back would keep a number for longer (T57).
      if (known && known.atMs <= nowMs && nowMs < known.untilMs) return known.remaining
      const { turn = 0, remaining: last = null } = known ?? {}
      const keep = (remaining: number | null, forMs: number) => {
        if ((counts.get(subjectKey)?.turn ?? 0) === turn) setCount(subjectKey, remaining, forMs, turn)
        return remaining
      }
      const counting = countings.share(`${subjectKey} ${turn}`, async () =>
        keep(await countNow(subject, reading.providerId), recheckMs),
      )
      // A number beside the point must cost the answer neither its life nor its time.
      return soon(counting, countPatienceMs).catch(() => keep(last, countRestMs))
    },

    knownRemaining: (subject, reading) =>
      reading.factorId === null ? null : (counts.get(subjectKeyOf(subject))?.remaining ?? null),

    learnRemaining(subject, remaining) {
      setCount(subjectKeyOf(subject), remaining, recheckMs, ++turns)
    },

    forgetRemaining(subject) {
      setCount(subjectKeyOf(subject), null, 0, ++turns)
    },
  }
}
