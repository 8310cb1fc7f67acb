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
 * answer counts for five minutes, which is the life of a session JWT: an ended session is nobody's after that. While
 * the provider cannot be asked, status and sign-out go by what it said last.
 * MFA is added to this very session. A member's intermediate session names no member, so a host that uses those
 * says who is asking by a function of its own.
 * https://stytch.com/docs/guides/sessions/session-management
 */
export function stytchSession(options: StytchSessionOptions = {}): IdentityStrategy {
  const { kind, cookie = 'stytch_session', jwtCookie = 'stytch_session_jwt' } = options
  const products = kind === undefined ? [askUser, askMember] : [kind === 'user' ? askUser : askMember]

  return {
    connect({ upstream, now, limitQuestions }) {
      const flights = createFlights<Subject | null>(0)
      const known = new BoundedMap<string, Known>(maxSessions)
      // Apart, so that whoever makes tokens up pushes nobody out.
      const unknown = new BoundedMap<string, Told>(maxSessions)

      /** Once the clock was set back, nobody can tell how old a word is: F44. */
      const counts = ({ askedAtMs, untilMs }: Told) => askedAtMs <= now() && now() < untilMs

      const readProof = (req: IncomingMessage): { proof: Proof; key: string } | null => {
        const token = cookieValue(req, cookie)
        const text = token ?? cookieValue(req, jwtCookie)
        if (text === undefined || text.length > maxTokenChars) return null
        const proof = token === undefined ? { session_jwt: text } : { session_token: text }
        return { proof, key: hash('sha256', text, 'base64url') }
      }

      const find = async (proof: Proof, key: string): Promise<Subject | null> => {
        const askedAtMs = now()
        const found = await findSession(products, upstream, proof)
        if (found === null) {
          known.delete(key)
          unknown.set(key, { askedAtMs, untilMs: askedAtMs + noSessionMs })
          return null
        }
        const endsMs = 'session_jwt' in proof ? jwtEndMs(proof.session_jwt) : Number.POSITIVE_INFINITY
        const expiresAtMs = Math.min(found.expiresAtMs, endsMs)
        const untilMs = Math.min(askedAtMs + maxAgeMs, expiresAtMs)
        known.set(key, { ...found, expiresAtMs, askedAtMs, untilMs })
        return found.subject
      }

      const identify = async (req: IncomingMessage) => {
        const shown = readProof(req)
        if (!shown) return null
        const { proof, key } = shown
        const remembered = known.get(key)
        if (remembered && counts(remembered)) return remembered.subject
        const missed = unknown.get(key)
        if (missed && counts(missed)) return null
        return flights.share(key, async () => {
          await limitQuestions(req)
          return find(proof, key)
        })
      }

      const lastKnown = (req: IncomingMessage, evenOver: boolean): Subject | null => {
        const remembered = known.get(readProof(req)?.key ?? '')
        if (!remembered || counts(remembered)) return null
        return evenOver || remembered.expiresAtMs > now() ? remembered.subject : null
      }

      return Object.assign(identify, { lastKnown })
    },
  }
}

interface Found {
  subject: Subject
  expiresAtMs: number
}

/** When the provider was asked, and until when its word counts without another question. */
interface Told {
  askedAtMs: number
  untilMs: number
}

interface Known extends Found, Told {}

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

/** When a JWT ends that the provider has just accepted (RFC 7519 section 4.1.4); at once where it does not say: T71. */
function jwtEndMs(sessionJwt: string): number {
  try {
    const { exp } = JSON.parse(Buffer.from(sessionJwt.split('.')[1] ?? '', 'base64url').toString())
    return typeof exp === 'number' ? exp * 1_000 : 0
  } catch {
    return 0
  }
}

const timeOf = (time: string | null | undefined) => (time ? Date.parse(time) : Number.POSITIVE_INFINITY)
