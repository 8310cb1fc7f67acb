import type { ErrorCode, Operation } from '@kit/contract'
import type { Call } from './call.js'
import { BffError } from './errors.js'
import { type Events, eventSubject, type KitEventDetail } from './events.js'
import type { Metrics } from './metrics.js'
import { ForeignAnswer } from './provider.js'
import type { RateLimitedRequest, RateLimiter } from './rate-limit.js'
import { type Standings, subjectKeyOf } from './standing.js'
import { tokenHashOf } from './token-hash.js'

type Judged = 'authenticate' | 'recover'
type Origin = Pick<Call, 'requestId' | 'subject' | 'addressKey'>

export interface Reports {
  /** @throws BffError rate_limited */
  limit(operation: Operation, call: Call): Promise<void>
  /** Gives back what an accepted code took of the limits. */
  refund(operation: Judged, call: Call): Promise<void>
  /** Tells the host and the metrics what was done. */
  report(event: KitEventDetail, call: Call): void
  /** How far the provider's clock is ahead; NaN where it did not tell: F19. */
  onSkew(aheadMs: number): void
  /** A code that was not accepted. */
  onRefused(operation: Judged, call: Call, refusal: BffError): void
  /** A request that was refused, whatever it was. */
  onFailed(by: Origin, refusal: BffError): void
  /** A session was revoked at the provider; null where only its cookie is known. */
  revoked(by: Origin | null): void
}

export interface ReportsDeps {
  events: Events
  limiter: RateLimiter
  metrics: Metrics
  standings: Pick<Standings, 'lastKnown'>
}

const wrong: readonly ErrorCode[] = ['invalid_code', 'code_already_used', 'invalid_recovery_code']

/** What a call means to the limits, the events and the metrics. */
export function createReports({ events, limiter, metrics, standings }: ReportsDeps): Reports {
  const originOf = ({ requestId, subject, addressKey }: Origin) => ({
    requestId,
    subject: eventSubject(subject),
    address: addressKey,
  })
  const counted = (
    operation: Operation,
    { subject, binding, session, addressKey }: Call,
  ): RateLimitedRequest => ({
    operation,
    subjectKey: subjectKeyOf(subject),
    sessionKey: session?.provider ? tokenHashOf(session.provider.sessionToken) : binding,
    addressKey,
  })

  const factorIdOf = ({ subject, session }: Call) =>
    standings.lastKnown(subject, session).factorId ?? session?.pending?.registrationId ?? null

  const countVerdict = (method: string, verdict: string) =>
    metrics.count(({ verdicts }) => verdicts.inc({ method, verdict }))

  return {
    async limit(operation, call) {
      const refused = await limiter.consume(counted(operation, call))
      if (refused) throw new BffError('rate_limited', refused)
    },
    refund: (operation, call) => limiter.refund(counted(operation, call)),
    report(event, call) {
      const method = event.type === 'recovered' ? 'recovery_code' : 'totp'
      if (event.type === 'enrolled' || event.type === 'challenge_passed' || event.type === 'recovered') {
        countVerdict(method, 'passed')
      }
      events.emit(event, originOf(call))
    },
    onSkew(aheadMs) {
      if (Number.isNaN(aheadMs)) return
      metrics.count(({ upstreamClockSkew }) => upstreamClockSkew.set(aheadMs / 1_000))
    },
    onRefused(operation, call, refusal) {
      const method = operation === 'recover' ? 'recovery_code' : 'totp'
      const { code, retryAfterSeconds = null } = refusal
      if (code === 'locked') {
        countVerdict(method, 'locked')
        events.emit({ type: 'locked', method, retryAfterSeconds, factorId: factorIdOf(call) }, originOf(call))
      } else if (wrong.includes(code)) {
        countVerdict(method, 'failed')
        events.emit({ type: 'challenge_failed', method, code, factorId: factorIdOf(call) }, originOf(call))
      }
    },
    onFailed(by, { cause }) {
      if (cause instanceof ForeignAnswer) events.emit({ type: 'foreign_answer' }, originOf(by))
    },
    revoked: (by) =>
      events.emit({ type: 'session_revoked', reason: 'sign_out' }, by ? originOf(by) : undefined),
  }
}
