import type { Queries } from './store.js'
import type { MemberSubject } from './subjects.js'
import type { MembersTable } from './tables.js'

/**
 * What a passed MFA factor changes of a member: an organization that requires MFA enrols them, otherwise
 * `set_mfa_enrollment` does or undoes it; the first factor passed becomes their default one.
 * https://stytch.com/docs/b2b/api/authenticate-totp
 */
export async function enrolMember(
  queries: Queries,
  { member, organization }: MemberSubject,
  input: {
    set_mfa_enrollment?: 'enroll' | 'unenroll' | undefined
    set_default_mfa?: boolean | undefined
  },
  nowMs: number,
): Promise<MembersTable> {
  const chosen = input.set_mfa_enrollment
  const isRequired = organization.mfa_policy === 'REQUIRED_FOR_ALL'
  const mfaEnrolled = isRequired ? true : chosen === undefined ? null : chosen === 'enroll'
  const makesTotpDefault = input.set_default_mfa === true
  const { member_id: memberId, default_mfa_method: method } = member
  const isEnrolledSo = mfaEnrolled === null || mfaEnrolled === (member.mfa_enrolled === 1)
  // Most sign-ins change nothing of a member.
  if (isEnrolledSo && (method === 'totp' || (method !== '' && !makesTotpDefault))) return member
  return (await queries.updateMemberMfa({ memberId, mfaEnrolled, makesTotpDefault, nowMs })) ?? member
}
