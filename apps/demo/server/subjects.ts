import type { Subject } from '@kit/bff'
import { type TotpClient, TotpClientError } from '@kit/totp-client'
import { Refusal } from './problem.js'
import { type Person, type ProviderSubject, type ProviderTokens, type SignIn, signInHours } from './store.js'

/** Makes the person at the provider. Safe to repeat: `externalId` names the same person again. */
export async function createSubject(
  client: TotpClient,
  person: { externalId: string; email: string; organization: string },
): Promise<ProviderSubject> {
  const { externalId, email, organization } = person
  if (!organization) {
    const { user_id } = await orElse(
      client.users.create({ email, external_id: externalId }),
      ['duplicate_email', 'duplicate_user_external_id'],
      () => client.users.get({ user_id: externalId }),
    )
    return { kind: 'user', userId: user_id }
  }
  // The provider takes a slug wherever it takes an organization's id.
  const createMember = () =>
    orElse(
      client.b2b.members.create({
        organization_id: organization,
        email_address: email,
        external_id: externalId,
      }),
      ['duplicate_member_email', 'duplicate_member_external_id'],
      () => client.b2b.members.get({ organization_id: organization, member_id: externalId }),
    )
  const answer = await orElse(createMember(), ['organization_not_found'], async () => {
    await orElse(
      client.b2b.organizations.create({ organization_name: organization, organization_slug: organization }),
      ['organization_slug_already_used'],
      async () => null,
    )
    return await createMember()
  })
  return { kind: 'member', organizationId: answer.organization.organization_id, memberId: answer.member_id }
}

/** What a first factor gives: a member gets a session at the provider, or half of one while MFA is due. */
export async function openSession(
  client: TotpClient,
  { subject }: Person,
): Promise<{ enrolled: boolean; tokens: ProviderTokens }> {
  if (subject.kind === 'user') {
    const user = await client.users.get({ user_id: subject.userId })
    return { enrolled: user.totps.some((totp) => totp.verified), tokens: {} }
  }
  const ids = { organization_id: subject.organizationId, member_id: subject.memberId }
  const { member, organization } = await client.b2b.members.get(ids)
  const enrolled = member.totp_registration_id !== ''
  if (enrolled || organization.mfa_policy === 'REQUIRED_FOR_ALL') {
    const { intermediate_session_token } = await client.kit.createIntermediateSession(ids)
    return { enrolled, tokens: { intermediateSessionToken: intermediate_session_token } }
  }
  const { session_token } = await client.kit.createSession({
    ...ids,
    session_duration_minutes: signInHours * 60,
  })
  return { enrolled, tokens: { sessionToken: session_token } }
}

/** Whom the BFF acts for. */
export function subjectOf({ id, person, providerTokens }: SignIn): Subject {
  const { email, organization, subject } = person
  // One person may be here as a user and in several organizations: the authenticator app lists them apart.
  const accountName = organization ? `${email} (${organization})` : email
  return { ...subject, ...providerTokens, accountName, sessionId: id }
}

/** `promise`, or what `instead` gives when the provider refused with one of `errorTypes`. */
async function orElse<T, U>(
  promise: Promise<T>,
  errorTypes: readonly string[],
  instead: () => Promise<U>,
): Promise<T | U> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof TotpClientError && errorTypes.includes(error.errorType ?? '')) return await instead()
    throw error
  }
}

/** What a person is told when the provider did not do its part; `stranger` where it does not know this person. */
export function toRefusal(error: unknown, stranger: 'taken' | 'wrong_credentials'): unknown {
  if (!(error instanceof TotpClientError)) return error
  if (error.errorType === 'invalid_email') {
    return new Refusal('invalid_request', { fields: { email: 'This is not an e-mail address.' } })
  }
  if (error.errorType === 'user_not_found' || error.errorType === 'member_not_found')
    return new Refusal(stranger)
  return error.code === 'refused' ? error : new Refusal('provider_unavailable')
}
