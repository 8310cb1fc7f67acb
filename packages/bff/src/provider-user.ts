import type { TotpClient } from '@kit/totp-client'
import type { Session, User } from '@kit/totp-client/wire'
import {
  type Accepted,
  type JudgeInput,
  type Provider,
  provenAtMs,
  type Reading,
  type Registration,
  requireBase32,
  requireEcho,
  requireSound,
  sessionView,
} from './provider.js'
import type { Subject } from './subject.js'

/** A consumer user at the provider: https://stytch.com/docs/api/totp-create and its sisters. */
export class UserProvider implements Provider {
  constructor(
    private readonly client: TotpClient,
    private readonly subject: Extract<Subject, { kind: 'user' }>,
  ) {}

  async read(sessionToken: string | null): Promise<Reading> {
    if (sessionToken === null) {
      return this.reading(await this.client.users.get({ user_id: this.subject.userId }), null)
    }
    const { user, session } = await this.client.sessions.authenticate({ session_token: sessionToken })
    return this.reading(user, session)
  }

  async create(_proof: unknown, expirationMinutes: number): Promise<Registration> {
    const answer = await this.client.totps.create({
      user_id: this.subject.userId,
      expiration_minutes: expirationMinutes,
    })
    this.requireMe(answer.user, answer.user_id)
    return {
      registrationId: answer.totp_id,
      secret: requireBase32(answer.secret),
      recoveryCodes: answer.recovery_codes,
    }
  }

  async authenticate(code: string, input: JudgeInput): Promise<Accepted> {
    return this.accepted(await this.client.totps.authenticate({ totp_code: code, ...this.judged(input) }))
  }

  async recover(recoveryCode: string, input: JudgeInput): Promise<Accepted> {
    return this.accepted(
      await this.client.totps.recover({ recovery_code: recoveryCode, ...this.judged(input) }),
    )
  }

  async recoveryCodes(providerId: string): Promise<string[]> {
    const answer = await this.client.totps.recoveryCodes({ user_id: providerId })
    requireEcho(answer.user_id === providerId)
    return answer.totps.flatMap((totp) => (totp.verified ? totp.recovery_codes : []))
  }

  async rotate(providerId: string): Promise<string[]> {
    const answer = await this.client.kit.rotateRecoveryCodes({ user_id: providerId })
    requireEcho(answer.user_id === providerId)
    return answer.recovery_codes
  }

  async remove(factorId: string): Promise<void> {
    const answer = await this.client.users.deleteTotp({ totp_id: factorId })
    this.requireMe(answer.user, answer.user_id)
  }

  /** A user's sign-in at the host leaves no session at the provider: MFA makes one, by naming a duration. */
  private judged({ proof, minting, telemetryId }: JudgeInput) {
    return {
      user_id: this.subject.userId,
      session_token: proof?.sessionToken,
      session_duration_minutes: minting?.durationMinutes,
      session_custom_claims: minting?.customClaims,
      telemetry_id: telemetryId,
    }
  }

  private accepted(answer: {
    user: User
    user_id: string
    totp_id: string
    session_token: string
    session?: Session | null | undefined
  }): Accepted {
    const reading = this.reading(answer.user, answer.session ?? null, answer.user_id)
    requireSound(
      answer.totp_id === reading.factorId && answer.session_token !== '' && reading.session !== null,
    )
    return {
      reading,
      factorId: answer.totp_id,
      sessionToken: answer.session_token,
      recoveryCodesRemaining: null,
      acceptedAtMs: provenAtMs(answer.session?.authentication_factors),
    }
  }

  private reading(user: User, session: Session | null, toldId?: string): Reading {
    this.requireMe(user, toldId)
    requireEcho(session === null || session.user_id === user.user_id)
    return {
      providerId: user.user_id,
      factorId: user.totps.find((totp) => totp.verified)?.totp_id ?? null,
      session: session && sessionView(session.authentication_factors, session.expires_at),
      organizationRequires: false,
      pendingIds: user.totps.flatMap((totp) => (totp.verified ? [] : totp.totp_id)),
    }
  }

  /** @param toldId the id beside the user, where the answer has one */
  private requireMe(user: User, toldId = user.user_id): void {
    requireEcho(toldId === user.user_id)
    requireEcho(user.user_id === this.subject.userId || user.external_id === this.subject.userId)
  }
}
