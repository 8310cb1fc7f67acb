import { idPattern } from '@kit/totp-client/wire'
import type { Context } from './context.js'
import { isSlug, looksLikeOwnId, newId, spareSlug } from './ids.js'
import { parseList, totpInUse } from './present.js'
import { Refusal } from './refusal.js'
import type { MemberRecord, UserRecord } from './store.js'
import type { MembersTable, OrganizationsTable, TotpsTable, UsersTable } from './tables.js'

/** Whom a call is about. `id` is canonical: every spelling of one person counts as one. */
export type Subject =
  | ({ kind: 'user'; id: string; accountName: string } & UserRecord)
  | ({ kind: 'member'; id: string; accountName: string } & MemberRecord)

export type UserSubject = Extract<Subject, { kind: 'user' }>
export type MemberSubject = Extract<Subject, { kind: 'member' }>

/** Form of external ids: https://stytch.com/docs/api/create-user */
const externalId = /^[A-Za-z0-9._|-]{1,128}$/

export const isExternalId = (text: string): boolean =>
  externalId.test(text) && idPattern.test(text) && !looksLikeOwnId(text)

export const emptyUser = (context: Context): UsersTable => ({
  user_id: newId('user', context.environment),
  project_id: context.projectId,
  external_id: null,
  email: null,
  email_id: newId('email', context.environment),
  phone_number: null,
  phone_id: newId('phone-number', context.environment),
  status: 'active',
  name: '{}',
  roles: '[]',
  trusted_metadata: '{}',
  untrusted_metadata: '{}',
  created_at: context.now(),
})

export const emptyOrganization = (context: Context, name: string, slug: string): OrganizationsTable => ({
  organization_id: newId('organization', context.environment),
  project_id: context.projectId,
  external_id: null,
  slug,
  name,
  mfa_policy: 'OPTIONAL',
  mfa_methods: 'ALL_ALLOWED',
  allowed_mfa_methods: '[]',
  settings: '{}',
  created_at: context.now(),
})

export const emptyMember = (context: Context, organizationId: string): MembersTable => ({
  member_id: newId('member', context.environment),
  organization_id: organizationId,
  external_id: null,
  email_address: null,
  status: 'active',
  name: '',
  mfa_enrolled: 0,
  default_mfa_method: '',
  mfa_phone_number: '',
  is_breakglass: 0,
  roles: '[]',
  trusted_metadata: '{}',
  untrusted_metadata: '{}',
  created_at: context.now(),
  updated_at: context.now(),
})

const asUser = (record: UserRecord): UserSubject => ({
  kind: 'user',
  id: record.user.user_id,
  accountName: record.user.email ?? record.user.external_id ?? record.user.user_id,
  ...record,
})

const asMember = (record: MemberRecord): MemberSubject => ({
  kind: 'member',
  id: record.member.member_id,
  accountName: record.member.email_address ?? record.member.external_id ?? record.member.member_id,
  ...record,
})

/** @throws Refusal `invalid_user_id` or `user_not_found` */
export async function findUser(context: Context, reference: string): Promise<UserSubject> {
  if (!idPattern.test(reference)) throw new Refusal('invalid_user_id')
  const record = await context.store.findUser(context.projectId, reference)
  if (record === null) throw new Refusal('user_not_found')
  return asUser(record)
}

/**
 * As {@link findUser}, with an attempt at their active registration paid for in the same statement. Null where that is
 * not to be had in one: whoever asks finds the user first, then.
 */
export async function findUserWithAttempt(context: Context, reference: string): Promise<UserSubject | null> {
  if (!idPattern.test(reference)) throw new Refusal('invalid_user_id')
  const { attemptLimits, keyring, projectId, store } = context
  // Sealed with the current key, so that nobody is charged for a key that this server lacks.
  const user = { projectId, reference, keyId: keyring.currentKeyId }
  const record = await store.reserveForUser(user, context.now(), attemptLimits)
  return record === null ? null : asUser(record)
}

/** @throws Refusal `invalid_organization_id`, `organization_not_found` or `member_not_found` */
export async function findMember(
  context: Context,
  { organization_id, member_id }: { organization_id: string; member_id: string },
): Promise<MemberSubject> {
  const { store, projectId } = context
  if (!idPattern.test(organization_id)) throw new Refusal('invalid_organization_id')
  const record = await store.findMember(projectId, organization_id, member_id)
  if (record !== null) return asMember(record)
  const organization = await store.findOrganization(projectId, organization_id)
  throw new Refusal(organization === null ? 'organization_not_found' : 'member_not_found')
}

/** The subject as it is now. @throws Refusal where it is gone */
export const rereadSubject = (context: Context, subject: Subject): Promise<Subject> =>
  subject.kind === 'user'
    ? findUser(context, subject.id)
    : findMember(context, {
        organization_id: subject.organization.organization_id,
        member_id: subject.id,
      })

/** As {@link findUser}; with AUTO_PROVISION somebody new is made, whose external id is the one given. */
export async function provideUser(context: Context, reference: string): Promise<UserSubject> {
  if (context.autoProvision && isExternalId(reference)) {
    const { store, projectId } = context
    if ((await store.findUser(projectId, reference)) === null) {
      await store.insertUser({ ...emptyUser(context), external_id: reference })
    }
  }
  return findUser(context, reference)
}

/** As {@link findMember}; with AUTO_PROVISION what is missing of organization and member is made. */
export async function provideMember(
  context: Context,
  ids: { organization_id: string; member_id: string },
): Promise<MemberSubject> {
  const { store, projectId } = context
  const { organization_id: organization, member_id: member } = ids
  if (context.autoProvision && isExternalId(member)) {
    let found = await store.findOrganization(projectId, organization)
    if (found === null && isExternalId(organization)) {
      // The id given is the only name there is. In lower case it may be that of another one.
      const slug = isSlug(organization) ? organization : spareSlug()
      const made = emptyOrganization(context, organization, slug)
      await store.insertOrganization({ ...made, external_id: organization })
      found = await store.findOrganization(projectId, organization)
    }
    if (found !== null && (await store.findMember(projectId, found.organization_id, member)) === null) {
      await store.insertMember({ ...emptyMember(context, found.organization_id), external_id: member })
    }
  }
  return findMember(context, ids)
}

/** The subject as it is after a call that left it this one registration, pending or in use. */
export const withTotp = <Of extends Subject>(subject: Of, totp: TotpsTable): Of => ({
  ...subject,
  totps: [totp],
})

/** The registration that recovery codes belong to. @throws Refusal `no_active_recovery_code_backed_factor` */
export function requireTotpInUse(subject: Subject): TotpsTable {
  const totp = totpInUse(subject.totps)
  if (totp === undefined) throw new Refusal('no_active_recovery_code_backed_factor')
  return totp
}

/**
 * Whether an organization's policy allows its members authenticator apps; it does not apply to a break-glass member:
 * https://stytch.com/docs/b2b/api/organization-object
 */
export const isTotpAllowed = (
  { mfa_methods, allowed_mfa_methods }: OrganizationsTable,
  member?: MembersTable,
): boolean =>
  member?.is_breakglass === 1 ||
  mfa_methods !== 'RESTRICTED' ||
  parseList(allowed_mfa_methods).includes('totp')

/** @throws Refusal where {@link isTotpAllowed} says no */
export function requireTotpAllowed({ organization, member }: MemberSubject): void {
  if (!isTotpAllowed(organization, member)) {
    throw new Refusal('operation_restricted_by_organization_mfa_methods')
  }
}
