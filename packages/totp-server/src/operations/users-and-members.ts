import { factorsOf, memberFields, userFields } from '../answer.js'
import { isSlug, spareSlug } from '../ids.js'
import type { Operations } from '../operation.js'
import { presentMember, presentOrganization, presentUser, totpInUse } from '../present.js'
import { Refusal } from '../refusal.js'
import { findProof, requireSession } from '../session.js'
import { emptyMember, emptyOrganization, emptyUser, findMember, findUser, isExternalId } from '../subjects.js'

const email = /^[^\s@]{1,200}@[^\s@.]+(\.[^\s@.]+)*$/

/** RFC 5321 section 4.5.3.1.3: 256, and two of them are the brackets around it. An index takes no text of any length. */
const maxEmailLength = 254

const isEmail = (text: string) => text.length <= maxEmailLength && email.test(text)

/** E.164: https://stytch.com/docs/api/create-user */
const phoneNumber = /^\+[1-9]\d{0,14}$/

const totpId = /^(member-)?totp-(test|live)-[A-Za-z0-9-]{1,64}$/

const json = (value: unknown, preset: object) => JSON.stringify(value ?? preset)

function checkExternalId(externalId: string | undefined): string | null {
  if (externalId !== undefined && !isExternalId(externalId)) {
    throw new Refusal('bad_request', {
      message:
        'The submitted request is invalid: an external id has 1 to 128 of A-Z a-z 0-9 . _ | - and does not look like an id of this project.',
    })
  }
  return externalId ?? null
}

export const usersAndMembers: Operations<
  | 'users.create'
  | 'users.get'
  | 'users.deleteTotp'
  | 'b2b.organizations.create'
  | 'b2b.organizations.get'
  | 'b2b.members.create'
  | 'b2b.members.get'
  | 'b2b.members.deleteTotp'
> = {
  async 'users.create'(context, input) {
    if (input.email === undefined && input.phone_number === undefined) {
      throw new Refusal('invalid_create_user_request')
    }
    if (input.email !== undefined && !isEmail(input.email)) throw new Refusal('invalid_email')
    if (input.phone_number !== undefined && !phoneNumber.test(input.phone_number)) {
      throw new Refusal('invalid_phone_number')
    }
    const user = {
      ...emptyUser(context),
      external_id: checkExternalId(input.external_id),
      email: input.email?.toLowerCase() ?? null,
      phone_number: input.phone_number ?? null,
      status: input.create_user_as_pending ? 'pending' : 'active',
      name: json(input.name, {}),
      roles: json(input.roles, []),
      trusted_metadata: json(input.trusted_metadata, {}),
      untrusted_metadata: json(input.untrusted_metadata, {}),
    }
    if (!(await context.store.insertUser(user))) {
      const { external_id } = user
      const holder =
        external_id === null ? null : await context.store.findUser(context.projectId, external_id)
      throw new Refusal(holder === null ? 'duplicate_email' : 'duplicate_user_external_id')
    }
    return {
      user_id: user.user_id,
      email_id: user.email === null ? '' : user.email_id,
      phone_id: user.phone_number === null ? '' : user.phone_id,
      status: user.status,
      user: presentUser(user, factorsOf(context, { totps: [] })),
    }
  },

  async 'users.get'(context, { user_id }) {
    return userFields(context, await findUser(context, user_id)).user
  },

  async 'users.deleteTotp'(context, { totp_id }) {
    if (!totpId.test(totp_id)) throw new Refusal('invalid_totp_id')
    const subjectId = await context.store.findTotpSubject(context.projectId, totp_id)
    const record = subjectId === null ? null : await context.store.findUser(context.projectId, subjectId)
    if (subjectId === null || record === null || !(await context.store.deleteTotp(subjectId, totp_id))) {
      throw new Refusal('totp_not_found')
    }
    return userFields(context, await findUser(context, subjectId))
  },

  async 'b2b.organizations.create'(context, input) {
    const {
      organization_name: name,
      organization_slug: givenSlug,
      organization_external_id,
      mfa_policy = 'OPTIONAL',
      mfa_methods = 'ALL_ALLOWED',
      allowed_mfa_methods = [],
      ...settings
    } = input
    if (name === '') throw new Refusal('organization_name_missing')
    if (givenSlug !== undefined && !isSlug(givenSlug)) throw new Refusal('invalid_organization_slug')
    const slugOfName = name.toLowerCase().replace(/[^a-z0-9._~]+/g, '-')
    // Of a name in other letters nothing is left, and what is left may be another one's.
    const slugs = givenSlug === undefined ? [slugOfName, spareSlug()] : [givenSlug]
    const unnamed = {
      ...emptyOrganization(context, name, ''),
      external_id: checkExternalId(organization_external_id),
      mfa_policy,
      mfa_methods,
      allowed_mfa_methods: JSON.stringify(allowed_mfa_methods),
      settings: JSON.stringify(settings),
    }
    const { projectId, store } = context
    for (const usable of slugs.filter(isSlug)) {
      const organization = { ...unnamed, slug: usable }
      if (await store.insertOrganization(organization)) {
        return { organization: presentOrganization(organization) }
      }
    }
    const { external_id } = unnamed
    const holder = external_id === null ? null : await store.findOrganization(projectId, external_id)
    throw new Refusal(holder === null ? 'organization_slug_already_used' : 'duplicate_organization')
  },

  async 'b2b.organizations.get'(context, { organization_id }) {
    const organization = await context.store.findOrganization(context.projectId, organization_id)
    if (organization === null) throw new Refusal('organization_not_found')
    return { organization: presentOrganization(organization) }
  },

  async 'b2b.members.create'(context, input, { onBehalfOf }) {
    if (onBehalfOf !== null) {
      await requireSession(context, onBehalfOf, 'member')
      // There are no roles here that could let a member make another one.
      throw new Refusal('session_authorization_error')
    }
    const organization = await context.store.findOrganization(context.projectId, input.organization_id)
    if (organization === null) throw new Refusal('organization_not_found')
    if (!isEmail(input.email_address)) throw new Refusal('invalid_email')
    const member = {
      ...emptyMember(context, organization.organization_id),
      external_id: checkExternalId(input.external_id),
      email_address: input.email_address.toLowerCase(),
      status: input.create_member_as_pending ? 'pending' : 'active',
      name: input.name ?? '',
      mfa_enrolled: input.mfa_enrolled ? 1 : 0,
      mfa_phone_number: input.mfa_phone_number ?? '',
      is_breakglass: input.is_breakglass ? 1 : 0,
      roles: json(input.roles, []),
      trusted_metadata: json(input.trusted_metadata, {}),
      untrusted_metadata: json(input.untrusted_metadata, {}),
    }
    if (!(await context.store.insertMember(member))) {
      const { organization_id, email_address } = member
      const holder = await context.store.findMemberByEmail(organization_id, email_address)
      throw new Refusal(holder === null ? 'duplicate_member_external_id' : 'duplicate_member_email')
    }
    return {
      member_id: member.member_id,
      member: presentMember(member, factorsOf(context, { totps: [] })),
      organization: presentOrganization(organization),
    }
  },

  async 'b2b.members.get'(context, { organization_id, member_id, email_address }) {
    if (member_id !== undefined) {
      return memberFields(context, await findMember(context, { organization_id, member_id }))
    }
    if (email_address === undefined) throw new Refusal('invalid_member_get_fields')
    const organization = await context.store.findOrganization(context.projectId, organization_id)
    if (organization === null) throw new Refusal('organization_not_found')
    const address = email_address.toLowerCase()
    const found = await context.store.findMemberByEmail(organization.organization_id, address)
    if (found === null) throw new Refusal('member_not_found')
    return memberFields(context, await findMember(context, found))
  },

  async 'b2b.members.deleteTotp'(context, input, { onBehalfOf }) {
    const subject = await findMember(context, input)
    if (onBehalfOf !== null) await findProof(context, subject, onBehalfOf)
    const totp = totpInUse(subject.totps) ?? subject.totps[0]
    if (totp === undefined) throw new Refusal('totp_not_found')
    // As one change: the default method of whoever registers again right behind it stays.
    await context.store.transaction(async (queries) => {
      if (!(await queries.deleteTotp(subject.id, totp.totp_id))) throw new Refusal('totp_not_found')
      await queries.clearTotpDefault(subject.id, context.now())
    })
    return memberFields(context, await findMember(context, input))
  },
}
