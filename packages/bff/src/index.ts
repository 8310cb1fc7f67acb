import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MfaStatus } from '@kit/contract'
import { createTotpClient, type TotpClient } from '@kit/totp-client'
import { type Asker, createAsk } from './asker.js'
import { withBreaker } from './breaker.js'
import { createCapabilities } from './capabilities.js'
import { createClientAddress } from './client-address.js'
import { createDatabase } from './database.js'
import { BffError, toRefusal } from './errors.js'
import { createEvents, type KitEvent } from './events.js'
import { type Identify, type IdentityStrategy, type Subject, toIdentify } from './identity.js'
import { createJudge } from './judge.js'
import { createLog, type Logger } from './log.js'
import { createMarks } from './marks.js'
import { createMetrics } from './metrics.js'
import { createMfaStatuses, type MfaRequired } from './mfa-status.js'
import { createOperations } from './operations.js'
import {
  isRandom,
  readCookieKeys,
  readCustomClaims,
  readDurations,
  readHooks,
  readIdentify,
  readIssuer,
  readNames,
  readOrigin,
  readUpstream,
} from './options.js'
import type { Provider } from './provider.js'
import { MemberProvider } from './provider-member.js'
import { UserProvider } from './provider-user.js'
import { createRateLimit, type RateLimitOverrides } from './rate-limit.js'
import { createReports } from './reports.js'
import { createRequireMfa, type RequireMfaOptions } from './require-mfa.js'
import { createRespond } from './respond.js'
import { createRouter, type Middleware, type Router } from './router.js'
import { createSessionCookie } from './session.js'
import { createSignOuts } from './sign-out.js'
import { createSpentCodes } from './spent-codes.js'
import { createStandings } from './standing.js'

export { BffError } from './errors.js'
export type { EventSubject, KitEvent, KitEventDetail } from './events.js'
export { type Identify, type IdentityStrategy, identity, type Subject } from './identity.js'
export type { Logger } from './log.js'
export type { MfaRequired } from './mfa-status.js'
export type { RateLimit, RateLimitOverrides } from './rate-limit.js'
export type { RequireMfaOptions } from './require-mfa.js'
export type { Middleware } from './router.js'

export interface BffOptions {
  /** The provider: its credentials, or a client that is made already. `baseUrl` as in `createTotpClient`. */
  upstream: { projectId: string; secret: string; baseUrl?: string } | TotpClient
  /** Who is asking: a function of the request, or a ready-made strategy of {@link identity}. */
  identify: Identify | IdentityStrategy
  /** Where the page is served from, as `https://app.example.com`. http only on loopback. */
  origin: string
  /** 32 random bytes each, in base64: the first seals, all open. Keep an old one as long as a session lasts. */
  cookieKeys: readonly string[]
  /** The name that authenticator apps show. No colon. */
  issuer: string
  /** How long MFA counts, in minutes, however busy the session is. 5 to 527040, default 60. */
  sessionDurationMinutes?: number
  /** How fresh MFA has to be for a change of factors, in minutes. Default 5. */
  stepUpMinutes?: number
  /** How long a registration waits for its first code, in minutes. 5 to 1440, default 10. */
  pendingMinutes?: number
  /** Whether policy demands MFA of a subject. Default: of nobody. Of members, also the organization's policy. */
  mfaRequired?: MfaRequired
  /**
   * Overrides of the edge limits. Default: of requests that judge a code, 30 in ten minutes from an address and of a
   * person, 10 a minute in a session; of all others a minute 3,000 from an address, 600 of a person, 300 in a session.
   */
  limits?: RateLimitOverrides
  /**
   * Claims for sessions that the provider makes, and for the host's own that MFA is added to: its
   * `session_custom_claims`. The wire takes them only with a duration, so that a session of the host's then lasts
   * `sessionDurationMinutes` from its MFA on, whatever it had left.
   */
  customClaims?: Record<string, unknown>
  /**
   * Told of everything that is worth an audit trail: again where it fails, at most four times an event. An event is
   * lost where all four fail, where the process ends first, or while a thousand others wait; the log has it.
   */
  onEvent?: (event: KitEvent) => void | Promise<void>
  /** Default: nothing is logged. */
  logger?: Logger
  /** PostgreSQL, where several processes share limits and sign-outs. Default: each process has its own. */
  databaseUrl?: string
  /** Addresses or networks whose `X-Forwarded-For` is believed. Default: none. */
  trustedProxies?: readonly string[]
  /** Milliseconds since the epoch. Default `Date.now`; tests bring their own clock. */
  now?: () => number
}

const optionNames = Object.keys({
  upstream: 0,
  identify: 0,
  origin: 0,
  cookieKeys: 0,
  issuer: 0,
  sessionDurationMinutes: 0,
  stepUpMinutes: 0,
  pendingMinutes: 0,
  mfaRequired: 0,
  limits: 0,
  customClaims: 0,
  onEvent: 0,
  logger: 0,
  databaseUrl: 0,
  trustedProxies: 0,
  now: 0,
} satisfies Record<keyof BffOptions, 0>)

/** Who is there, and how fresh their MFA is. */
export interface BffSession {
  subject: Subject
  /** MFA that counts now. */
  verified: MfaStatus['verified']
  enrolled: boolean
  required: boolean
  /** The provider has been out of reach for too long to tell. */
  stale: boolean
}

export interface Bff extends Router {
  /** Refuses requests of subjects without MFA. @throws TypeError when an option makes no sense */
  requireMfa(options?: RequireMfaOptions): Middleware
  /** Who makes a request, for the host's own code; null is nobody. @throws BffError when `identify` fails */
  session(req: IncomingMessage): Promise<BffSession | null>
  /** Ends the session here and at the provider, and has `res` clear the cookie. Never rejects. */
  signOut(req: IncomingMessage, res: ServerResponse): Promise<void>
  /** The metrics, in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Lets go of timers and connections. */
  close(): Promise<void>
}

/**
 * Makes the BFF. The provider's secret and every token stay in it.
 *
 * @throws TypeError when an option is missing, makes no sense, or contradicts another; it names the cure
 */
export function createBff(options: BffOptions): Bff {
  const { origin, mfaRequired = () => false, now = Date.now } = options
  readNames(options, optionNames)
  readHooks({ mfaRequired, onEvent: options.onEvent, logger: options.logger })
  const upstream = readUpstream(options.upstream)
  const asking = readIdentify(options.identify)
  const { secure } = readOrigin(origin)
  const keys = readCookieKeys(options.cookieKeys)
  const durations = readDurations({
    session: options.sessionDurationMinutes ?? 60,
    stepUp: options.stepUpMinutes ?? 5,
    pending: options.pendingMinutes ?? 10,
  })
  const issuer = readIssuer(options.issuer)
  const customClaims = readCustomClaims(options.customClaims)
  const clientAddress = createClientAddress(options.trustedProxies ?? [])
  const log = createLog(options.logger)
  const metrics = createMetrics()
  const events = createEvents({ onEvent: options.onEvent, log, metrics, now })
  const database = options.databaseUrl === undefined ? undefined : createDatabase(options.databaseUrl)
  const limiter = createRateLimit({
    limits: options.limits,
    database,
    onDegraded: (degraded) => metrics.count(({ limiterDegraded }) => limiterDegraded.set(degraded ? 1 : 0)),
  })
  if (!secure) log.warn('The origin is http: the session cookie goes without Secure. Only for development.')
  if (!keys.every(isRandom))
    log.warn('A cookie key is not random: whoever guesses it is anybody. Only for development.')

  const bare = 'totps' in upstream ? upstream : createTotpClient(upstream)
  const client = withBreaker(bare, {
    onState(state, before) {
      const openness = state === 'closed' ? 0 : state === 'open' ? 1 : 0.5
      metrics.count(({ breakerOpen }) => breakerOpen.set(openness))
      // Not again where the one call that tried found it down as before.
      if (before === 'closed') events.emit({ type: 'upstream_degraded' })
      if (state === 'closed') events.emit({ type: 'upstream_restored' })
    },
    onCall: ({ endpoint, outcome, durationMs }) =>
      metrics.count(({ upstreamSeconds }) =>
        upstreamSeconds.observe({ endpoint, outcome }, durationMs / 1_000),
      ),
  })
  const provider = (subject: Subject): Provider =>
    subject.kind === 'user' ? new UserProvider(client, subject) : new MemberProvider(client, subject)

  const cookie = createSessionCookie(keys, secure)
  const respond = createRespond(secure)
  const marks = createMarks(now, database)
  const spentCodes = createSpentCodes(marks, keys, now)
  const capabilities = createCapabilities(client, now)
  const standings = createStandings({ provider, capabilities, now })
  const statuses = createMfaStatuses({
    standings,
    cookie,
    capabilities,
    mfaRequired,
    stepUpMs: durations.stepUpMs,
    now,
  })
  const reports = createReports({ events, limiter, metrics, standings })
  const signOuts = createSignOuts({ client, marks, now })
  const judge = createJudge({
    standings,
    capabilities,
    spentCodes,
    ...reports,
    ...durations,
    customClaims,
    now,
  })
  const operations = createOperations({
    provider,
    standings,
    statuses,
    capabilities,
    signOuts,
    judge,
    ...reports,
    issuer,
    ...durations,
    now,
  })
  const limitQuestions = async (req: IncomingMessage) => {
    const refused = await limiter.consume({ operation: 'status', addressKey: clientAddress(req) })
    if (refused) throw new BffError('rate_limited', refused)
  }
  const identify = toIdentify(asking, {
    upstream: client,
    now,
    limitQuestions,
    tokenRefused: log.tokenRefused,
  })
  const ask = createAsk(identify, cookie, marks, now)
  const document = createDocument(cookie.name)

  /** For a request of the host's own. */
  const view = async (req: IncomingMessage, requestId: string, asker: Asker, recentFactor: boolean) => {
    try {
      return await statuses.view(asker, recentFactor)
    } catch (error) {
      const refusal = toRefusal(error)
      reports.onFailed({ subject: asker.subject, requestId, addressKey: clientAddress(req) }, refusal)
      throw refusal
    }
  }

  return {
    ...createRouter({
      operations,
      ask,
      clientAddress,
      cookie,
      onFailed: reports.onFailed,
      leave: (leaver) => signOuts.end(leaver, () => reports.revoked(null)),
      leavings: signOuts.count,
      origin,
      respond,
      document,
      log,
      metrics,
    }),
    requireMfa: createRequireMfa({ ask, view, respond, log, origin }),

    async session(req) {
      try {
        const asker = await ask(req)
        if (!asker) return null
        const seen = await view(req, randomUUID(), asker, false)
        return {
          subject: asker.subject,
          verified: statuses.verified(seen),
          enrolled: seen.reading.factorId !== null,
          required: seen.required,
          stale: seen.stale,
        }
      } catch (error) {
        throw toRefusal(error)
      }
    },

    async signOut(req, res) {
      const asker = await ask(req, 'signOut').catch(() => null)
      // The host may have ended its own sign-in already: the cookie alone is enough to end what it holds.
      const by = asker && { subject: asker.subject, requestId: randomUUID(), addressKey: clientAddress(req) }
      const { session } = cookie.open(req.headers.cookie)
      const leaver = { subject: asker?.subject ?? null, session, userAgent: req.headers['user-agent'] }
      await signOuts.end(leaver, () => reports.revoked(by))
      if (res.headersSent) return
      // Beside the host's own cookies, and what else it has cleared.
      res.appendHeader('Set-Cookie', cookie.cleared)
      res.appendHeader('Clear-Site-Data', '"cache"')
    },

    metrics: metrics.text,

    async close() {
      await signOuts.close()
      await database?.close()
      if (bare !== upstream) await bare.close()
    },
  }
}

/** Made once, for schemas take long to describe: only where it is served differs, and anybody can spell that in many ways. */
function createDocument(cookieName: string): (mount: string) => Promise<string> {
  let making: Promise<object> | undefined
  return async (mount) => {
    making ??= import('./openapi.js').then(({ openApiDocument }) => openApiDocument(cookieName))
    return JSON.stringify({ ...(await making), servers: [{ url: mount || '/' }] })
  }
}
