import { decodeBase32 } from './base32.js'
import type { Context } from './context.js'
import { newId, newOrderedId } from './ids.js'
import { secretContext } from './judge.js'
import { readRandom } from './random.js'
import { makeRecoveryCodes, normaliseRecoveryCode, recoveryCodeHash } from './recovery-codes.js'
import { Refusal } from './refusal.js'
import type { NewRecoveryCode, Queries } from './store.js'
import type { Subject } from './subjects.js'
import type { RecoveryCodesTable, TotpsTable } from './tables.js'

/** RFC 4226 section 4 recommends 160 bits. */
const secretBytes = 20

export const newSecret = (context: Context): Uint8Array => readRandom(context.random, secretBytes)

/** Of a secret that somebody else made, in bytes. RFC 4226 section 4 asks for 128 bits. */
const [shortest, longest] = [16, 128]

/** The bytes of a secret that somebody else made, or what is wrong with it, in words that do not repeat it. */
export function readSecret(text: string): Uint8Array | string {
  const bytes = decodeBase32(text)
  if (bytes === null) return 'is not base32'
  if (bytes.length < shortest)
    return `has ${bytes.length} bytes, and RFC 4226 section 4 asks for ${shortest}: this person has to enrol anew`
  return bytes.length > longest ? `has more than ${longest} bytes` : bytes
}

export const newRecoveryCodes = (context: Context): string[] => makeRecoveryCodes(context.random)

/** How codes are made; what authenticator apps support everywhere is the default. */
export interface TotpKind {
  algorithm: TotpsTable['algorithm']
  digits: number
  periodSeconds: number
}

export const defaultKind: TotpKind = { algorithm: 'SHA1', digits: 6, periodSeconds: 30 }

/** A registration that was not stored yet. */
export function newTotp(
  context: Context,
  subject: Subject,
  secret: Uint8Array,
  { algorithm, digits, periodSeconds }: TotpKind,
  life: { status: 'pending'; expiresAt: number } | { status: 'active' },
): TotpsTable {
  const ids = {
    totp_id: newId(subject.kind === 'user' ? 'totp' : 'member-totp', context.environment),
    project_id: context.projectId,
    subject_id: subject.id,
  }
  const { keyId, sealed } = context.keyring.seal(secret, secretContext(ids))
  return {
    ...ids,
    status: life.status,
    sealed_secret: sealed,
    key_id: keyId,
    algorithm,
    digits,
    period_seconds: periodSeconds,
    last_step: -1,
    consecutive_failures: 0,
    fail_level: 0,
    fail_level_at: 0,
    locked_until: null,
    expires_at: life.status === 'pending' ? life.expiresAt : null,
    created_at: context.now(),
  }
}

const codeContext = (
  row: Pick<RecoveryCodesTable, 'subject_id' | 'recovery_code_id'>,
  { projectId }: Context,
) => `recovery-code|${projectId}|${row.subject_id}|${row.recovery_code_id}`

/** A set of codes for a registration, not stored yet. @throws Refusal for one that cannot be a recovery code */
export function sealRecoveryCodes(
  context: Context,
  totp: TotpsTable,
  codes: readonly string[],
): NewRecoveryCode[] {
  const { keyring } = context
  const { subject_id } = totp
  const key_id = keyring.currentKeyId
  const pepper = keyring.pepper(key_id)
  return codes.map((code) => {
    const normalised = normaliseRecoveryCode(code)
    if (normalised === null) throw new Refusal('invalid_recovery_code')
    const recovery_code_id = newOrderedId('totp-recovery-code', context.environment)
    const place = codeContext({ subject_id, recovery_code_id }, context)
    const sealed = context.recoveryCodes === 'sealed' ? keyring.seal(Buffer.from(code), place) : null
    return {
      recovery_code_id,
      code_hash: recoveryCodeHash(pepper, subject_id, normalised),
      key_id,
      sealed_code: sealed?.sealed ?? null,
    }
  })
}

/** The unused codes of a registration. Empty where they are kept as hashes only. */
export async function readRecoveryCodes(context: Context, totpId: string): Promise<string[]> {
  if (context.recoveryCodes === 'hashed') return []
  const rows = await context.store.listRecoveryCodes(totpId)
  return rows.flatMap((row) =>
    row.sealed_code === null
      ? []
      : [
          Buffer.from(
            context.keyring.open(row.sealed_code, row.key_id, codeContext(row, context)),
          ).toString(),
        ],
  )
}

/**
 * Stores a registration with its codes, in place of a pending one, as one change.
 *
 * @param also what belongs to that change besides
 * @throws Refusal `active_totp_exists`
 */
export async function storeTotp(
  context: Context,
  totp: TotpsTable,
  recoveryCodes: readonly string[],
  also?: (queries: Queries) => Promise<unknown>,
): Promise<void> {
  const codes = sealRecoveryCodes(context, totp, recoveryCodes)
  await context.store.transaction(async (queries) => {
    // Of several at once the last one stays: each sees what the one before it has stored, and takes its place.
    // Sent together, and carried out one after the other.
    const [, , isInUse, isStored] = await Promise.all([
      queries.lockSubject(totp.subject_id),
      queries.deletePendingTotp(totp.subject_id),
      queries.hasTotpInUse(totp.subject_id),
      queries.insertTotp(totp, codes),
    ])
    if (isInUse) throw new Refusal('active_totp_exists')
    if (!isStored) throw new Refusal('pending_totp_exists')
    await also?.(queries)
  })
}
