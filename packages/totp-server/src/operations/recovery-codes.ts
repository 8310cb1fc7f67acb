import { factorsOf, memberFields, userFields } from '../answer.js'
import type { Context } from '../context.js'
import { payForRecoveryCode, spendRecoveryCode } from '../judge.js'
import { enrolMember } from '../member-mfa.js'
import { newRecoveryCodes, readRecoveryCodes, sealRecoveryCodes } from '../new-totp.js'
import type { Operations } from '../operation.js'
import { listedTotps } from '../present.js'
import { Refusal } from '../refusal.js'
import {
  checkClaims,
  findProof,
  openSession,
  recoveryCodeFactor,
  requireSigners,
  wantsSession,
} from '../session.js'
import { memberSessionFields, noSessionFields, userSessionFields } from '../session-fields.js'
import { findMember, findUser, provideUser, requireTotpInUse, type Subject, withTotp } from '../subjects.js'

/** A new set in place of the old one, as one change: never both, never none. */
async function rotate(context: Context, subject: Subject): Promise<string[]> {
  const totp = requireTotpInUse(subject)
  const codes = newRecoveryCodes(context)
  const sealed = sealRecoveryCodes(context, totp, codes)
  await context.store.transaction(async (queries) => {
    if (!(await queries.lockTotp(totp.totp_id))) throw new Refusal('no_active_recovery_code_backed_factor')
    await queries.deleteRecoveryCodes(totp.totp_id)
    await queries.insertRecoveryCodes(totp, sealed)
  })
  return codes
}

export const recoveryCodes: Operations<
  | 'totps.recover'
  | 'totps.recoveryCodes'
  | 'kit.rotateRecoveryCodes'
  | 'b2b.recoveryCodes.get'
  | 'b2b.recoveryCodes.rotate'
  | 'b2b.recoveryCodes.recover'
> = {
  async 'totps.recover'(context, input) {
    const isForSession = wantsSession(input)
    if (isForSession) await requireSigners(context)
    const subject = await findUser(context, input.user_id)
    const proof = await findProof(context, subject, input)
    checkClaims(proof, input)
    const paid = await payForRecoveryCode(context, subject, input.recovery_code)
    const { totp, session } = await context.store.transaction(async (queries) => {
      const { codeId, totp } = await spendRecoveryCode(queries, context, paid)
      const factor = recoveryCodeFactor(codeId, context.now())
      const session = isForSession ? await openSession(queries, context, subject, proof, factor, input) : null
      return { totp, session }
    })
    return {
      totp_id: totp.totp_id,
      ...userFields(context, withTotp(subject, totp)),
      ...(session === null ? noSessionFields : await userSessionFields(context, session)),
    }
  },

  async 'totps.recoveryCodes'(context, { user_id }) {
    const subject = await findUser(context, user_id)
    const totps = []
    for (const { totp_id, status } of listedTotps(factorsOf(context, subject))) {
      const recovery_codes = await readRecoveryCodes(context, totp_id)
      totps.push({ totp_id, verified: status !== 'pending', recovery_codes })
    }
    return { user_id: subject.id, totps }
  },

  async 'kit.rotateRecoveryCodes'(context, { user_id }) {
    const subject = await provideUser(context, user_id)
    return { user_id: subject.id, recovery_codes: await rotate(context, subject) }
  },

  async 'b2b.recoveryCodes.get'(context, input) {
    const subject = await findMember(context, input)
    const { totp_id } = requireTotpInUse(subject)
    return { ...memberFields(context, subject), recovery_codes: await readRecoveryCodes(context, totp_id) }
  },

  async 'b2b.recoveryCodes.rotate'(context, input) {
    const subject = await findMember(context, input)
    return { ...memberFields(context, subject), recovery_codes: await rotate(context, subject) }
  },

  async 'b2b.recoveryCodes.recover'(context, input) {
    await requireSigners(context)
    const subject = await findMember(context, input)
    const proof = await findProof(context, subject, input)
    checkClaims(proof, input)
    const paid = await payForRecoveryCode(context, subject, input.recovery_code)
    const nowMs = context.now()
    const { totp, member, session, remaining } = await context.store.transaction(async (queries) => {
      const { codeId, totp } = await spendRecoveryCode(queries, context, paid)
      const factor = recoveryCodeFactor(codeId, nowMs)
      return {
        totp,
        member: await enrolMember(queries, subject, {}, nowMs),
        session: await openSession(queries, context, subject, proof, factor, input),
        remaining: await queries.countRecoveryCodes(totp.totp_id),
      }
    })
    return {
      ...memberFields(context, { ...withTotp(subject, totp), member }),
      recovery_codes_remaining: remaining,
      ...(await memberSessionFields(context, session, subject.organization)),
    }
  },
}
