import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type CallOptions, type TotpClient, TotpClientError } from '@kit/totp-client'
import { BoundedMap } from './bounded-map.js'
import { cookieValue } from './cookie-value.js'
import { BffError } from './errors.js'
import { createFlights } from './flights.js'
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
/** How long its word counts that there is no such session: not for long, since it may only just be made. */
const noSessionMs = 5_000
/** How long a request waits to learn who is asking: status and sign-out must not hang with the provider (F16). */
const patienceMs = 2_500
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
    connect({ upstream, now, limitQuestions }) {
      const flights = createFlights<Found | null>(0)
      const known = new BoundedMap<string, { subject: Subject; untilMs: number }>(maxSessions)
      // Apart, so that whoever makes tokens up pushes nobody out.
      const unknown = new BoundedMap<string, number>(maxSessions)

      return async (req: IncomingMessage) => {
        const token = cookieValue(req, cookie)
        const jwt = token === undefined ? cookieValue(req, jwtCookie) : undefined
        const sessionToken = token ?? jwt
        if (sessionToken === undefined || sessionToken.length > maxTokenChars) return null
        const tokenHash = hash('sha256', sessionToken, 'base64url')
        const remembered = known.get(tokenHash)
        if (remembered && remembered.untilMs > now()) return remembered.subject
        if ((unknown.get(tokenHash) ?? 0) > now()) return null
        const proof = token === undefined ? { session_jwt: sessionToken } : { session_token: sessionToken }
        const found = await flights.share(tokenHash, async () => {
          await limitQuestions(req)
          return findSession(products, upstream, proof)
        })
        if (found === null) {
          unknown.set(tokenHash, now() + noSessionMs)
          return null
        }
        known.set(tokenHash, { ...found, untilMs: Math.min(now() + maxAgeMs, found.expiresAtMs) })
        return found.subject
      }
    },
  }
}

interface Found {
  subject: Subject
  expiresAtMs: number
}

type Proof = { session_token: string } | { session_jwt: string }
type AskProduct = (upstream: TotpClient, proof: Proof, options: CallOptions) => Promise<Found>

/** Asks one product after the other. @throws BffError upstream_unavailable, since nothing of the person is known then */
async function findSession(
  products: readonly AskProduct[],
  upstream: TotpClient,
  proof: Proof,
): Promise<Found | null> {
  const signal = AbortSignal.timeout(patienceMs)
  for (const ask of products) {
    try {
      return await ask(upstream, proof, { signal })
    } catch (error) {
      if (!(error instanceof TotpClientError)) throw error
      if (error.code !== 'refused') {
        throw new BffError('upstream_unavailable', { retryAfterSeconds: 5, cause: error })
      }
      if (!noSession.test(error.errorType ?? '')) throw error
    }
  }
  return null
}

/**
 * What the provider says where it looked and found no session, or where the project is of the other product. Other
 * refusals, of credentials or for limits, are faults and no answer about the person.
 */
const noSession =
  /^(session_not_found|member_session_not_found|invalid_session_token|invalid_session_jwt|unable_to_parse_session_jwt|jwt_\w+|invalid_(consumer|b2b)_endpoint)$/

const askUser: AskProduct = async (upstream, proof, options) => {
  const { session, session_token, user } = await upstream.sessions.authenticate(proof, options)
  const subject: Subject = {
    kind: 'user',
    userId: user.user_id,
    accountName: user.emails[0]?.email ?? user.phone_numbers[0]?.phone_number ?? user.user_id,
    sessionId: session?.session_id,
    sessionToken: session_token,
  }
  return { subject, expiresAtMs: timeOf(session?.expires_at) }
}

const askMember: AskProduct = async (upstream, proof, options) => {
  const { member_session, session_token, member } = await upstream.b2b.sessions.authenticate(proof, options)
  const subject: Subject = {
    kind: 'member',
    organizationId: member.organization_id,
    memberId: member.member_id,
    accountName: member.email_address,
    sessionId: member_session?.member_session_id,
    sessionToken: session_token,
  }
  return { subject, expiresAtMs: timeOf(member_session?.expires_at) }
}

const timeOf = (time: string | null | undefined) => (time ? Date.parse(time) : Number.POSITIVE_INFINITY)
