import { type TotpClient, TotpClientError } from '@kit/totp-client'
import type { Member, MemberSession, Organization } from '@kit/totp-client/wire'
import {
  type Accepted,
  type JudgeInput,
  nobody,
  type Proof,
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

interface About {
  member: Member
  organization: Organization
  /** The same two ids beside them, where the answer has them. */
  member_id?: string
  organization_id?: string | null | undefined
}

/** A member of an organization at the provider: https://stytch.com/docs/b2b/api/totp-create and its sisters. */
export class MemberProvider implements Provider {
  private readonly ids: { organization_id: string; member_id: string }

  constructor(
    private readonly client: TotpClient,
    private readonly subject: Extract<Subject, { kind: 'member' }>,
  ) {
    this.ids = { organization_id: subject.organizationId, member_id: subject.memberId }
  }

  async read(sessionToken: string | null): Promise<Reading> {
    const { b2b } = this.client
    if (sessionToken === null) {
      try {
        return this.reading(await b2b.members.get(this.ids), null)
      } catch (error) {
        if (error instanceof TotpClientError && error.errorType === 'member_not_found') return this.newcomer()
        throw error
      }
    }
    const answer = await b2b.sessions.authenticate({ session_token: sessionToken })
    return this.reading(answer, answer.member_session)
  }

  async create(proof: Proof | null, expirationMinutes: number): Promise<Registration> {
    const answer = await this.client.b2b.totps.create({
      ...this.ids,
      ...proofFields(proof),
      expiration_minutes: expirationMinutes,
    })
    this.requireMe(answer)
    return {
      registrationId: answer.totp_registration_id,
      secret: requireBase32(answer.secret),
      recoveryCodes: answer.recovery_codes,
    }
  }

  /** The first code also turns MFA on for the member, who would otherwise sign in without it next time. */
  async authenticate(
    code: string,
    input: JudgeInput & { enroll: boolean; setDefault: boolean },
  ): Promise<Accepted> {
    const answer = await this.client.b2b.totps.authenticate({
      ...this.judged(input),
      code,
      set_mfa_enrollment: input.enroll ? 'enroll' : undefined,
      set_default_mfa: input.setDefault ? true : undefined,
    })
    return this.accepted(answer, null)
  }

  async recover(recoveryCode: string, input: JudgeInput): Promise<Accepted> {
    const answer = await this.client.b2b.recoveryCodes.recover({
      ...this.judged(input),
      recovery_code: recoveryCode,
    })
    return this.accepted(answer, answer.recovery_codes_remaining)
  }

  async recoveryCodes(): Promise<string[]> {
    const answer = await this.client.b2b.recoveryCodes.get(this.ids)
    this.requireMe(answer)
    return answer.recovery_codes
  }

  async rotate(): Promise<string[]> {
    const answer = await this.client.b2b.recoveryCodes.rotate(this.ids)
    this.requireMe(answer)
    return answer.recovery_codes
  }

  async remove(): Promise<void> {
    this.requireMe(await this.client.b2b.members.deleteTotp(this.ids))
  }

  /** Somebody of whom nothing is known but what the organization demands of all. */
  private async newcomer(): Promise<Reading> {
    const { organization_id } = this.ids
    const { organization } = await this.client.b2b.organizations.get({ organization_id })
    this.requireMine(organization)
    return { ...nobody, organizationRequires: demandsMfa(organization) }
  }

  private judged({ proof, minting, telemetryId }: JudgeInput) {
    return {
      ...this.ids,
      ...proofFields(proof),
      session_duration_minutes: minting?.durationMinutes,
      session_custom_claims: minting?.customClaims,
      telemetry_id: telemetryId,
    }
  }

  private accepted(
    answer: About & { session_token: string; member_session?: MemberSession | null | undefined },
    recoveryCodesRemaining: number | null,
  ): Accepted {
    const reading = this.reading(answer, answer.member_session ?? null)
    requireSound(answer.session_token !== '' && reading.session !== null && reading.factorId !== null)
    return {
      reading,
      factorId: reading.factorId ?? '',
      sessionToken: answer.session_token,
      recoveryCodesRemaining,
      acceptedAtMs: provenAtMs(answer.member_session?.authentication_factors),
    }
  }

  private reading(about: About, session: MemberSession | null): Reading {
    const { member, organization } = about
    this.requireMe(about)
    requireEcho(
      session === null ||
        (session.member_id === member.member_id && session.organization_id === organization.organization_id),
    )
    return {
      providerId: member.member_id,
      factorId: member.totp_registration_id || null,
      session: session && sessionView(session.authentication_factors, session.expires_at),
      organizationRequires: demandsMfa(organization),
      pendingIds: [],
    }
  }

  /** The host may name both by an external id, and the organization by its slug. */
  private requireMe({ member, organization, member_id, organization_id }: About): void {
    const { memberId } = this.subject
    requireEcho((member_id ?? member.member_id) === member.member_id)
    requireEcho((organization_id ?? organization.organization_id) === organization.organization_id)
    requireEcho(member.organization_id === organization.organization_id)
    requireEcho(member.member_id === memberId || member.external_id === memberId)
    this.requireMine(organization)
  }

  private requireMine(organization: Organization): void {
    const { organizationId } = this.subject
    requireEcho(
      organization.organization_id === organizationId ||
        organization.organization_slug === organizationId ||
        organization.organization_external_id === organizationId,
    )
  }
}

const demandsMfa = ({ mfa_policy }: Organization) => mfa_policy === 'REQUIRED_FOR_ALL'

/** At most one proof goes along: two are refused by the provider. */
const proofFields = (proof: Proof | null) => ({
  session_token: proof?.kind === 'session' ? proof.sessionToken : undefined,
  intermediate_session_token: proof?.kind === 'intermediate' ? proof.sessionToken : undefined,
})
