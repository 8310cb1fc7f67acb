import type {
  AuthenticationFactor,
  EndpointName,
  Member,
  MemberSession,
  Organization,
  RequestOf,
  ResponseOf,
  Session,
  User,
} from '../src/wire.js'

// One whole answer and one smallest request for each endpoint, every optional field of the objects filled.

const at = '2026-04-25T16:37:09Z'
const uuid = '16d9ba61-97a1-4ba4-9720-b03761dc50c6'
const envelope = { request_id: `request-id-test-${uuid}`, status_code: 200 }
const recovery_codes = ['ckss-2skx-ebow', '22o0-e6e9-plwt']

const ids = {
  user_id: `user-test-${uuid}`,
  totp_id: `totp-test-${uuid}`,
  organization_id: `organization-test-${uuid}`,
  member_id: `member-test-${uuid}`,
  totp_registration_id: `member-totp-test-${uuid}`,
}
const { user_id, totp_id, organization_id, member_id, totp_registration_id } = ids

const user: User = {
  user_id,
  emails: [{ email_id: `email-test-${uuid}`, email: 'ada@example.com', verified: true }],
  status: 'active',
  phone_numbers: [{ phone_id: `phone-number-test-${uuid}`, phone_number: '+10000000000', verified: false }],
  webauthn_registrations: [
    {
      webauthn_registration_id: `webauthn-registration-test-${uuid}`,
      domain: 'example.com',
      user_agent: '',
      verified: true,
      authenticator_type: '',
      name: '',
    },
  ],
  providers: [
    {
      provider_type: 'Google',
      provider_subject: '1',
      profile_picture_url: '',
      locale: 'en',
      oauth_user_registration_id: `oauth-user-test-${uuid}`,
    },
  ],
  totps: [{ totp_id, verified: true }],
  crypto_wallets: [
    {
      crypto_wallet_id: `crypto-wallet-test-${uuid}`,
      crypto_wallet_address: '0x0',
      crypto_wallet_type: 'ethereum',
      verified: true,
    },
  ],
  biometric_registrations: [
    { biometric_registration_id: `biometric-registration-test-${uuid}`, verified: true },
  ],
  is_locked: false,
  roles: ['stytch_user'],
  name: { first_name: 'Ada', middle_name: '', last_name: 'Lovelace' },
  created_at: at,
  password: { password_id: `password-test-${uuid}`, requires_reset: false },
  trusted_metadata: { plan: 'free' },
  untrusted_metadata: {},
  external_id: 'ada',
  lock_created_at: null,
  lock_expires_at: null,
}

const factors: AuthenticationFactor[] = [
  {
    type: 'totp',
    delivery_method: 'authenticator_app',
    last_authenticated_at: at,
    created_at: at,
    updated_at: at,
    sequence_order: 'SECONDARY',
    authenticator_app_factor: { totp_id },
  },
  {
    type: 'recovery_codes',
    delivery_method: 'recovery_code',
    last_authenticated_at: at,
    recovery_code_factor: { totp_recovery_code_id: `totp-recovery-code-test-${uuid}` },
  },
]

const session: Session = {
  session_id: `session-test-${uuid}`,
  user_id,
  authentication_factors: factors,
  roles: ['stytch_user'],
  started_at: at,
  last_accessed_at: at,
  expires_at: at,
  attributes: { ip_address: '203.0.113.1', user_agent: 'test' },
  custom_claims: { tier: 1 },
}

const member: Member = {
  organization_id,
  member_id,
  email_address: 'ada@example.com',
  status: 'active',
  name: 'Ada',
  sso_registrations: [
    { connection_id: 'saml-connection-test', external_id: 'ada', registration_id: 'saml-registration-test' },
  ],
  is_breakglass: false,
  member_password_id: '',
  oauth_registrations: [
    { provider_type: 'Google', provider_subject: '1', member_oauth_registration_id: 'oauth-member-test' },
  ],
  email_address_verified: true,
  mfa_phone_number_verified: false,
  is_admin: false,
  totp_registration_id,
  retired_email_addresses: [{ email_id: `email-test-${uuid}`, email_address: 'a@example.com' }],
  is_locked: false,
  mfa_enrolled: true,
  mfa_phone_number: '',
  default_mfa_method: 'totp',
  roles: [{ role_id: 'stytch_member', sources: [{ type: 'direct_assignment', details: {} }] }],
  trusted_metadata: {},
  untrusted_metadata: {},
  created_at: at,
  updated_at: at,
  scim_registration: { connection_id: 'scim-connection-test', registration_id: 'scim-registration-test' },
  external_id: null,
  lock_created_at: null,
  lock_expires_at: null,
}

const organization: Organization = {
  organization_id,
  organization_name: 'Acme',
  organization_logo_url: '',
  organization_slug: 'acme',
  sso_jit_provisioning: 'ALL_ALLOWED',
  sso_jit_provisioning_allowed_connections: [],
  sso_active_connections: [{ connection_id: 'c', display_name: 'C', identity_provider: 'okta' }],
  email_allowed_domains: ['example.com'],
  email_jit_provisioning: 'NOT_ALLOWED',
  email_invites: 'ALL_ALLOWED',
  auth_methods: 'ALL_ALLOWED',
  allowed_auth_methods: [],
  mfa_policy: 'OPTIONAL',
  rbac_email_implicit_role_assignments: [{ domain: 'example.com', role_id: 'editor' }],
  mfa_methods: 'ALL_ALLOWED',
  allowed_mfa_methods: [],
  oauth_tenant_jit_provisioning: 'NOT_ALLOWED',
  claimed_email_domains: [],
  first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_first_party_connected_apps: [],
  third_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_third_party_connected_apps: [],
  custom_roles: [{ role_id: 'r', description: '', permissions: [{ resource_id: 'd', actions: ['read'] }] }],
  trusted_metadata: {},
  created_at: at,
  updated_at: at,
  organization_external_id: null,
  sso_default_connection_id: null,
  scim_active_connection: { connection_id: 's', display_name: 'S' },
  scim_active_connections: [{ connection_id: 's', display_name: 'S' }],
  allowed_oauth_tenants: {},
}

const member_session: MemberSession = {
  member_session_id: `session-test-${uuid}`,
  member_id,
  started_at: at,
  last_accessed_at: at,
  expires_at: at,
  authentication_factors: factors,
  organization_id,
  roles: ['stytch_member'],
  organization_slug: 'acme',
  custom_claims: {},
}

const tokens = { session_token: 'mZAYn5aLEqKUlZ', session_jwt: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln' }
const verdict = { authorized: true, granting_roles: ['editor'] }
const device = { visitor_id: 'visitor-test' }
const secret = 'BTGNX5RKJRMQWQFRQKTG34JCF6XDRHZS'
const qr_code = 'data:image/png;base64, iVBORw0KGgo='
const about = { ...envelope, member_id, member, organization }
const userLogin = { ...envelope, user_id, totp_id, user, ...tokens, session, user_device: device }
const memberLogin = { ...about, ...tokens, member_session, member_device: device }
const userSession = { ...envelope, session, ...tokens, user, verdict }
const memberSession = { ...envelope, member_session, ...tokens, member, organization, verdict }
const keys = [
  {
    kty: 'RSA',
    use: 'sig',
    key_ops: ['verify'],
    alg: 'RS256',
    kid: 'jwk-test',
    x5c: ['MIIC'],
    x5tS256: 'AQAB',
    n: 'AQAB',
    e: 'AQAB',
  },
  { kty: 'EC', use: 'sig', alg: 'ES256', kid: 'jwk-test-2', crv: 'P-256', x: 'AQAB', y: 'AQAB' },
]

export const answers: { readonly [Name in EndpointName]: ResponseOf<Name> } = {
  'totps.create': { ...envelope, user_id, totp_id, secret, qr_code, recovery_codes, user },
  'totps.authenticate': userLogin,
  'totps.recover': userLogin,
  'totps.recoveryCodes': { ...envelope, user_id, totps: [{ totp_id, verified: true, recovery_codes }] },
  'b2b.totps.create': { ...about, totp_registration_id, secret, qr_code, recovery_codes },
  'b2b.totps.authenticate': { ...memberLogin, organization_id },
  'b2b.totps.migrate': { ...about, organization_id, totp_registration_id, recovery_codes },
  'b2b.recoveryCodes.get': { ...about, recovery_codes },
  'b2b.recoveryCodes.rotate': { ...about, recovery_codes },
  'b2b.recoveryCodes.recover': { ...memberLogin, recovery_codes_remaining: 9 },
  'users.create': {
    ...envelope,
    user_id,
    email_id: `email-test-${uuid}`,
    phone_id: '',
    status: 'active',
    user,
  },
  'users.get': { ...envelope, ...user },
  'users.deleteTotp': { ...envelope, user_id, user },
  'b2b.organizations.create': { ...envelope, organization },
  'b2b.organizations.get': { ...envelope, organization },
  'b2b.members.create': about,
  'b2b.members.get': about,
  'b2b.members.deleteTotp': about,
  'sessions.authenticate': userSession,
  'sessions.revoke': envelope,
  'sessions.jwks': { ...envelope, keys },
  'b2b.sessions.authenticate': memberSession,
  'b2b.sessions.revoke': envelope,
  'b2b.sessions.jwks': { ...envelope, keys },
  'kit.capabilities': { ...envelope, rotate_consumer: true, sessions: true, reveal_recovery_codes: true },
  'kit.createSession': memberSession,
  'kit.createIntermediateSession': {
    ...envelope,
    member_id,
    organization_id,
    intermediate_session_token: 'SeiGwdj5lKkrEVgcEY3QNJXt6srxS3IK2Nwkar6mXD4=',
  },
  'kit.rotateRecoveryCodes': { ...envelope, user_id, recovery_codes },
}

const who = { organization_id, member_id }

export const requests: { readonly [Name in EndpointName]: RequestOf<Name> } = {
  'totps.create': { user_id },
  'totps.authenticate': { user_id, totp_code: '123456' },
  'totps.recover': { user_id, recovery_code: 'ckss-2skx-ebow' },
  'totps.recoveryCodes': { user_id },
  'b2b.totps.create': who,
  'b2b.totps.authenticate': { ...who, code: '123456' },
  'b2b.totps.migrate': { ...who, secret },
  'b2b.recoveryCodes.get': who,
  'b2b.recoveryCodes.rotate': who,
  'b2b.recoveryCodes.recover': { ...who, recovery_code: 'ckss-2skx-ebow' },
  'users.create': {},
  'users.get': { user_id },
  'users.deleteTotp': { totp_id },
  'b2b.organizations.create': { organization_name: 'Acme' },
  'b2b.organizations.get': { organization_id },
  'b2b.members.create': { organization_id, email_address: 'ada@example.com' },
  'b2b.members.get': { organization_id },
  'b2b.members.deleteTotp': who,
  'sessions.authenticate': {},
  'sessions.revoke': {},
  'sessions.jwks': { project_id: 'project-test-1' },
  'b2b.sessions.authenticate': {},
  'b2b.sessions.revoke': {},
  'b2b.sessions.jwks': { project_id: 'project-test-1' },
  'kit.capabilities': {},
  'kit.createSession': { user_id, session_duration_minutes: 60 },
  'kit.createIntermediateSession': who,
  'kit.rotateRecoveryCodes': { user_id },
}
