import type { AuthenticationFactor } from '@kit/totp-client/wire'
import { BffError } from './errors.js'
import type { ProviderView } from './policy.js'

/** The provider's session that a code is added to, or what stands for it. */
export interface Proof {
  kind: 'session' | 'intermediate'
  sessionToken: string
}

/** How a new session of the provider is to be made; absent: the one of the proof goes on as it is. */
export interface Minting {
  durationMinutes: number
  customClaims: Record<string, unknown> | undefined
}

/** What the provider knows of a subject. */
export interface Reading extends ProviderView {
  /** The provider's own id, which the host may have given an external id for. */
  providerId: string
  /** The organization demands MFA of its members. */
  organizationRequires: boolean
  /** Registrations that wait for their first code. Empty also where the provider lists none. */
  pendingIds: readonly string[]
}

/** A code that was accepted. */
export interface Accepted {
  reading: Reading
  /** The authenticator that the code came from, or that the recovery code belongs to. */
  factorId: string
  sessionToken: string
  /** Null where the answer does not tell. */
  recoveryCodesRemaining: number | null
  /** When the code was accepted, by the provider's clock; NaN where the answer does not tell. */
  acceptedAtMs: number
}

/** A registration that waits for its first code. */
export interface Registration {
  registrationId: string
  secret: string
  recoveryCodes: string[]
}

export interface JudgeInput {
  proof: Proof | null
  minting: Minting | null
  telemetryId: string | undefined
}

/**
 * One subject at the provider. The two wires, for users and for members, differ in names, defaults and missing
 * endpoints: for all that is asked of a known subject, the two classes that implement this are the only place that
 * knows. `identity-stytch`, which is yet to find one, and `sign-out`, which has but a session, ask by themselves.
 *
 * Every method checks that the answer is about the subject that was asked for (T64).
 *
 * @throws TotpClientError, or BffError bad_upstream for an answer about somebody else
 */
export interface Provider {
  /** Nobody, where the provider has never heard of the subject. */
  read(sessionToken: string | null): Promise<Reading>
  create(proof: Proof | null, expirationMinutes: number): Promise<Registration>
  /** @param enroll confirms a registration; @param setDefault makes it the default method, where there is one */
  authenticate(code: string, input: JudgeInput & { enroll: boolean; setDefault: boolean }): Promise<Accepted>
  recover(recoveryCode: string, input: JudgeInput): Promise<Accepted>
  /** The codes that are left. @param providerId from a {@link Reading} */
  recoveryCodes(providerId: string): Promise<string[]>
  rotate(providerId: string): Promise<string[]>
  remove(factorId: string): Promise<void>
}

/** What a provider that does not know the subject would have said. */
export const nobody: Reading = {
  providerId: '',
  factorId: null,
  session: null,
  organizationRequires: false,
  pendingIds: [],
}

/** The provider answered for another subject: its own fault or a forgery, and never to be acted on. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer'
}

/** Whether it was refused for a {@link ForeignAnswer}: no outage, and nothing to look past. */
export const isForeign = (refusal: BffError): boolean => refusal.cause instanceof ForeignAnswer

/** @throws BffError bad_upstream unless `same`: the answer is about another subject */
export function requireEcho(same: boolean): void {
  if (!same) throw new BffError('bad_upstream', { cause: new ForeignAnswer() })
}

/** @throws BffError bad_upstream unless `sound`: the answer contradicts itself */
export function requireSound(sound: boolean): void {
  if (!sound) throw new BffError('bad_upstream')
}

/** What a session of the provider was raised by. */
export function sessionView(
  factors: readonly AuthenticationFactor[],
  expiresAt: string | null | undefined,
): NonNullable<ProviderView['session']> {
  return {
    totpIds: factors.flatMap((factor) => factor.authenticator_app_factor?.totp_id ?? []),
    byRecoveryCode: factors.some((factor) => factor.delivery_method === 'recovery_code'),
    expiresAtMs: expiresAt ? Date.parse(expiresAt) : Number.POSITIVE_INFINITY,
  }
}

/** When the factor that was proven last was, by the provider's clock; NaN where no factor tells. */
export const provenAtMs = (factors: readonly AuthenticationFactor[] = []): number =>
  factors.reduce((last, factor) => {
    const at = Date.parse(factor.last_authenticated_at ?? '')
    return last >= at ? last : at
  }, Number.NaN)

/** @throws BffError bad_upstream unless the secret is base32, which is all an authenticator app takes */
export function requireBase32(secret: string): string {
  const bare = secret.replace(/=+$/, '')
  if (!/^[A-Z2-7]{16,256}$/.test(bare)) throw new BffError('bad_upstream')
  return bare
}
