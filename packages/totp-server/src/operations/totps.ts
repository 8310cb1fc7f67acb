import { expirationMinutes } from '@kit/totp-client/wire'
import { memberFields, userFields } from '../answer.js'
import { encodeBase32 } from '../base32.js'
import type { Context } from '../context.js'
import { type JudgedCode, judgeCode, spendCode, spendCodeWithSession } from '../judge.js'
import { enrolMember } from '../member-mfa.js'
import { defaultKind, newRecoveryCodes, newSecret, newTotp, readSecret, storeTotp } from '../new-totp.js'
import type { Operations } from '../operation.js'
import { hasFactor, totpInUse } from '../present.js'
import { otpauthUri, qrDataUri } from '../provisioning.js'
import { normaliseRecoveryCode } from '../recovery-codes.js'
import { Refusal } from '../refusal.js'
import {
  checkClaims,
  findProof,
  firstSession,
  type OpenSession,
  openSession,
  type Proof,
  type ProofInput,
  requireSigners,
  type SessionInput,
  totpFactor,
  wantsSession,
} from '../session.js'
import { memberSessionFields, noSessionFields, userSessionFields } from '../session-fields.js'
import {
  findMember,
  findUser,
  findUserWithAttempt,
  provideMember,
  provideUser,
  requireTotpAllowed,
  type Subject,
  withTotp,
} from '../subjects.js'
import type { TotpsTable } from '../tables.js'

/** A pending registration, stored, and what its owner is shown once. */
async function register(context: Context, subject: Subject, expiresInMinutes: number, issuer: string) {
  const secret = newSecret(context)
  const expiresAt = context.now() + expiresInMinutes * 60_000
  const totp = newTotp(context, subject, secret, defaultKind, { status: 'pending', expiresAt })
  const recoveryCodes = newRecoveryCodes(context)
  await storeTotp(context, totp, recoveryCodes)
  const secretText = encodeBase32(secret)
  const { accountName } = subject
  const uri = otpauthUri({ secret: secretText, issuer, accountName, ...defaultKind })
  return { totp, shown: { secret: secretText, qr_code: qrDataUri(uri), recovery_codes: recoveryCodes } }
}

/** Spends a user's code, and with the same commit stores the session that comes of it, if any. */
async function spendForUser(
  context: Context,
  subject: Subject,
  proof: Proof,
  judged: JudgedCode,
  input: SessionInput & ProofInput,
): Promise<{ totp: TotpsTable; session: OpenSession | null }> {
  const { store } = context
  const nowMs = context.now()
  const factor = totpFactor(judged.totp.totp_id, nowMs)
  if (proof.kind !== 'none') {
    return store.transaction(async (queries) => ({
      totp: await spendCode(queries, judged, nowMs),
      session: await openSession(queries, context, subject, proof, factor, input),
    }))
  }
  if (input.session_duration_minutes === undefined) {
    return { totp: await spendCode(store, judged, nowMs), session: null }
  }
  const session = firstSession(context, subject, factor, input)
  return { totp: await spendCodeWithSession(store, judged, nowMs, session.row), session }
}

/** Most recovery codes taken over with a secret. */
const maxMigratedCodes = 100

export const totps: Operations<
  'totps.create' | 'totps.authenticate' | 'b2b.totps.create' | 'b2b.totps.authenticate' | 'b2b.totps.migrate'
> = {
  async 'totps.create'(context, { user_id, expiration_minutes = expirationMinutes.userDefault }) {
    const subject = await provideUser(context, user_id)
    if (subject.user.status !== 'active') {
      throw new Refusal('action_available_only_for_active_members', {
        message: 'You may not attach an MFA factor to a user that is not active.',
      })
    }
    if (totpInUse(subject.totps) !== undefined) throw new Refusal('active_totp_exists')
    const { totp, shown } = await register(context, subject, expiration_minutes, context.projectName)
    return { totp_id: totp.totp_id, ...shown, ...userFields(context, withTotp(subject, totp)) }
  },

  async 'totps.authenticate'(context, input) {
    const { user_id, totp_code, session_token, session_jwt, session_custom_claims } = input
    if (wantsSession(input)) await requireSigners(context)
    // Where nothing else can be refused before the code, one statement finds and pays: a round trip less of three.
    const isCodeAlone = (session_token ?? session_jwt ?? session_custom_claims) === undefined
    const paid = isCodeAlone ? await findUserWithAttempt(context, user_id) : null
    const subject = paid ?? (await findUser(context, user_id))
    const proof = await findProof(context, subject, input)
    checkClaims(proof, input)
    const judged = await judgeCode(context, subject, totp_code, { isPaid: paid !== null })
    const { totp, session } = await spendForUser(context, subject, proof, judged, input)
    return {
      totp_id: totp.totp_id,
      ...userFields(context, withTotp(subject, totp)),
      ...(session === null ? noSessionFields : await userSessionFields(context, session)),
    }
  },

  async 'b2b.totps.create'(context, input) {
    const subject = await provideMember(context, input)
    if (subject.member.status !== 'active') throw new Refusal('action_available_only_for_active_members')
    requireTotpAllowed(subject)
    const proof = await findProof(context, subject, input)
    const inUse = totpInUse(subject.totps)
    if (inUse !== undefined) {
      const isProven = proof.kind === 'session' && hasFactor(proof.row, inUse.totp_id)
      throw new Refusal(isProven ? 'active_totp_exists' : 'insufficient_factors')
    }
    const minutes = input.expiration_minutes ?? expirationMinutes.memberDefault
    const issuer = `${context.projectName} (${subject.organization.name})`
    const { totp, shown } = await register(context, subject, minutes, issuer)
    return {
      totp_registration_id: totp.totp_id,
      ...shown,
      ...memberFields(context, withTotp(subject, totp)),
    }
  },

  async 'b2b.totps.authenticate'(context, input) {
    await requireSigners(context)
    const subject = await findMember(context, input)
    requireTotpAllowed(subject)
    const proof = await findProof(context, subject, input)
    checkClaims(proof, input)
    const judged = await judgeCode(context, subject, input.code)
    const nowMs = context.now()
    const factor = totpFactor(judged.totp.totp_id, nowMs)
    const { totp, member, session } = await context.store.transaction(async (queries) => ({
      totp: await spendCode(queries, judged, nowMs),
      member: await enrolMember(queries, subject, input, nowMs),
      session: await openSession(queries, context, subject, proof, factor, input),
    }))
    return {
      ...memberFields(context, { ...withTotp(subject, totp), member }),
      organization_id: subject.organization.organization_id,
      ...(await memberSessionFields(context, session, subject.organization)),
    }
  },

  async 'b2b.totps.migrate'(context, input) {
    const secret = readSecret(input.secret)
    if (typeof secret === 'string') {
      throw new Refusal('bad_request', { message: `The submitted request is invalid: secret ${secret}.` })
    }
    const given = input.recovery_codes ?? []
    if (given.length > maxMigratedCodes) {
      throw new Refusal('bad_request', {
        message: `The submitted request is invalid: recovery_codes has more than ${maxMigratedCodes}.`,
      })
    }
    const recoveryCodes = given.length > 0 ? given : newRecoveryCodes(context)
    if (new Set(recoveryCodes.map(normaliseRecoveryCode)).size < recoveryCodes.length) {
      throw new Refusal('bad_request', {
        message: 'The submitted request is invalid: recovery_codes has two that are the same.',
      })
    }
    // Not before the rest is right: it may make the member.
    const subject = await provideMember(context, input)
    if (subject.member.status !== 'active') throw new Refusal('action_available_only_for_active_members')
    requireTotpAllowed(subject)
    const totp = newTotp(context, subject, secret, defaultKind, { status: 'active' })
    await storeTotp(context, totp, recoveryCodes)
    return {
      totp_registration_id: totp.totp_id,
      recovery_codes: recoveryCodes,
      organization_id: subject.organization.organization_id,
      ...memberFields(context, withTotp(subject, totp)),
    }
  },
}
