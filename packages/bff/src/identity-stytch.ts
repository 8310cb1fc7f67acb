import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type TotpClient, TotpClientError } from '@kit/totp-client'
import { BoundedMap } from './bounded-map.js'
import { cookieValue } from './cookie-value.js'
import type { IdentityStrategy, Subject } from './subject.js'

export interface StytchSessionOptions {
  /** Whose sessions the host has: consumer users' or B2B members'. Default: both are asked for, users first. */
  kind?: 'user' | 'member' | undefined
  /** Default `stytch_session`. */
  cookie?: string
  /** Default `stytch_session_jwt`; read where the other is missing. */
  jwtCookie?: string
}

/** How long the provider's word about a session counts: as long as its own session JWTs do. */
const maxAgeMs = 300_000
const maxSessions = 10_000
/** Longest cookie value that is worth a question: a session JWT with 4 KB of custom claims. */
const maxTokenChars = 8_192

/**
 * The session that the provider's own browser SDK keeps in cookies. The provider is asked once a token, and its
 * answer counts for five minutes, which is the life of a session JWT: an ended session is nobody's after that.
 * MFA is added to this very session. A member's intermediate session names no member, so a host that uses those
 * says who is asking by a function of its own.
 * https://stytch.com/docs/guides/sessions/session-management
 */
export function stytchSession(options: StytchSessionOptions = {}): IdentityStrategy {
  const { kind, cookie = 'stytch_session', jwtCookie = 'stytch_session_jwt' } = options
  const products = kind === undefined ? [askUser, askMember] : [kind === 'user' ? askUser : askMember]

  return {
    connect({ upstream, now }) {
      const known = new BoundedMap<string, { subject: Subject; untilMs: number }>(maxSessions)

      return async (req: IncomingMessage) => {
        const token = cookieValue(req, cookie)
        const jwt = token === undefined ? cookieValue(req, jwtCookie) : undefined
        const sessionToken = token ?? jwt
        if (sessionToken === undefined || sessionToken.length > maxTokenChars) return null
        const tokenHash = hash('sha256', sessionToken, 'base64url')
        const remembered = known.get(tokenHash)
        if (remembered && remembered.untilMs > now()) return remembered.subject
        const proof = token === undefined ? { session_jwt: sessionToken } : { session_token: sessionToken }
        for (const ask of products) {
          const found = await ask(upstream, proof).catch(nullWithoutSession)
          if (found === null) continue
          const { subject, expiresAt } = found
          const expiresAtMs = expiresAt ? Date.parse(expiresAt) : Number.POSITIVE_INFINITY
          known.set(tokenHash, { subject, untilMs: Math.min(now() + maxAgeMs, expiresAtMs) })
          return subject
        }
        return null
      }
    },
  }
}

/** What the provider says where it looked and found no session, or where the project is of the other product. */
const noSession =
  /^(session_not_found|member_session_not_found|invalid_session_token|invalid_session_jwt|unable_to_parse_session_jwt|jwt_\w+|invalid_(consumer|b2b)_endpoint)$/

/** Other refusals, of credentials or for limits, are faults and not an answer about the person. */
function nullWithoutSession(error: unknown): null {
  if (error instanceof TotpClientError && noSession.test(error.errorType ?? '')) return null
  throw error
}

type Proof = { session_token: string } | { session_jwt: string }

async function askUser(upstream: TotpClient, proof: Proof) {
  const { session, session_token, user } = await upstream.sessions.authenticate(proof)
  const subject: Subject = {
    kind: 'user',
    userId: user.user_id,
    accountName: user.emails[0]?.email ?? user.phone_numbers[0]?.phone_number ?? user.user_id,
    sessionId: session?.session_id,
    sessionToken: session_token,
  }
  return { subject, expiresAt: session?.expires_at }
}

async function askMember(upstream: TotpClient, proof: Proof) {
  const { member_session, session_token, member } = await upstream.b2b.sessions.authenticate(proof)
  const subject: Subject = {
    kind: 'member',
    organizationId: member.organization_id,
    memberId: member.member_id,
    accountName: member.email_address,
    sessionId: member_session?.member_session_id,
    sessionToken: session_token,
  }
  return { subject, expiresAt: member_session?.expires_at }
}
