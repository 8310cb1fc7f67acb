import type { Operation } from '@kit/contract'
import { type Counter, createMemoryCounts } from './counts.js'
import { type Database, databaseRestMs } from './database.js'
import { createSharedCounts, type SharedCounts } from './shared-counts.js'

/** At most `max` requests in `windowSeconds`, counted from the first of them. */
export interface RateLimit {
  max: number
  windowSeconds: number
}

/** One limit a way of counting. A request needs room under each of the three. */
export interface RateLimitsByKey {
  /** An IPv4 address or an IPv6 network of 64 bits. */
  address: RateLimit
  /** One sign-in on one browser. */
  session: RateLimit
  /** One person, over all sessions. */
  subject: RateLimit
}

export interface RateLimits {
  /**
   * For what judges a code: authenticate and recover, counted apart for session and subject, together for an address.
   * Accepted codes are given back.
   */
  judged: RateLimitsByKey
  /** For all else, but sign-out, which always answers. */
  other: RateLimitsByKey
}

/**
 * Edge limits: defence in depth. What protects a factor is the budget in its own row at the provider. Thirty wrong
 * codes in ten minutes from an address, ten a minute from a session.
 */
export const defaultRateLimits: RateLimits = {
  judged: {
    address: { max: 30, windowSeconds: 600 },
    session: { max: 10, windowSeconds: 60 },
    subject: { max: 30, windowSeconds: 600 },
  },
  other: {
    address: { max: 3_000, windowSeconds: 60 },
    session: { max: 300, windowSeconds: 60 },
    subject: { max: 600, windowSeconds: 60 },
  },
}

/** Overrides of the default limits, limit by limit. */
export type RateLimitOverrides = { [Class in keyof RateLimits]?: Partial<RateLimitsByKey> }

/** Who makes a request, in names of some hundred characters at most. A key that is absent is not counted. */
export interface RateLimitedRequest {
  operation: Operation
  subjectKey?: string | undefined
  sessionKey?: string | undefined
  addressKey?: string | undefined
}

export interface RateLimiter {
  /** Counts the request. Null where it may go on; else how long to wait, in whole seconds. Never rejects. */
  consume(request: RateLimitedRequest): Promise<null | { retryAfterSeconds: number }>
  /** Gives back what an accepted code took: its own request, no other. Never rejects. */
  refund(request: RateLimitedRequest): Promise<void>
}

export interface RateLimitOptions {
  limits?: RateLimitOverrides | undefined
  /** Where several processes share their counts; without it each counts alone. */
  database?: Database | undefined
  /** Milliseconds of a clock that never goes back. Default: the machine's uptime. */
  clock?: (() => number) | undefined
  /** Told when the shared counts cannot be had and this process counts alone, and when they are back. */
  onDegraded?: ((degraded: boolean) => void) | undefined
}

/**
 * Makes the limiter. Codes are counted in the database where there is one; everything is counted in memory
 * besides, so that a database that fails leaves each process with its own count so far and never without: T28.
 *
 * @throws TypeError where a limit is not a positive whole number
 */
export function createRateLimit(options: RateLimitOptions = {}): RateLimiter {
  const { database, clock = () => performance.now(), onDegraded } = options
  const limits = withDefaults(options.limits)
  const memory = createMemoryCounts(clock)
  const shared = database && createSharedCounts(database)
  let restUntilMs = 0
  let degraded = false

  const setDegraded = (value: boolean) => {
    if (value) restUntilMs = clock() + databaseRestMs
    if (degraded !== value) onDegraded?.(value)
    degraded = value
  }

  const share = async <T>(run: (counts: SharedCounts) => Promise<T>): Promise<T | undefined> => {
    if (!shared || (degraded && clock() < restUntilMs)) return undefined
    try {
      const result = await run(shared)
      setDegraded(false)
      return result
    } catch {
      setDegraded(true)
      return undefined
    }
  }

  return {
    async consume(request) {
      const counters = countersOf(request, limits)
      if (counters.length === 0) return null
      const alone = memory.add(counters)
      const together = isJudged(request.operation) ? await share((counts) => counts.add(counters)) : undefined
      const waitMs = together === undefined ? alone : together
      return waitMs === null ? null : { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) }
    },
    async refund(request) {
      const counters = countersOf(request, limits)
      memory.subtract(counters)
      if (isJudged(request.operation)) await share((counts) => counts.subtract(counters))
    },
  }
}

const isJudged = (operation: Operation) => operation === 'authenticate' || operation === 'recover'

function countersOf(request: RateLimitedRequest, limits: RateLimits): Counter[] {
  const { operation, addressKey, sessionKey, subjectKey } = request
  const counters: Counter[] = []
  if (operation === 'signOut') return counters
  const kind = isJudged(operation) ? 'judged' : 'other'
  // Whoever guesses codes must not use up the room of recovery codes, which are the way out: T29, T30, T53.
  const budget = kind === 'judged' ? operation : kind
  const count = (by: keyof RateLimitsByKey, name: string | undefined) => {
    if (name === undefined) return
    const { max, windowSeconds } = limits[kind][by]
    const what = by === 'address' ? kind : budget
    counters.push({ key: `${what} ${by} ${name}`, max, windowMs: windowSeconds * 1_000 })
  }
  count('address', addressKey)
  count('session', sessionKey)
  count('subject', subjectKey)
  return counters
}

function withDefaults(overrides: RateLimitOverrides = {}): RateLimits {
  for (const [kind, byKey] of Object.entries(overrides)) {
    for (const [by, limit] of Object.entries(byKey ?? {})) {
      const known = Object.hasOwn(defaultRateLimits, kind) && /^(address|session|subject)$/.test(by)
      if (!known || !isCount(limit.max) || !isCount(limit.windowSeconds)) {
        throw new TypeError(
          `limits.${kind}.${by} must be { max, windowSeconds }, whole numbers from 1, with kind judged or other and key address, session or subject.`,
        )
      }
    }
  }
  return {
    judged: { ...defaultRateLimits.judged, ...overrides.judged },
    other: { ...defaultRateLimits.other, ...overrides.other },
  }
}

const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value <= 1_000_000
