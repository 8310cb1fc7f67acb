import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '@kit/contract'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Subject } from './subject.js'

type Method = 'totp' | 'recovery_code'

/** Who an event is about, by ids alone. */
export type EventSubject =
  | { kind: 'user'; userId: string }
  | { kind: 'member'; organizationId: string; memberId: string }

/**
 * What happened, in the words of the field:
 * an authenticator app `enrolled`; a challenge `passed`, `failed` or `locked`; an account `recovered` by a recovery
 * code; recovery codes `shown` or `rotated`; the authenticator app `removed`; a `session_revoked`; the provider
 * `upstream_degraded`, and `upstream_restored` when it answers again; a `foreign_answer`, about somebody else than was
 * asked for, which was thrown away.
 * `factorId` is null where it is not known whose code it was meant to be.
 */
export type KitEventDetail =
  | { type: 'enrolled'; factorId: string }
  | { type: 'challenge_passed'; method: Method; factorId: string }
  | { type: 'challenge_failed'; method: Method; code: ErrorCode; factorId: string | null }
  | { type: 'locked'; method: Method; retryAfterSeconds: number | null; factorId: string | null }
  | { type: 'recovered'; factorId: string; recoveryCodesRemaining: number | null }
  | { type: 'recovery_codes_shown'; factorId: string }
  | { type: 'recovery_codes_rotated'; factorId: string }
  | { type: 'removed'; factorId: string }
  | { type: 'session_revoked'; reason: 'sign_out' }
  | { type: 'upstream_degraded' }
  | { type: 'upstream_restored' }
  | { type: 'foreign_answer' }

/** Whose request it was; absent for what no request did. */
export interface EventOrigin {
  requestId: string
  subject: EventSubject
  /** An IPv4 address, or an IPv6 network of 64 bits. */
  address: string
}

/**
 * One event. `id` is the same when it is told again after `onEvent` failed; `at` is RFC 3339, UTC. No event
 * carries a code, a secret or a token.
 */
export type KitEvent = KitEventDetail & { id: string; at: string } & Partial<EventOrigin>

/** The ids of a subject, and nothing else of it. */
export function eventSubject(subject: Subject): EventSubject {
  return subject.kind === 'user'
    ? { kind: 'user', userId: subject.userId }
    : { kind: 'member', organizationId: subject.organizationId, memberId: subject.memberId }
}

export interface Events {
  /** Logs and counts the event and tells the host. Returns at once and never throws. */
  emit(detail: KitEventDetail, origin?: EventOrigin): void
}

export interface EventsOptions {
  onEvent?: ((event: KitEvent) => void | Promise<void>) | undefined
  log: Log
  metrics: Metrics
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** Waits before the second, third and fourth telling, in milliseconds. */
  retryAfterMs?: readonly number[] | undefined
}

/** A hook that takes longer than this has failed. */
const hookTimeoutMs = 10_000
/** Events that may wait for a hook that hangs; more are logged and counted, and not told. */
const maxWaiting = 1_000

/**
 * Makes the one place where events go out. `onEvent` may fail or hang: no request waits for it, and it is told
 * again up to three times, so that one event may arrive twice: F48. What must not be lost belongs into a queue of the
 * host's, from within an `onEvent` that returns once it is there.
 */
export function createEvents(options: EventsOptions): Events {
  const { onEvent, log, metrics, now = Date.now, retryAfterMs = [1_000, 10_000, 60_000] } = options
  let waiting = 0
  const countFailure = () => metrics.count(({ eventHookFailures }) => eventHookFailures.inc())

  const tell = async (hook: NonNullable<typeof onEvent>, event: KitEvent) => {
    for (const pauseMs of [0, ...retryAfterMs]) {
      if (pauseMs > 0) await rest(pauseMs)
      try {
        await within(hookTimeoutMs, () => hook(event))
        return
      } catch (error) {
        countFailure()
        log.failure({ what: 'onEvent', error, requestId: event.requestId })
      }
    }
  }

  return {
    emit(detail, origin) {
      // Not by spreads: see `createRespond`.
      const event: KitEvent = Object.assign(
        { id: randomUUID(), at: new Date(now()).toISOString() },
        detail,
        origin,
      )
      metrics.count(({ events }) => events.inc({ type: event.type }))
      log.event(event)
      if (!onEvent) return
      if (waiting >= maxWaiting) return countFailure()
      waiting++
      void tell(onEvent, event).finally(() => waiting--)
    },
  }
}

const rest = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())

/** Rejects where `run` is not done in time, whatever becomes of it. */
function within(ms: number, run: () => void | Promise<void>): void | Promise<void> {
  const running = run()
  // A hook that only hands the event on is done already.
  if (running === undefined) return
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timeout')), ms).unref()
    Promise.resolve(running)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
