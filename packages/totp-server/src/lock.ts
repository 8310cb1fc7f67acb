import type { AttemptLimits, ReservedAttempt } from './store.js'
import type { TotpsTable } from './tables.js'

/** The leaky level at a moment, by the same arithmetic as the reserving statement. */
const levelAt = (totp: TotpsTable, limits: AttemptLimits, nowMs: number): number =>
  Math.max(0, totp.fail_level - Math.max(0, nowMs - totp.fail_level_at) * limits.failLevelDrainPerMs)

/** The last day that the wire can tell: a year has four digits there (RFC 3339). */
const lastMs = Date.UTC(9999, 11, 31)

/** Whether a registration refuses every code now, and until when; `untilMs` null: until somebody helps. */
export function lockOf(
  totp: TotpsTable,
  limits: AttemptLimits,
  nowMs: number,
): { untilMs: number | null } | null {
  if (totp.status === 'disabled' || totp.consecutive_failures >= limits.maxConsecutiveFailures) {
    return { untilMs: null }
  }
  const surplus = levelAt(totp, limits, nowMs) - limits.failLevelMax
  const drainedMs = surplus >= 0 ? nowMs + Math.ceil(surplus / limits.failLevelDrainPerMs) + 1 : 0
  const untilMs = Math.min(Math.max(totp.locked_until ?? 0, drainedMs), lastMs)
  return untilMs > nowMs ? { untilMs } : null
}

export const secondsUntil = (ms: number, nowMs: number): number => Math.max(1, Math.ceil((ms - nowMs) / 1000))

/** `error_details` of a code refused after `attempt`: what is left before the next wait, or the wait. */
export function attemptDetails(
  attempt: ReservedAttempt,
  limits: AttemptLimits,
  nowMs: number,
): Record<string, number> {
  if (attempt.consecutive_failures >= limits.maxConsecutiveFailures) return { attempts_left: 0 }
  const room = limits.failLevelMax - attempt.fail_level
  const fullUntilMs = room > 0 ? 0 : nowMs + Math.ceil(-room / limits.failLevelDrainPerMs) + 1
  const untilMs = Math.max(attempt.locked_until ?? 0, fullUntilMs)
  if (untilMs > 0) return { attempts_left: 0, retry_after_seconds: secondsUntil(untilMs, nowMs) }
  const beforeWait = limits.freeFailures + 1 - attempt.consecutive_failures
  const beforeDisabled = limits.maxConsecutiveFailures - attempt.consecutive_failures
  return { attempts_left: Math.min(beforeWait, beforeDisabled, Math.ceil(room)) }
}
