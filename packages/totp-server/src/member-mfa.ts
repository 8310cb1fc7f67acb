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
  const wasEnrolled = member.mfa_enrolled === 1
  const mfaEnrolled = isRequired || (chosen === undefined ? wasEnrolled : chosen === 'enroll')
  const becomesDefault = input.set_default_mfa === true || member.default_mfa_method === ''
  const defaultMfaMethod = becomesDefault ? 'totp' : member.default_mfa_method
  if (mfaEnrolled === wasEnrolled && defaultMfaMethod === member.default_mfa_method) return member
  await queries.updateMemberMfa({ memberId: member.member_id, mfaEnrolled, defaultMfaMethod, nowMs })
  return {
    ...member,
    mfa_enrolled: mfaEnrolled ? 1 : 0,
    default_mfa_method: defaultMfaMethod,
    updated_at: nowMs,
  }
}
