import type { Context } from './context.js'
import { attemptDetails, lockOf, secondsUntil } from './lock.js'
import { pendingTotp, totpInUse } from './present.js'
import { normaliseRecoveryCode, recoveryCodeHash } from './recovery-codes.js'
import { Refusal } from './refusal.js'
import type { Queries, Store, TotpKey } from './store.js'
import { requireTotpInUse, rereadSubject, type Subject } from './subjects.js'
import type { SessionsTable, TotpsTable } from './tables.js'
import { matchTotpStep } from './totp.js'

/** A code that is right. Nothing is won before {@link spendCode} says so. */
export interface JudgedCode {
  readonly key: TotpKey
  readonly totp: TotpsTable
  readonly step: number
}

/** Where a sealed secret belongs; it opens in no other row. */
export const secretContext = ({
  project_id,
  subject_id,
  totp_id,
}: Pick<TotpsTable, 'project_id' | 'subject_id' | 'totp_id'>): string =>
  `totp-secret|${project_id}|${subject_id}|${totp_id}`

/** As much work as a judged code is, so that time does not tell who has a registration. */
function pretendToJudge(code: string, nowMs: number): void {
  const secret = new Uint8Array(20)
  matchTotpStep({ secret, code, nowMs, algorithm: 'SHA1', digits: 6, periodSeconds: 30 })
}

/** The one answer while a registration is locked, whether the code was right or wrong. */
function lockedRefusal(totp: TotpsTable, context: Context, nowMs: number): Refusal {
  const untilMs = lockOf(totp, context.attemptLimits, nowMs)?.untilMs
  if (untilMs === null) return new Refusal('user_lock_limit_reached', { details: { attempts_left: 0 } })
  // Undefined: it was changed behind both readings, and what holds it now is not known.
  const waitMs = untilMs ?? nowMs + context.attemptLimits.delaysMs[0]
  return new Refusal('user_lock_limit_reached', {
    details: { attempts_left: 0, retry_after_seconds: secondsUntil(waitMs, nowMs) },
  })
}

/**
 * Judges a code against the subject's registration in use or, where there is none, the pending one. The attempt is
 * paid for before anything is compared; a code of another form than the registration's is an attempt too.
 *
 * @param options.isPaid whether the subject's one registration is as it was left by paying for this attempt
 * @param options.isReread whether the subject was read for the second time, since another call changed what the first had read
 * @throws Refusal for everything but a right code whose step was never accepted
 */
export async function judgeCode(
  context: Context,
  subject: Subject,
  code: string,
  { isPaid = false, isReread = false } = {},
): Promise<JudgedCode> {
  const { attemptLimits: limits, keyring, store } = context
  const nowMs = context.now()
  const totp = totpInUse(subject.totps) ?? pendingTotp(subject.totps, nowMs)
  if (totp === undefined) {
    pretendToJudge(code, nowMs)
    throw new Refusal(subject.totps.length > 0 ? 'expired_totp' : 'totps_not_found_for_user')
  }
  // Opened first: a secret that this server's keys cannot open is no reason to charge anybody. What is paid for already
  // is sealed with the current key.
  const secret = keyring.open(totp.sealed_secret, totp.key_id, secretContext(totp))
  const key: TotpKey = {
    totpId: totp.totp_id,
    subjectId: subject.id,
    status: totp.status === 'pending' ? 'pending' : 'active',
  }
  const attempt = isPaid ? totp : await store.reserveAttempt(key, nowMs, limits)
  if (attempt === null) {
    // Not locked as it was read: another call has confirmed, replaced, removed or locked it since. No attempt was paid
    // for, so what it is now can be judged.
    if (!isReread && lockOf(totp, limits, nowMs) === null) {
      return judgeCode(context, await rereadSubject(context, subject), code, { isReread: true })
    }
    pretendToJudge(code, nowMs)
    throw lockedRefusal(totp, context, nowMs)
  }
  const { algorithm, digits, period_seconds: periodSeconds } = totp
  const step = matchTotpStep({ secret, code, nowMs, algorithm, digits, periodSeconds })
  const details = attemptDetails(attempt, limits, nowMs)
  const refuse = async (errorType: Refusal['errorType']) => {
    if (attempt.consecutive_failures >= limits.maxConsecutiveFailures) {
      await store.disableAtCap(key, limits.maxConsecutiveFailures)
    }
    throw new Refusal(errorType, { details })
  }
  if (step === null) {
    if (code.length === digits && /^[0-9]+$/.test(code)) return refuse('unable_to_authenticate_totp')
    const isRecoveryCode = /-/.test(code) && normaliseRecoveryCode(code) !== null
    return refuse(isRecoveryCode ? 'recovery_code_used_as_totp_code' : 'invalid_totp_code')
  }
  if (step <= attempt.last_step) return refuse('totp_code_already_authenticated')
  if (totp.key_id !== keyring.currentKeyId) {
    const resealed = keyring.seal(secret, secretContext(totp))
    await store.resealTotp(totp.totp_id, { sealedSecret: resealed.sealed, keyId: resealed.keyId })
  }
  // Spending it gives the attempt back.
  const fail_level = Math.max(0, attempt.fail_level - 1)
  const fail_level_at = Math.max(totp.fail_level_at, nowMs)
  return { key, totp: { ...totp, fail_level, fail_level_at }, step }
}

/** The registration after its code was spent. */
const afterCode = ({ totp, step }: JudgedCode): TotpsTable => ({
  ...totp,
  status: 'active',
  last_step: step,
  consecutive_failures: 0,
  locked_until: null,
  expires_at: null,
})

/**
 * Spends the step of a judged code: of any number of calls with it, one gets past.
 *
 * @returns the registration as it is now
 * @throws Refusal `totp_code_already_authenticated` for the others
 */
export async function spendCode(queries: Queries, judged: JudgedCode, nowMs: number): Promise<TotpsTable> {
  const { key, step } = judged
  if (!(await queries.acceptStep(key, step, nowMs))) throw new Refusal('totp_code_already_authenticated')
  return afterCode(judged)
}

/** As {@link spendCode}; the call that gets past stores a session with it. */
export async function spendCodeWithSession(
  store: Store,
  judged: JudgedCode,
  nowMs: number,
  session: SessionsTable,
): Promise<TotpsTable> {
  const { key, step } = judged
  const isAccepted = await store.acceptStepWithSession(key, step, nowMs, session)
  if (!isAccepted) throw new Refusal('totp_code_already_authenticated')
  return afterCode(judged)
}

/** A recovery code whose attempt is paid for. */
export interface PaidRecoveryCode {
  readonly totp: TotpsTable
  readonly normalised: string
  readonly details: Readonly<Record<string, number>>
}

/**
 * Pays for an attempt with a recovery code, of a budget of its own that belongs to the subject.
 *
 * @throws Refusal without a registration in use, while no attempt is admitted, or for what can be no recovery code
 */
export async function payForRecoveryCode(
  context: Context,
  subject: Subject,
  code: string,
): Promise<PaidRecoveryCode> {
  const { store, recoveryLimits: limits } = context
  const nowMs = context.now()
  const totp = requireTotpInUse(subject)
  // Known first: a key that this server lacks is no reason to judge a right code wrong, and to charge for it.
  for (const { key_id } of await store.listRecoveryCodes(totp.totp_id)) context.keyring.pepper(key_id)
  const budget = await store.reserveRecovery(subject.id, nowMs, limits)
  if (budget === null) {
    const now = await store.findRecoveryBudget(subject.id)
    const windowEnd = (now?.window_started_at ?? nowMs) + limits.windowMs
    const isFull = now !== null && now.window_attempts >= limits.attemptsPerWindow
    const untilMs = Math.max(now?.locked_until ?? 0, isFull ? windowEnd : 0)
    throw new Refusal('user_lock_limit_reached', {
      details: { attempts_left: 0, retry_after_seconds: secondsUntil(untilMs, nowMs) },
    })
  }
  const beforeFull = limits.attemptsPerWindow - budget.window_attempts
  const left = Math.max(0, Math.min(beforeFull, limits.maxFailures - budget.consecutive_failures))
  const waitMs = budget.locked_until ?? (beforeFull <= 0 ? budget.window_started_at + limits.windowMs : null)
  const details: Record<string, number> =
    waitMs === null
      ? { attempts_left: left }
      : { attempts_left: 0, retry_after_seconds: secondsUntil(waitMs, nowMs) }
  const normalised = normaliseRecoveryCode(code)
  if (normalised === null) {
    const isCode = /^[0-9]{6,8}$/.test(code)
    throw new Refusal(isCode ? 'totp_code_used_as_recovery_code' : 'invalid_recovery_code', { details })
  }
  return { totp, normalised, details }
}

/**
 * Spends a recovery code: of any number of calls with it, one gets past. The registration is unlocked by it.
 *
 * @returns the code's id, and the registration as it is now
 * @throws Refusal `unable_to_authenticate_recovery_code` for the others, and for a wrong one
 */
export async function spendRecoveryCode(
  queries: Queries,
  context: Context,
  { totp, normalised, details }: PaidRecoveryCode,
): Promise<{ codeId: string; totp: TotpsTable }> {
  const { subject_id: subjectId, totp_id: totpId } = totp
  // In the order of those who change the codes, or two calls on PostgreSQL wait for each other in a circle.
  await queries.lockTotp(totpId)
  let codeId: string | null = null
  for (const keyId of context.keyring.keyIds) {
    const codeHash = recoveryCodeHash(context.keyring.pepper(keyId), subjectId, normalised)
    codeId ??= await queries.spendRecoveryCode({ subjectId, totpId, codeHash, nowMs: context.now() })
  }
  if (codeId === null) throw new Refusal('unable_to_authenticate_recovery_code', { details })
  await queries.refundRecovery(subjectId)
  await queries.restoreTotp(totpId)
  return {
    codeId,
    totp: { ...totp, status: 'active', consecutive_failures: 0, locked_until: null, fail_level: 0 },
  }
}
