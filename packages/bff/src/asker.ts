import type { IncomingMessage } from 'node:http'
import type { Operation } from '@kit/contract'
import { idPattern } from '@kit/totp-client/limits'
import { isOutage, misconfigured, toRefusal } from './errors.js'
import { type Marks, signedOutMark } from './marks.js'
import { bindingOf, type Session, type SessionCookie } from './session.js'
import type { ConnectedIdentify, Subject } from './subject.js'

/** Who makes a request, and their cookie, opened and found to be theirs. */
export interface Asker {
  subject: Subject
  /** {@link bindingOf} the subject. */
  binding: string
  /** Its provider's session lives, as far as the cookie knows. */
  session: Session | null
  /** Known from before alone, since the provider cannot be asked: no MFA counts. */
  isOld: boolean
}

/** An {@link Asker}, and the cookie as it came. */
export interface AskerOnWire extends Asker {
  rawCookie: string
  /** The cookie stands in the request more than once: none of them counts. */
  repeated: boolean
}

/**
 * Null is nobody. For a sign-out, who comes with a signed-out session still has a name, and who is known from before
 * needs no answer of the provider. For a status too, where the provider cannot be asked.
 *
 * @throws BffError internal when the host names a subject that no provider can have
 */
export type Ask = (req: IncomingMessage, operation?: Operation) => Promise<AskerOnWire | null>

/**
 * Brings together what the host says of a request and what the cookie says. A cookie of another subject, or of a
 * session that was signed out, is none; a subject whose own session was signed out is nobody, since the host may
 * remember it for longer than it lives (T69).
 */
export function createAsk(
  identify: ConnectedIdentify,
  cookie: SessionCookie,
  marks: Marks,
  now: () => number,
): Ask {
  const isSignedOut = (sessionToken: string) => marks.has(signedOutMark(sessionToken))

  /** Without what is over: only a registration and the mark of a consumed token outlive the provider's session. */
  const current = (session: Session): Session =>
    session.provider && session.provider.expiresAtMs > now()
      ? session
      : { ...session, provider: undefined, mfa: undefined }

  const recognise = async (req: IncomingMessage, operation: Operation | undefined) => {
    const isHarmless = operation === 'status' || operation === 'signOut'
    const known = isHarmless ? identify.lastKnown?.(req, operation === 'signOut') : null
    if (!known) return { subject: await identify(req), isOld: false }
    if (operation === 'signOut') return { subject: known, isOld: true }
    try {
      return { subject: await identify(req), isOld: false }
    } catch (error) {
      if (!isOutage(toRefusal(error))) throw error
      return { subject: known, isOld: true }
    }
  }

  return async (req, operation) => {
    const { subject, isOld } = await recognise(req, operation)
    if (!subject) return null
    requireFields(subject)
    const host = subject.sessionToken
    const isHostOut = host !== undefined && (await isSignedOut(host))
    if (isHostOut && operation !== 'signOut') return null
    const binding = bindingOf(subject)
    const { session, raw, repeated } = cookie.open(req.headers.cookie)
    const own = session?.provider?.sessionToken
    const counts =
      session?.binding === binding &&
      !(own === host ? isHostOut : own !== undefined && (await isSignedOut(own)))
    return { subject, binding, session: counts ? current(session) : null, isOld, rawCookie: raw, repeated }
  }
}

/** Ids end up in paths of the provider: T88. The log is told the field and never its value. */
function requireFields(subject: Subject): void {
  const { kind, accountName } = subject
  const ids =
    kind === 'user'
      ? { userId: subject.userId }
      : { organizationId: subject.organizationId, memberId: subject.memberId }
  for (const [field, id] of Object.entries(ids)) {
    // An organization may be named by its slug, and only a slug has one of those.
    const isSlug = field === 'organizationId'
    if (typeof id !== 'string' || !idPattern.test(id) || (id.includes('~') && !isSlug)) {
      const allowed = `A-Z a-z 0-9 . _ | ${isSlug ? '~ ' : ''}-`
      throw misnamed(`${field} is not a string of 1 to 128 of ${allowed} (and not . or ..)`)
    }
  }
  if (typeof accountName !== 'string') throw misnamed('accountName is not a string')
  for (const field of ['sessionId', 'sessionToken', 'intermediateSessionToken'] as const) {
    const value = field in subject ? (subject as Record<string, unknown>)[field] : undefined
    if (value !== undefined && typeof value !== 'string')
      throw misnamed(`${field} is no string; leave it out where there is none`)
  }
}

const misnamed = (what: string) => misconfigured(`identify gave a subject whose ${what}.`)
