import { hash, timingSafeEqual } from 'node:crypto'
import type { Identify, Subject } from './subject.js'

/** What the proxy sends, and the secret that proves it is the proxy. Names of headers may be in any case. */
export interface TrustedHeadersOptions {
  /** Shared with the proxy alone; at least 32 characters. */
  secret: string
  /** Default `x-kit-identity-secret`. */
  secretHeader?: string
  /** A user's id or, with an organization, a member's. Default `x-kit-user`. */
  userHeader?: string
  /** Default `x-kit-organization`. */
  organizationHeader?: string
  /** UTF-8; without it the id is shown. Default `x-kit-account-name`. */
  accountNameHeader?: string
  /** The proxy's own sign-in. Default `x-kit-session`. */
  sessionHeader?: string
  /** The provider's session token, where the proxy has one. Default: none is read. */
  sessionTokenHeader?: string
  /** A member's, before MFA. Default: none is read. */
  intermediateSessionTokenHeader?: string
}

/**
 * For a proxy that has already authenticated the person, and that removes every header that is read here from what browsers send.
 * Without the secret, and with any of the headers twice, a request is nobody's.
 *
 * @throws TypeError where the secret is missing or short
 */
export function trustedHeaders(options: TrustedHeadersOptions): Identify {
  const {
    secret,
    secretHeader = 'x-kit-identity-secret',
    userHeader = 'x-kit-user',
    organizationHeader = 'x-kit-organization',
    accountNameHeader = 'x-kit-account-name',
    sessionHeader = 'x-kit-session',
    sessionTokenHeader,
    intermediateSessionTokenHeader,
  } = options
  if (typeof secret !== 'string' || secret.length < 32) {
    throw new TypeError(
      'identity.trustedHeaders: secret must have at least 32 characters, since whoever knows it can be anybody: make one with `openssl rand -base64 32`.',
    )
  }
  const expected = digest(secret)

  return (req) => {
    let repeated = false
    const read = (name: string | undefined): string | undefined => {
      if (name === undefined) return undefined
      // Node has them in lower case.
      const values = req.headersDistinct[name.toLowerCase()]
      if (values !== undefined && values.length > 1) repeated = true
      return values?.[0] || undefined
    }
    if (!timingSafeEqual(digest(read(secretHeader) ?? ''), expected)) return null
    const id = read(userHeader)
    const organizationId = read(organizationHeader)
    const accountName = utf8(read(accountNameHeader)) ?? id
    const sessions = { sessionId: read(sessionHeader), sessionToken: read(sessionTokenHeader) }
    const intermediateSessionToken = read(intermediateSessionTokenHeader)
    if (repeated || id === undefined || accountName === undefined) return null
    const subject: Subject =
      organizationId === undefined
        ? { kind: 'user', userId: id, accountName, ...sessions }
        : { kind: 'member', organizationId, memberId: id, accountName, ...sessions, intermediateSessionToken }
    return subject
  }
}

/** Digests have one length, so comparing them tells nothing of the secret's. */
const digest = (text: string) => hash('sha256', text, 'buffer')

/** Node reads header bytes as Latin-1 (RFC 9110 section 5.5). */
const utf8 = (value: string | undefined) => value && Buffer.from(value, 'latin1').toString('utf8')
