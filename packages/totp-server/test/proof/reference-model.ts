import { defaultLimits as limits } from '../../src/index.js'
import { codeOf } from '../world.js'

/** What somebody who only reads the promises would build: no database, no parallel calls, no secrets at rest. */
export interface Factor {
  secret: string
  codes: string[]
  status: 'pending' | 'active' | 'disabled'
  expiresAt: number
  lastStep: number
  failures: number
  level: number
  levelAt: number
  lockedUntil: number
}

export interface Person {
  factor: Factor | null
  budget: { start: number; attempts: number; failures: number; lockedUntil: number }
}

export const newPerson = (): Person => ({
  factor: null,
  budget: { start: Number.NEGATIVE_INFINITY, attempts: 0, failures: 0, lockedUntil: 0 },
})

export const newFactor = (secret: string, codes: string[], expiresAt: number): Factor => {
  const counts = { lastStep: -1, failures: 0, level: 0, levelAt: 0, lockedUntil: 0 }
  return { secret, codes: [...codes], status: 'pending', expiresAt, ...counts }
}

const hourMs = 3_600_000
const drainPerMs = limits.failLevelMax / (limits.failLevelDrainDays * 24 * hourMs)
const right = 'right'

/** Judges a code; changes the person as the server should, and says how it should answer. */
export function verify({ factor }: Person, code: string, now: number): string {
  if (factor === null) return 'totps_not_found_for_user'
  if (factor.status === 'pending' && factor.expiresAt <= now) return 'expired_totp'
  const level = Math.max(0, factor.level - Math.max(0, now - factor.levelAt) * drainPerMs)
  const isCapped = factor.status === 'disabled' || factor.failures >= limits.maxConsecutiveFailures
  if (isCapped || level >= limits.failLevelMax || factor.lockedUntil > now) return 'user_lock_limit_reached'
  factor.failures++
  factor.level = level + 1
  factor.levelAt = Math.max(factor.levelAt, now)
  const waits = limits.delaysSeconds
  const beyond = factor.failures - limits.freeFailures
  factor.lockedUntil = beyond > 0 ? now + (waits[Math.min(beyond, waits.length) - 1] ?? 0) * 1000 : 0
  const current = Math.floor(now / 30_000)
  const step = [current + 1, current, current - 1].find((at) => codeOf(factor.secret, at * 30_000) === code)
  if (step === undefined || step <= factor.lastStep) {
    if (factor.failures >= limits.maxConsecutiveFailures && factor.status === 'active')
      factor.status = 'disabled'
    return step === undefined ? 'unable_to_authenticate_totp' : 'totp_code_already_authenticated'
  }
  Object.assign(factor, { status: 'active', lastStep: step, failures: 0, lockedUntil: 0 })
  factor.level = Math.max(0, factor.level - 1)
  return right
}

/** The same for a recovery code. */
export function recover({ factor, budget }: Person, code: string, now: number): string {
  if (factor === null || factor.status === 'pending') return 'no_active_recovery_code_backed_factor'
  const isOver = now - budget.start >= hourMs
  if (budget.lockedUntil > now) return 'user_lock_limit_reached'
  if (!isOver && budget.attempts >= limits.recoveryAttemptsPerHour) return 'user_lock_limit_reached'
  budget.failures = budget.lockedUntil === 0 ? budget.failures + 1 : 1
  if (isOver) Object.assign(budget, { start: now, attempts: 0 })
  budget.attempts++
  const isFull = budget.failures >= limits.recoveryMaxFailures
  budget.lockedUntil = isFull ? now + limits.recoveryLockHours * hourMs : 0
  const at = factor.codes.indexOf(code)
  if (at < 0) return 'unable_to_authenticate_recovery_code'
  factor.codes.splice(at, 1)
  Object.assign(budget, { failures: 0, lockedUntil: 0, attempts: budget.attempts - 1 })
  Object.assign(factor, { status: 'active', failures: 0, lockedUntil: 0, level: 0 })
  return right
}
