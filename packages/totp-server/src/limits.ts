import { TotpServerError } from './error.js'
import type { AttemptLimits, RecoveryLimits } from './store.js'

/** Throttling of guesses. NIST SP 800-63B-4 section 3.2.2 asks for delays of 30 seconds to an hour and a cap of at most 100. */
export interface Limits {
  /** Wrong codes in a row that cost no waiting. Default 4: the fifth starts the first delay. */
  freeFailures: number
  /** Wait after each further wrong code, in seconds; the last one repeats. One to seven. Default 30 s … 1 h. */
  delaysSeconds: readonly number[]
  /** Wrong codes in a row after which a factor is disabled, until a recovery code or an administrator helps. Default 50. */
  maxConsecutiveFailures: number
  /** Size of a second, leaky count of wrong codes that no success clears. Default 50. */
  failLevelMax: number
  /** Days in which a full leaky count drains. Default 30, at most a million. */
  failLevelDrainDays: number
  /** Recovery codes that may be tried within an hour, by subject. Default 5. */
  recoveryAttemptsPerHour: number
  /** Wrong recovery codes in a row after which that subject waits `recoveryLockHours`. Default 20. */
  recoveryMaxFailures: number
  /** Default 24. */
  recoveryLockHours: number
}

export const defaultLimits: Limits = {
  freeFailures: 4,
  delaysSeconds: [30, 60, 120, 300, 900, 1800, 3600],
  maxConsecutiveFailures: 50,
  failLevelMax: 50,
  failLevelDrainDays: 30,
  recoveryAttemptsPerHour: 5,
  recoveryMaxFailures: 20,
  recoveryLockHours: 24,
}

/** Times that are longer are no dates any more; the end of a leak is told as one, whose year has four digits. */
const most = 1e9
const mostDrainDays = 1e6
const isPositive = (value: unknown, upTo = most) => typeof value === 'number' && value > 0 && value <= upTo
const isTime = (name: string) => name === 'failLevelDrainDays' || name === 'recoveryLockHours'

/**
 * Defaults with overrides over them.
 *
 * @param named what the caller knows the overrides as
 * @throws TotpServerError `invalid_option` for a name that is no limit or a value that makes no sense
 */
export function resolveLimits(overrides: Partial<Limits> = {}, named = 'limits'): Limits {
  for (const [name, value] of Object.entries(overrides)) {
    const fits =
      name === 'delaysSeconds'
        ? Array.isArray(value) &&
          value.length >= 1 &&
          value.length <= 7 &&
          value.every((wait) => isPositive(wait))
        : Object.hasOwn(defaultLimits, name) &&
          ((isPositive(value, name === 'failLevelDrainDays' ? mostDrainDays : most) &&
            (isTime(name) || Number.isInteger(value))) ||
            (name === 'freeFailures' && value === 0))
    if (!fits) {
      throw new TotpServerError(
        'invalid_option',
        `${named}.${name} is not a limit this server knows, or its value makes no sense. Use positive numbers up to ${most} (failLevelDrainDays up to ${mostDrainDays}) for ${Object.keys(defaultLimits).join(', ')}, whole ones for what is counted; delaysSeconds is a list of one to seven.`,
      )
    }
  }
  const limits = { ...defaultLimits, ...overrides }
  if (limits.maxConsecutiveFailures > 100) {
    throw new TotpServerError(
      'invalid_option',
      `${named}.maxConsecutiveFailures is over 100, the most that NIST SP 800-63B-4 section 3.2.2 allows. Use 100 or less.`,
    )
  }
  return limits
}

/** Names of the limits that admit more guesses than the defaults do; a production server refuses those. */
export function weakerLimits(limits: Limits): string[] {
  const waitOf = (delays: readonly number[], index: number) => delays[Math.min(index, delays.length - 1)] ?? 0
  const weaker: Record<keyof Limits, boolean> = {
    freeFailures: limits.freeFailures > defaultLimits.freeFailures,
    delaysSeconds: defaultLimits.delaysSeconds.some(
      (wait, index) => waitOf(limits.delaysSeconds, index) < wait,
    ),
    maxConsecutiveFailures: limits.maxConsecutiveFailures > defaultLimits.maxConsecutiveFailures,
    failLevelMax: limits.failLevelMax > defaultLimits.failLevelMax,
    failLevelDrainDays: limits.failLevelDrainDays < defaultLimits.failLevelDrainDays,
    recoveryAttemptsPerHour: limits.recoveryAttemptsPerHour > defaultLimits.recoveryAttemptsPerHour,
    recoveryMaxFailures: limits.recoveryMaxFailures > defaultLimits.recoveryMaxFailures,
    recoveryLockHours: limits.recoveryLockHours < defaultLimits.recoveryLockHours,
  }
  return Object.entries(weaker).flatMap(([name, isWeaker]) => (isWeaker ? [name] : []))
}

const hourMs = 3_600_000

/** The limits as the reserving statement takes them. */
export function attemptLimitsOf(limits: Limits): AttemptLimits {
  const waitMs = (index: number) => {
    const { delaysSeconds: waits } = limits
    return Math.ceil((waits[Math.min(index, waits.length - 1)] ?? 0) * 1000)
  }
  return {
    freeFailures: limits.freeFailures,
    delaysMs: [waitMs(0), waitMs(1), waitMs(2), waitMs(3), waitMs(4), waitMs(5), waitMs(6)],
    maxConsecutiveFailures: limits.maxConsecutiveFailures,
    failLevelMax: limits.failLevelMax,
    failLevelDrainPerMs: limits.failLevelMax / (limits.failLevelDrainDays * 24 * hourMs),
  }
}

export function recoveryLimitsOf(limits: Limits): RecoveryLimits {
  return {
    windowMs: hourMs,
    attemptsPerWindow: limits.recoveryAttemptsPerHour,
    maxFailures: limits.recoveryMaxFailures,
    lockMs: Math.ceil(limits.recoveryLockHours * hourMs),
  }
}
