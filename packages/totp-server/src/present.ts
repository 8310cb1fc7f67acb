import type {
  AuthenticationFactor,
  Member,
  MemberSession,
  Organization,
  Session,
  User,
} from '@kit/totp-client/wire'
import { lockOf } from './lock.js'
import type { AttemptLimits } from './store.js'
import type { MembersTable, OrganizationsTable, SessionsTable, TotpsTable, UsersTable } from './tables.js'

// Rows become the wire's objects here, with the empty value of each field that this server does not keep.

/** `2026-04-25T16:37:09Z` */
export const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** What of a subject's registrations an answer tells. */
export interface Factors {
  readonly totps: readonly TotpsTable[]
  readonly limits: AttemptLimits
  readonly nowMs: number
}

export const parseList = (json: string): string[] => {
  const list: unknown = JSON.parse(json)
  return Array.isArray(list) ? list.map(String) : []
}

export const parseObject = (json: string): Record<string, unknown> => ({ ...Object(JSON.parse(json)) })

/** Written by this server alone, in the wire's own shape. */
export const parseFactors = (json: string): AuthenticationFactor[] => JSON.parse(json)

/** In use: active, or disabled by too many wrong codes. */
export const totpInUse = (totps: readonly TotpsTable[]): TotpsTable | undefined =>
  totps.find(({ status }) => status !== 'pending')

/** Waiting for its first code, and not expired. */
export const pendingTotp = (totps: readonly TotpsTable[], nowMs: number): TotpsTable | undefined =>
  totps.find(({ status, expires_at }) => status === 'pending' && expires_at !== null && expires_at > nowMs)

/** Registrations as consumer answers list them. */
export const listedTotps = ({ totps, nowMs }: Factors): TotpsTable[] =>
  [totpInUse(totps), pendingTotp(totps, nowMs)].flatMap((totp) => (totp === undefined ? [] : [totp]))

function lockFields({ totps, limits, nowMs }: Factors) {
  const totp = totpInUse(totps) ?? pendingTotp(totps, nowMs)
  const lock = totp === undefined ? null : lockOf(totp, limits, nowMs)
  return {
    is_locked: lock !== null,
    lock_created_at: totp === undefined || lock === null ? null : time(totp.fail_level_at),
    lock_expires_at: lock === null || lock.untilMs === null ? null : time(lock.untilMs),
  }
}

export function presentUser(row: UsersTable, factors: Factors): User {
  const { email, email_id, phone_number, phone_id } = row
  return {
    user_id: row.user_id,
    emails: email === null ? [] : [{ email_id, email, verified: false }],
    status: row.status,
    phone_numbers: phone_number === null ? [] : [{ phone_id, phone_number, verified: false }],
    webauthn_registrations: [],
    providers: [],
    totps: listedTotps(factors).map(({ totp_id, status }) => ({ totp_id, verified: status !== 'pending' })),
    crypto_wallets: [],
    biometric_registrations: [],
    roles: parseList(row.roles),
    name: { first_name: '', middle_name: '', last_name: '', ...parseObject(row.name) },
    created_at: time(row.created_at),
    password: null,
    trusted_metadata: parseObject(row.trusted_metadata),
    untrusted_metadata: parseObject(row.untrusted_metadata),
    external_id: row.external_id,
    ...lockFields(factors),
  }
}

export function presentMember(row: MembersTable, factors: Factors): Member {
  return {
    organization_id: row.organization_id,
    member_id: row.member_id,
    email_address: row.email_address ?? '',
    status: row.status,
    name: row.name,
    sso_registrations: [],
    is_breakglass: row.is_breakglass === 1,
    member_password_id: '',
    oauth_registrations: [],
    email_address_verified: false,
    mfa_phone_number_verified: false,
    is_admin: parseList(row.roles).includes('stytch_admin'),
    totp_registration_id: totpInUse(factors.totps)?.totp_id ?? '',
    retired_email_addresses: [],
    mfa_enrolled: row.mfa_enrolled === 1,
    mfa_phone_number: row.mfa_phone_number,
    default_mfa_method: row.default_mfa_method,
    roles: parseList(row.roles).map((role_id) => ({
      role_id,
      sources: [{ type: 'direct_assignment', details: {} }],
    })),
    trusted_metadata: parseObject(row.trusted_metadata),
    untrusted_metadata: parseObject(row.untrusted_metadata),
    created_at: time(row.created_at),
    updated_at: time(row.updated_at),
    scim_registration: null,
    external_id: row.external_id,
    ...lockFields(factors),
  }
}

/** Settings of an organization that nobody set. */
const organizationDefaults = {
  organization_logo_url: '',
  sso_jit_provisioning: 'ALL_ALLOWED',
  sso_jit_provisioning_allowed_connections: [],
  email_allowed_domains: [],
  email_jit_provisioning: 'NOT_ALLOWED',
  email_invites: 'ALL_ALLOWED',
  auth_methods: 'ALL_ALLOWED',
  allowed_auth_methods: [],
  rbac_email_implicit_role_assignments: [],
  oauth_tenant_jit_provisioning: 'NOT_ALLOWED',
  allowed_oauth_tenants: {},
  claimed_email_domains: [],
  first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_first_party_connected_apps: [],
  third_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_third_party_connected_apps: [],
  trusted_metadata: {},
}

export function presentOrganization(row: OrganizationsTable): Organization {
  return {
    ...organizationDefaults,
    ...parseObject(row.settings),
    organization_id: row.organization_id,
    organization_name: row.name,
    organization_slug: row.slug,
    organization_external_id: row.external_id,
    mfa_policy: row.mfa_policy,
    mfa_methods: row.mfa_methods,
    allowed_mfa_methods: parseList(row.allowed_mfa_methods),
    custom_roles: [],
    sso_active_connections: [],
    sso_default_connection_id: null,
    scim_active_connection: null,
    scim_active_connections: [],
    created_at: time(row.created_at),
    updated_at: time(row.created_at),
  }
}

const sessionTimes = (row: SessionsTable) => ({
  started_at: time(row.started_at),
  last_accessed_at: time(row.last_accessed_at),
  expires_at: time(row.expires_at),
})

export const presentSession = (row: SessionsTable): Session => ({
  session_id: row.session_id,
  user_id: row.subject_id,
  authentication_factors: parseFactors(row.factors),
  roles: [],
  attributes: { ip_address: '', user_agent: '' },
  custom_claims: parseObject(row.custom_claims),
  ...sessionTimes(row),
})

export const presentMemberSession = (
  row: SessionsTable,
  organization: OrganizationsTable,
): MemberSession => ({
  member_session_id: row.session_id,
  member_id: row.subject_id,
  authentication_factors: parseFactors(row.factors),
  organization_id: organization.organization_id,
  organization_slug: organization.slug,
  roles: [],
  custom_claims: parseObject(row.custom_claims),
  ...sessionTimes(row),
})

/** Whether MFA was done in a session, by this registration or a recovery code of it. */
export const hasFactor = (row: SessionsTable, totpId: string): boolean =>
  parseFactors(row.factors).some(
    ({ type, authenticator_app_factor }) =>
      type === 'recovery_codes' || authenticator_app_factor?.totp_id === totpId,
  )
