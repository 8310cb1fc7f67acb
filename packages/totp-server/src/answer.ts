import type { Context } from './context.js'
import { type Factors, presentMember, presentOrganization, presentUser } from './present.js'
import type { MemberSubject, Subject, UserSubject } from './subjects.js'

export const factorsOf = (context: Context, { totps }: Pick<Subject, 'totps'>): Factors => ({
  totps,
  limits: context.attemptLimits,
  nowMs: context.now(),
})

/** The fields that consumer answers begin with. */
export const userFields = (context: Context, subject: UserSubject) => ({
  user_id: subject.id,
  user: presentUser(subject.user, factorsOf(context, subject)),
})

/** The fields that B2B answers begin with. */
export const memberFields = (context: Context, subject: MemberSubject) => ({
  member_id: subject.id,
  member: presentMember(subject.member, factorsOf(context, subject)),
  organization: presentOrganization(subject.organization),
})
