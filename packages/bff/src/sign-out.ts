import { setTimeout as sleep } from 'node:timers/promises'
import type { TotpClient } from '@kit/totp-client'
import { BoundedMap } from './bounded-map.js'
import { isSessionGone } from './errors.js'
import { type Marks, signedOutMark } from './marks.js'
import type { Session } from './session.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** How long a sign-out waits for the provider before it answers; the rest goes on behind. */
const patienceMs = 80
/** Pauses before each further try, in milliseconds; the last one repeats. */
const pausesMs = [1_000, 2_000, 5_000, 15_000, 60_000]

/** How long the process waits when it ends, for sessions that could not be revoked before. */
const farewellMs = 2_000

/** The host's session may last as long as a provider allows: 366 days. */
const longestMs = 366 * 86_400_000

export interface SignOuts {
  /**
   * Ends the provider's sessions of cookie and host. They are refused here from now on, whatever the provider says;
   * revoked there now or, while the provider is down or busy, as soon as it does it (T69). Never rejects.
   *
   * @param onRevoked told once for each session that is revoked at the provider, which may be long after
   */
  end(subject: Subject | null, session: Session | null, onRevoked: () => void): Promise<void>
  /** Whether the session of cookie or host was ended, as after the request began. Never rejects. */
  hasEnded(subject: Subject, session: Session | null): Promise<boolean>
  /** Asks once more for what is not revoked yet, and gives up on the rest. Within two seconds; never rejects. */
  close(): Promise<void>
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
  expiresAtMs: number
  onRevoked: () => void
}

export function createSignOuts({ client, marks, now }: SignOutDeps): SignOuts {
  const waiting = new BoundedMap<string, { ending: Ending; timer: NodeJS.Timeout }>(10_000)
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

  const retry = (ending: Ending, tries: number) => {
    const name = tokenHashOf(ending.sessionToken)
    const pause = pausesMs[Math.min(tries, pausesMs.length - 1)] ?? 0
    if (closed || now() + pause >= ending.expiresAtMs) return
    const timer = setTimeout(async () => {
      waiting.delete(name)
      if (!(await tryOnce(ending))) retry(ending, tries + 1)
    }, pause)
    waiting.set(name, { ending, timer: timer.unref() })
  }

  const revoke = async (ending: Ending) => {
    await marks.add(signedOutMark(ending.sessionToken), ending.expiresAtMs)
    if (!(await tryOnce(ending))) retry(ending, 0)
  }

  return {
    async end(subject, session, onRevoked) {
      const own = session?.provider
      const host = subject?.sessionToken
      const ends: Promise<void>[] = []
      const hostEndsMs = now() + longestMs
      if (session && own) {
        const expiresAtMs = own.sessionToken === host ? hostEndsMs : own.expiresAtMs
        ends.push(revoke({ kind: session.kind, sessionToken: own.sessionToken, expiresAtMs, onRevoked }))
      }
      if (subject && host !== undefined && host !== own?.sessionToken) {
        ends.push(revoke({ kind: subject.kind, sessionToken: host, expiresAtMs: hostEndsMs, onRevoked }))
      }
      if (ends.length > 0)
        await Promise.race([Promise.all(ends), sleep(patienceMs, undefined, { ref: false })])
    },
    async hasEnded(subject, session) {
      for (const token of new Set([session?.provider?.sessionToken, subject.sessionToken])) {
        if (token !== undefined && (await marks.has(signedOutMark(token)))) return true
      }
      return false
    },
    async close() {
      closed = true
      const tries: Promise<boolean>[] = []
      for (const { ending, timer } of waiting.values()) {
        clearTimeout(timer)
        tries.push(tryOnce(ending))
      }
      waiting.clear()
      if (tries.length > 0)
        await Promise.race([Promise.all(tries), sleep(farewellMs, undefined, { ref: false })])
    },
  }
}
