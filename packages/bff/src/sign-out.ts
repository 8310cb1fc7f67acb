import { setTimeout as sleep } from 'node:timers/promises'
import { type TotpClient, TotpClientError } from '@kit/totp-client'
import { BoundedMap } from './bounded-map.js'
import { type Marks, signedOutMark } from './marks.js'
import type { Session } from './session.js'
import type { Subject } from './subject.js'
import { tokenHashOf } from './token-hash.js'

/** How long a sign-out waits for the provider before it answers; the rest goes on behind. */
const patienceMs = 80
/** Pauses before each further try, in milliseconds; the last one repeats. */
const pausesMs = [1_000, 2_000, 5_000, 15_000, 60_000]

/** The host's session may last as long as a provider allows: 366 days. */
const longestMs = 366 * 86_400_000

export interface SignOuts {
  /**
   * Ends the provider's sessions of cookie and host. They are refused here from now on, whatever the provider says;
   * revoked there now or, while the provider is down, as soon as it answers (T69). Never rejects.
   */
  end(subject: Subject | null, session: Session | null): Promise<void>
  /** Gives up on what is not revoked yet. */
  close(): void
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
  /** Told once a session is revoked at the provider. */
  onRevoked: () => void
}

export function createSignOuts({ client, marks, now, onRevoked }: SignOutDeps): SignOuts {
  const waiting = new BoundedMap<string, NodeJS.Timeout>(10_000)
  let closed = false

  const tryOnce = async (kind: Subject['kind'], sessionToken: string): Promise<boolean> => {
    const body = { session_token: sessionToken }
    try {
      await (kind === 'user' ? client.sessions.revoke(body) : client.b2b.sessions.revoke(body))
      onRevoked()
      return true
    } catch (error) {
      // A refusal is final: the session is over, or was never this provider's.
      return error instanceof TotpClientError && error.code === 'refused' && (error.status ?? 0) < 500
    }
  }

  const retry = (kind: Subject['kind'], sessionToken: string, expiresAtMs: number, tries: number) => {
    const name = tokenHashOf(sessionToken)
    const pause = pausesMs[Math.min(tries, pausesMs.length - 1)] ?? 0
    if (closed || now() + pause >= expiresAtMs) return
    const timer = setTimeout(async () => {
      waiting.delete(name)
      if (!(await tryOnce(kind, sessionToken))) retry(kind, sessionToken, expiresAtMs, tries + 1)
    }, pause)
    waiting.set(name, timer.unref())
  }

  const revoke = async (kind: Subject['kind'], sessionToken: string, expiresAtMs: number) => {
    await marks.add(signedOutMark(sessionToken), expiresAtMs)
    if (!(await tryOnce(kind, sessionToken))) retry(kind, sessionToken, expiresAtMs, 0)
  }

  return {
    async end(subject, session) {
      const own = session?.provider
      const host = subject?.sessionToken
      const ends: Promise<void>[] = []
      const hostEndsMs = now() + longestMs
      if (session && own) {
        const endsMs = own.sessionToken === host ? hostEndsMs : own.expiresAtMs
        ends.push(revoke(session.kind, own.sessionToken, endsMs))
      }
      if (subject && host !== undefined && host !== own?.sessionToken) {
        ends.push(revoke(subject.kind, host, hostEndsMs))
      }
      if (ends.length > 0)
        await Promise.race([Promise.all(ends), sleep(patienceMs, undefined, { ref: false })])
    },
    close() {
      closed = true
      for (const timer of waiting.values()) clearTimeout(timer)
      waiting.clear()
    },
  }
}
