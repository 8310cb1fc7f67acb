import type { IncomingMessage } from 'node:http'
import { idPattern } from '@kit/totp-client/wire'
import { BffError } from './errors.js'
import { type Marks, signedOutMark } from './marks.js'
import { bindingOf, type Session, type SessionCookie } from './session.js'
import type { Identify, Subject } from './subject.js'

/** Who makes a request, and their cookie, opened and found to be theirs. */
export interface Asker {
  subject: Subject
  /** {@link bindingOf} the subject. */
  binding: string
  /** Its provider's session lives, as far as the cookie knows. */
  session: Session | null
}

/** An {@link Asker}, and the cookie as it came. */
export interface AskerOnWire extends Asker {
  rawCookie: string
  /** The cookie stands in the request more than once: none of them counts. */
  repeated: boolean
}

/**
 * Null is nobody. With `evenSignedOut`, who comes with a signed-out session still has a name: to sign out twice.
 *
 * @throws BffError internal when the host names a subject that no provider can have
 */
export type Ask = (req: IncomingMessage, evenSignedOut?: boolean) => Promise<AskerOnWire | null>

/**
 * Brings together what the host says of a request and what the cookie says. A cookie of another subject, or of a
 * session that was signed out, is none; a subject whose own session was signed out is nobody, since the host may
 * remember it for longer than it lives (T69).
 */
export function createAsk(identify: Identify, cookie: SessionCookie, marks: Marks, now: () => number): Ask {
  const isSignedOut = (sessionToken: string) => marks.has(signedOutMark(sessionToken))

  /** Without what is over: only a registration and the mark of a consumed token outlive the provider's session. */
  const current = (session: Session): Session =>
    session.provider && session.provider.expiresAtMs > now()
      ? session
      : { ...session, provider: undefined, mfa: undefined }

  return async (req, evenSignedOut = false) => {
    const subject = await identify(req)
    if (!subject) return null
    requireIds(subject)
    const host = subject.sessionToken
    const isHostOut = host !== undefined && (await isSignedOut(host))
    if (isHostOut && !evenSignedOut) return null
    const binding = bindingOf(subject)
    const { session, raw, repeated } = cookie.open(req.headers.cookie)
    const own = session?.provider?.sessionToken
    const counts =
      session?.binding === binding &&
      !(own === host ? isHostOut : own !== undefined && (await isSignedOut(own)))
    return { subject, binding, session: counts ? current(session) : null, rawCookie: raw, repeated }
  }
}

/** Ids end up in paths of the provider: T88. */
function requireIds(subject: Subject): void {
  const ids = subject.kind === 'user' ? [subject.userId] : [subject.organizationId, subject.memberId]
  if (
    typeof subject.accountName !== 'string' ||
    !ids.every((id) => typeof id === 'string' && idPattern.test(id))
  ) {
    throw new BffError('internal', { cause: new TypeError('identify gave a subject that cannot be.') })
  }
}
