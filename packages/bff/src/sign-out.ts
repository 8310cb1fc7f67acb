import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TotpClient } from '@kit/totp-client'
import { BoundedMap } from './bounded-map.js'
import { isSessionGone } from './errors.js'
import { type Marks, signedOutMark } from './marks.js'
import { bindingOf, type Session } from './session.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** How long a sign-out waits for the provider before it answers; the rest goes on behind. */
const patienceMs = 80
/** Pauses before each further try, in milliseconds; the last one repeats. */
const pausesMs = [1_000, 2_000, 5_000, 15_000, 60_000]

/** Sessions that are tried again at a time, so that nobody can fill the memory by being many. */
const maxUnderWay = 10_000

/** How long the process waits when it ends, for sessions that could not be revoked before. */
const farewellMs = 2_000

/** The host's session may last as long as a provider allows: 366 days. */
const longestMs = 366 * 86_400_000

/** Who signs out, and by which browser. */
export interface Leaver {
  /** Null where nobody can say who it is. */
  subject: Subject | null
  /** What the cookie holds. */
  session: Session | null
  userAgent: string | undefined
}

export interface SignOuts {
  /**
   * Ends the provider's sessions of cookie and host. They are refused here from now on, whatever the provider says;
   * revoked there now or, while the provider is down or busy, as soon as it does it (T69). Never rejects.
   *
   * @param onRevoked told once for each session that is revoked at the provider, which may be long after
   */
  end(leaver: Leaver, onRevoked: () => void): Promise<void>
  /** Whether the session of cookie or host was ended, as after the request began. Never rejects. */
  hasEnded(subject: Subject, session: Session | null): Promise<boolean>
  /** How many there have been in this process. */
  count(): number
  /** Looks whether who has this binding has signed out in this process, by this browser, since there were so many. */
  watch(binding: string, userAgent: string | undefined, before: number): Watch
  /** Waits for tries under way, asks once more for what is not revoked, and gives up on the rest. Within two seconds; never rejects. */
  close(): Promise<void>
}

/** Over one request of a browser. */
export interface Watch {
  /** Names the time since the browser's last sign-out: what was asked before that is answered to nobody after. */
  era: number
  /** Whether they have signed out since. What was made for them meanwhile is ended then. Never rejects. */
  hasLeft(made: Session | null, onRevoked: () => void): Promise<boolean>
}

/** As much of the client as it takes. */
interface Revoking {
  sessions: Pick<TotpClient['sessions'], 'revoke'>
  b2b: { sessions: Pick<TotpClient['b2b']['sessions'], 'revoke'> }
}

export interface SignOutDeps {
  client: Revoking
  marks: Marks
  now: () => number
}

/** One session that is to be revoked. */
interface Ending {
  kind: Subject['kind']
  sessionToken: string
  /** Grows where a later sign-out knows that the session may last longer. */
  expiresAtMs: number
  onRevoked: () => void
}

/** An ending that is not over yet. */
interface Endeavour {
  ending: Ending
  first: Promise<boolean>
  whole: Promise<void>
}

/**
 * A host without a `sessionId` gives all browsers of a person one binding. Of what a browser says of itself, only its
 * user agent stays the same: its address and its cookie may change while a request is under way. Hashed, since it may
 * be as long as a header can be.
 */
const browserKeyOf = (binding: string, userAgent: string | undefined) =>
  hash('sha256', JSON.stringify([binding, userAgent ?? null]), 'base64url')

export function createSignOuts({ client, marks, now }: SignOutDeps): SignOuts {
  /** What is not over yet, each session once however often it is signed out (F46). */
  const underWay = new Map<string, Endeavour>()
  /** How many sign-outs there had been with the last of a browser. */
  const leavings = new BoundedMap<string, number>(10_000)
  let left = 0
  /** Each ends one pause. */
  const wakers = new Set<() => void>()
  let closed = false

  const tryOnce = async ({ kind, sessionToken, onRevoked }: Ending): Promise<boolean> => {
    const body = { session_token: sessionToken }
    try {
      await (kind === 'user' ? client.sessions.revoke(body) : client.b2b.sessions.revoke(body))
      onRevoked()
      return true
    } catch (error) {
      // Any other refusal, as of a busy provider, says nothing of the session.
      return isSessionGone(error)
    }
  }

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms).unref()
      wakers.add(wake)
    })

  /** Tries until it is done or no use; when the process ends once more at once, and then no more. */
  const insist = async (ending: Ending, first: Promise<boolean>) => {
    let tried = first
    for (let tries = 0; ; tries++) {
      const isLast = closed
      if ((await tried) || isLast || underWay.size > maxUnderWay) return
      const pauseMs = pausesMs[Math.min(tries, pausesMs.length - 1)] ?? 0
      if (now() + pauseMs >= ending.expiresAtMs) return
      if (!closed) await pause(pauseMs)
      tried = tryOnce(ending)
    }
  }

  /** Resolves after the first try. */
  const revoke = (ending: Ending): Promise<boolean> => {
    const name = tokenHashOf(ending.sessionToken)
    const marked = marks.keep(signedOutMark(ending.sessionToken), ending.expiresAtMs)
    const known = underWay.get(name)
    if (known) {
      known.ending.expiresAtMs = Math.max(known.ending.expiresAtMs, ending.expiresAtMs)
      return marked.then(() => known.first)
    }
    const first = marked.then(() => tryOnce(ending))
    const whole = insist(ending, first).finally(() => underWay.delete(name))
    underWay.set(name, { ending, first, whole })
    return first
  }

  const endAll = async (subject: Subject | null, session: Session | null, onRevoked: () => void) => {
    const own = session?.provider
    const host = subject?.sessionToken
    const ends: Promise<boolean>[] = []
    const hostEndsMs = now() + longestMs
    if (session && own) {
      // MFA may have been added to the host's session, which lasts longer. Where nobody can say who asks, this may be it.
      const isHosts = subject === null || own.sessionToken === host
      const expiresAtMs = isHosts ? hostEndsMs : own.expiresAtMs
      ends.push(revoke({ kind: session.kind, sessionToken: own.sessionToken, expiresAtMs, onRevoked }))
    }
    if (subject && host !== undefined && host !== own?.sessionToken) {
      ends.push(revoke({ kind: subject.kind, sessionToken: host, expiresAtMs: hostEndsMs, onRevoked }))
    }
    if (ends.length > 0) await Promise.race([Promise.all(ends), sleep(patienceMs, undefined, { ref: false })])
  }

  return {
    async end({ subject, session, userAgent }, onRevoked) {
      const binding = subject ? bindingOf(subject) : session?.binding
      if (binding !== undefined) leavings.set(browserKeyOf(binding, userAgent), ++left)
      await endAll(subject, session, onRevoked)
    },
    async hasEnded(subject, session) {
      for (const token of new Set([session?.provider?.sessionToken, subject.sessionToken])) {
        if (token !== undefined && (await marks.has(signedOutMark(token)))) return true
      }
      return false
    },
    count: () => left,
    watch(binding, userAgent, before) {
      const key = browserKeyOf(binding, userAgent)
      const eraNow = () => leavings.get(key) ?? 0
      return {
        era: eraNow(),
        async hasLeft(made, onRevoked) {
          if (eraNow() <= before) return false
          // It may be the very session that they signed out of, raised meanwhile.
          const token = made?.provider?.sessionToken
          const isOut = token !== undefined && (await marks.has(signedOutMark(token)))
          if (!isOut) await endAll(null, made, onRevoked)
          return true
        },
      }
    },
    async close() {
      closed = true
      for (const wake of wakers) wake()
      const all = Promise.all(Array.from(underWay.values(), ({ whole }) => whole))
      await Promise.race([all, sleep(farewellMs, undefined, { ref: false })])
    },
  }
}
