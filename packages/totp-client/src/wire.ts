import { z } from 'zod'
import { customClaims, expirationMinutes, sessionDurationMinutes } from './limits.js'

export {
  customClaims,
  encodeLabel,
  expirationMinutes,
  idPattern,
  labelText,
  sessionDurationMinutes,
} from './limits.js'

/**
 * What a provider's TOTP endpoints say and hear: snake_case, as on the wire. Both ends of this border, the
 * client here and the server in `@kit/totp-server`, read this one file.
 *
 * Sources: the request and answer types of the official `stytch` package 14.2.0 (one `d.ts` file a group
 * under its `types/lib`), and the provider's API reference, https://stytch.com/docs/api/totp-create and
 * https://stytch.com/docs/b2b/api/totp-create with their sisters.
 *
 * Answers: what is not optional must be there with the right type; what is optional may be null or absent;
 * fields that no schema knows are no error. Requests: null counts as absent, unknown fields are ignored, ids
 * are any string, since an external id or a slug is as good as an id and only the server can resolve it.
 */

/** RFC 3339, as `2026-04-25T16:37:09Z`. */
const time = z.iso.datetime({ offset: true })
const list = z.array(z.string())
const json = z.record(z.string(), z.unknown())

// Objects of consumer projects: b2c/users.d.ts, b2c/sessions.d.ts, https://stytch.com/docs/api/user-object

/** One TOTP registration of a user; `verified` once its first code was accepted. */
export const UserTotp = z.object({ totp_id: z.string(), verified: z.boolean() })
export type UserTotp = z.infer<typeof UserTotp>

export const User = z.object({
  user_id: z.string(),
  emails: z.array(z.object({ email_id: z.string(), email: z.string(), verified: z.boolean() })),
  /** `active` or `pending`. */
  status: z.string(),
  phone_numbers: z.array(z.object({ phone_id: z.string(), phone_number: z.string(), verified: z.boolean() })),
  webauthn_registrations: z.array(
    z.object({
      webauthn_registration_id: z.string(),
      domain: z.string(),
      user_agent: z.string(),
      verified: z.boolean(),
      authenticator_type: z.string(),
      name: z.string(),
    }),
  ),
  providers: z.array(
    z.object({
      provider_type: z.string(),
      provider_subject: z.string(),
      profile_picture_url: z.string(),
      locale: z.string(),
      oauth_user_registration_id: z.string(),
    }),
  ),
  totps: z.array(UserTotp),
  crypto_wallets: z.array(
    z.object({
      crypto_wallet_id: z.string(),
      crypto_wallet_address: z.string(),
      crypto_wallet_type: z.string(),
      verified: z.boolean(),
    }),
  ),
  biometric_registrations: z.array(
    z.object({ biometric_registration_id: z.string(), verified: z.boolean() }),
  ),
  is_locked: z.boolean(),
  roles: list,
  name: z
    .object({
      first_name: z.string().nullish(),
      middle_name: z.string().nullish(),
      last_name: z.string().nullish(),
    })
    .nullish(),
  created_at: time.nullish(),
  password: z.object({ password_id: z.string(), requires_reset: z.boolean() }).nullish(),
  trusted_metadata: json.nullish(),
  untrusted_metadata: json.nullish(),
  external_id: z.string().nullish(),
  lock_created_at: time.nullish(),
  lock_expires_at: time.nullish(),
})
export type User = z.infer<typeof User>

/**
 * One factor of a session. `totp` + `authenticator_app` carries `authenticator_app_factor`, `recovery_codes` +
 * `recovery_code` carries `recovery_code_factor`; the other kinds carry an object of their own, not told here.
 */
export const AuthenticationFactor = z.object({
  type: z.string(),
  delivery_method: z.string(),
  last_authenticated_at: time.nullish(),
  created_at: time.nullish(),
  updated_at: time.nullish(),
  /** `PRIMARY` or `SECONDARY`; in the API reference, not in the types. */
  sequence_order: z.string().nullish(),
  authenticator_app_factor: z.object({ totp_id: z.string() }).nullish(),
  recovery_code_factor: z.object({ totp_recovery_code_id: z.string() }).nullish(),
})
export type AuthenticationFactor = z.infer<typeof AuthenticationFactor>

export const Session = z.object({
  session_id: z.string(),
  user_id: z.string(),
  authentication_factors: z.array(AuthenticationFactor),
  roles: list,
  started_at: time.nullish(),
  last_accessed_at: time.nullish(),
  expires_at: time.nullish(),
  attributes: z.object({ ip_address: z.string().nullish(), user_agent: z.string().nullish() }).nullish(),
  custom_claims: json.nullish(),
})
export type Session = z.infer<typeof Session>

// Objects of B2B projects: b2b/organizations.d.ts, b2b/sessions.d.ts,
// https://stytch.com/docs/b2b/api/member-object, …/organization-object, …/session-object

export const Member = z.object({
  organization_id: z.string(),
  member_id: z.string(),
  email_address: z.string(),
  /** `active`, `pending`, `invited` or `deleted`. */
  status: z.string(),
  name: z.string(),
  sso_registrations: z.array(
    z.object({
      connection_id: z.string(),
      external_id: z.string(),
      registration_id: z.string(),
      sso_attributes: json.nullish(),
    }),
  ),
  is_breakglass: z.boolean(),
  member_password_id: z.string(),
  oauth_registrations: z.array(
    z.object({
      provider_type: z.string(),
      provider_subject: z.string(),
      member_oauth_registration_id: z.string(),
      profile_picture_url: z.string().nullish(),
      locale: z.string().nullish(),
    }),
  ),
  email_address_verified: z.boolean(),
  mfa_phone_number_verified: z.boolean(),
  is_admin: z.boolean(),
  /** Of the active registration; empty while there is none or only a pending one. */
  totp_registration_id: z.string(),
  retired_email_addresses: z.array(z.object({ email_id: z.string(), email_address: z.string() })),
  is_locked: z.boolean(),
  mfa_enrolled: z.boolean(),
  mfa_phone_number: z.string(),
  /** `totp`, `sms_otp` or empty. */
  default_mfa_method: z.string(),
  roles: z.array(
    z.object({
      role_id: z.string(),
      sources: z.array(z.object({ type: z.string(), details: json.nullish() })),
    }),
  ),
  trusted_metadata: json.nullish(),
  untrusted_metadata: json.nullish(),
  created_at: time.nullish(),
  updated_at: time.nullish(),
  scim_registration: z.object({ connection_id: z.string(), registration_id: z.string() }).nullish(),
  external_id: z.string().nullish(),
  lock_created_at: time.nullish(),
  lock_expires_at: time.nullish(),
})
export type Member = z.infer<typeof Member>

export const Organization = z.object({
  organization_id: z.string(),
  organization_name: z.string(),
  organization_logo_url: z.string(),
  organization_slug: z.string(),
  sso_jit_provisioning: z.string(),
  sso_jit_provisioning_allowed_connections: list,
  sso_active_connections: z.array(
    z.object({ connection_id: z.string(), display_name: z.string(), identity_provider: z.string() }),
  ),
  email_allowed_domains: list,
  email_jit_provisioning: z.string(),
  email_invites: z.string(),
  auth_methods: z.string(),
  allowed_auth_methods: list,
  /** `OPTIONAL` or `REQUIRED_FOR_ALL`. */
  mfa_policy: z.string(),
  rbac_email_implicit_role_assignments: z.array(z.object({ domain: z.string(), role_id: z.string() })),
  /** `ALL_ALLOWED`, or `RESTRICTED` to `allowed_mfa_methods`. */
  mfa_methods: z.string(),
  allowed_mfa_methods: list,
  oauth_tenant_jit_provisioning: z.string(),
  claimed_email_domains: list,
  first_party_connected_apps_allowed_type: z.string(),
  allowed_first_party_connected_apps: list,
  third_party_connected_apps_allowed_type: z.string(),
  allowed_third_party_connected_apps: list,
  custom_roles: z.array(
    z.object({
      role_id: z.string(),
      description: z.string(),
      permissions: z.array(z.object({ resource_id: z.string(), actions: list })),
    }),
  ),
  trusted_metadata: json.nullish(),
  created_at: time.nullish(),
  updated_at: time.nullish(),
  organization_external_id: z.string().nullish(),
  sso_default_connection_id: z.string().nullish(),
  scim_active_connection: z.object({ connection_id: z.string(), display_name: z.string() }).nullish(),
  /** In real answers, not in the types. */
  scim_active_connections: z
    .array(z.object({ connection_id: z.string(), display_name: z.string() }))
    .nullish(),
  allowed_oauth_tenants: json.nullish(),
})
export type Organization = z.infer<typeof Organization>

export const MemberSession = z.object({
  member_session_id: z.string(),
  member_id: z.string(),
  started_at: time,
  last_accessed_at: time,
  expires_at: time,
  authentication_factors: z.array(AuthenticationFactor),
  organization_id: z.string(),
  roles: list,
  organization_slug: z.string(),
  custom_claims: json.nullish(),
})
export type MemberSession = z.infer<typeof MemberSession>

/** A public key of the project: RSA (`n`, `e`) for RS256, EC (`crv`, `x`, `y`) for ES256. RFC 7517. */
export const Jwk = z.object({
  kty: z.string(),
  use: z.string(),
  key_ops: list.nullish(),
  alg: z.string(),
  kid: z.string(),
  x5c: list.nullish(),
  x5tS256: z.string().nullish(),
  n: z.string().nullish(),
  e: z.string().nullish(),
  crv: z.string().nullish(),
  x: z.string().nullish(),
  y: z.string().nullish(),
})
export type Jwk = z.infer<typeof Jwk>

/** Any answer that is not a success. https://stytch.com/docs/api/errors */
export const WireError = z.object({
  status_code: z.int(),
  request_id: z.string().nullish(),
  error_type: z.string(),
  error_message: z.string().nullish(),
  error_url: z.string().nullish(),
  error_details: json.nullish(),
})
export type WireError = z.infer<typeof WireError>

// Endpoints

/** Every answer repeats its HTTP status and names the request. */
const answer = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object({ request_id: z.string(), status_code: z.int(), ...shape })

/** Official clients in Node send explicit nulls, the others leave such fields out: both mean "not given". */
const withoutNulls = (input: unknown): unknown =>
  typeof input === 'object' && input !== null && Object.values(input).includes(null)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
    : input

/** The inputs of a call, or of an object among them. */
const request = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess(withoutNulls, z.object(shape))

const user = { user_id: z.string() }
const member = { organization_id: z.string(), member_id: z.string() }
const duration = z.int().min(sessionDurationMinutes.min).max(sessionDurationMinutes.max).optional()
const expiration = z.int().min(expirationMinutes.min).max(expirationMinutes.max).optional()
/** The session a call works on; at most one of the two. */
const proof = { session_token: z.string().optional(), session_jwt: z.string().optional() }
/** A member who has only done the first factor yet has an intermediate session instead. */
const memberProof = { ...proof, intermediate_session_token: z.string().optional() }
const session = { session_duration_minutes: duration, session_custom_claims: json.optional() }
const device = z.object({ visitor_id: z.string() })
const telemetry = { telemetry_id: z.string().optional() }

const userSessionTokens = { session_token: z.string(), session_jwt: z.string() }
const memberAnswer = { member_id: z.string(), member: Member, organization: Organization }
/** Tokens are empty and the session null where the call made no session. */
const userLogin = answer({
  user_id: z.string(),
  totp_id: z.string(),
  user: User,
  ...userSessionTokens,
  session: Session.nullish(),
  user_device: device.nullish(),
})
const memberLogin = {
  ...memberAnswer,
  ...userSessionTokens,
  member_session: MemberSession.nullish(),
  member_device: device.nullish(),
}
const memberRecoveryCodes = answer({ ...memberAnswer, recovery_codes: list })
const verdict = z.object({ authorized: z.boolean(), granting_roles: list }).nullish()
const userSession = answer({ session: Session, ...userSessionTokens, user: User, verdict })
const memberSession = answer({
  member_session: MemberSession,
  ...userSessionTokens,
  member: Member,
  organization: Organization,
  verdict,
})
const jwks = { request: request({ project_id: z.string() }), response: answer({ keys: z.array(Jwk) }) }

/** One call: `request` holds all inputs, those in the path too; `response` is the body of a 200. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `{name}` for each input that goes into the path. Other inputs of a GET go into the query. */
  readonly path: `/v1/${string}`
  readonly request: z.ZodType<object>
  readonly response: z.ZodType<{ request_id: string; status_code: number }>
}

/** Every endpoint, by the path of its method on the client. */
export const endpoints = {
  /** Starts a registration for a user. b2c/totps.d.ts, https://stytch.com/docs/api/totp-create */
  'totps.create': {
    method: 'POST',
    path: '/v1/totps',
    request: request({ ...user, expiration_minutes: expiration }),
    response: answer({
      user_id: z.string(),
      totp_id: z.string(),
      /** Base32, upper case, no padding. */
      secret: z.string(),
      /** A data URI of a PNG, for `<img src>`; a space may stand after its comma. */
      qr_code: z.string(),
      recovery_codes: list,
      user: User,
    }),
  },
  /** Judges a code of a user; the first success confirms the registration. https://stytch.com/docs/api/totp-authenticate */
  'totps.authenticate': {
    method: 'POST',
    path: '/v1/totps/authenticate',
    request: request({ ...user, totp_code: z.string(), ...proof, ...session, ...telemetry }),
    response: userLogin,
  },
  /** Spends a recovery code of a user. https://stytch.com/docs/api/totp-recover */
  'totps.recover': {
    method: 'POST',
    path: '/v1/totps/recover',
    request: request({ ...user, recovery_code: z.string(), ...proof, ...session, ...telemetry }),
    response: userLogin,
  },
  /** Lists a user's registrations with their unused recovery codes. https://stytch.com/docs/api/totp-get-recovery-codes */
  'totps.recoveryCodes': {
    method: 'POST',
    path: '/v1/totps/recovery_codes',
    request: request(user),
    response: answer({
      user_id: z.string(),
      totps: z.array(UserTotp.extend({ recovery_codes: list })),
    }),
  },

  /** Starts a registration for a member. b2b/totps.d.ts, https://stytch.com/docs/b2b/api/totp-create */
  'b2b.totps.create': {
    method: 'POST',
    path: '/v1/b2b/totp',
    request: request({ ...member, expiration_minutes: expiration, ...memberProof }),
    response: answer({
      ...memberAnswer,
      totp_registration_id: z.string(),
      secret: z.string(),
      qr_code: z.string(),
      recovery_codes: list,
    }),
  },
  /** Judges a code of a member. https://stytch.com/docs/b2b/api/authenticate-totp */
  'b2b.totps.authenticate': {
    method: 'POST',
    path: '/v1/b2b/totp/authenticate',
    request: request({
      ...member,
      code: z.string(),
      ...memberProof,
      ...session,
      set_mfa_enrollment: z.enum(['enroll', 'unenroll']).optional(),
      set_default_mfa: z.boolean().optional(),
      ...telemetry,
    }),
    response: answer({ ...memberLogin, organization_id: z.string().nullish() }),
  },
  /**
   * Takes over a member's existing secret. https://stytch.com/docs/b2b/api/totp-migrate
   * The types demand `recovery_codes`, the text mints them when absent; both are accepted.
   */
  'b2b.totps.migrate': {
    method: 'POST',
    path: '/v1/b2b/totp/migrate',
    request: request({ ...member, secret: z.string(), recovery_codes: list.optional() }),
    response: answer({
      ...memberAnswer,
      organization_id: z.string().nullish(),
      totp_registration_id: z.string(),
      recovery_codes: list,
    }),
  },
  /** The unused recovery codes of a member. b2b/recovery_codes.d.ts, https://stytch.com/docs/b2b/api/recovery-codes-get */
  'b2b.recoveryCodes.get': {
    method: 'GET',
    path: '/v1/b2b/recovery_codes/{organization_id}/{member_id}',
    request: request(member),
    response: memberRecoveryCodes,
  },
  /** New recovery codes for a member; the old ones are void. https://stytch.com/docs/b2b/api/recovery-codes-rotate */
  'b2b.recoveryCodes.rotate': {
    method: 'POST',
    path: '/v1/b2b/recovery_codes/rotate',
    request: request(member),
    response: memberRecoveryCodes,
  },
  /** Spends a recovery code of a member. https://stytch.com/docs/b2b/api/recovery-codes-recover */
  'b2b.recoveryCodes.recover': {
    method: 'POST',
    path: '/v1/b2b/recovery_codes/recover',
    request: request({ ...member, recovery_code: z.string(), ...memberProof, ...session, ...telemetry }),
    response: answer({ ...memberLogin, recovery_codes_remaining: z.int() }),
  },

  /** Makes a user; an `email` or a `phone_number` is needed. b2c/users.d.ts, https://stytch.com/docs/api/create-user */
  'users.create': {
    method: 'POST',
    path: '/v1/users',
    request: request({
      email: z.string().optional(),
      name: request({
        first_name: z.string().optional(),
        middle_name: z.string().optional(),
        last_name: z.string().optional(),
      }).optional(),
      attributes: request({
        ip_address: z.string().optional(),
        user_agent: z.string().optional(),
      }).optional(),
      phone_number: z.string().optional(),
      create_user_as_pending: z.boolean().optional(),
      trusted_metadata: json.optional(),
      untrusted_metadata: json.optional(),
      external_id: z.string().optional(),
      roles: list.optional(),
    }),
    response: answer({
      user_id: z.string(),
      email_id: z.string(),
      phone_id: z.string(),
      status: z.string(),
      user: User,
    }),
  },
  /** One user, its fields at the top of the answer. https://stytch.com/docs/api/get-user */
  'users.get': {
    method: 'GET',
    path: '/v1/users/{user_id}',
    request: request(user),
    response: answer(User.shape),
  },
  /** Removes a registration, active or pending. https://stytch.com/docs/api/delete-user-totp */
  'users.deleteTotp': {
    method: 'DELETE',
    path: '/v1/users/totps/{totp_id}',
    request: request({ totp_id: z.string() }),
    response: answer({ user_id: z.string(), user: User }),
  },

  /** Makes an organization. b2b/organizations.d.ts, https://stytch.com/docs/b2b/api/create-organization */
  'b2b.organizations.create': {
    method: 'POST',
    path: '/v1/b2b/organizations',
    request: request({
      organization_name: z.string(),
      organization_slug: z.string().optional(),
      organization_logo_url: z.string().optional(),
      trusted_metadata: json.optional(),
      organization_external_id: z.string().optional(),
      sso_jit_provisioning: z.string().optional(),
      email_allowed_domains: list.optional(),
      email_jit_provisioning: z.string().optional(),
      email_invites: z.string().optional(),
      auth_methods: z.string().optional(),
      allowed_auth_methods: list.optional(),
      mfa_policy: z.enum(['OPTIONAL', 'REQUIRED_FOR_ALL']).optional(),
      rbac_email_implicit_role_assignments: z
        .array(z.object({ domain: z.string(), role_id: z.string() }))
        .optional(),
      mfa_methods: z.enum(['ALL_ALLOWED', 'RESTRICTED']).optional(),
      allowed_mfa_methods: z.array(z.enum(['sms_otp', 'totp'])).optional(),
      oauth_tenant_jit_provisioning: z.string().optional(),
      allowed_oauth_tenants: json.optional(),
      claimed_email_domains: list.optional(),
      first_party_connected_apps_allowed_type: z.string().optional(),
      allowed_first_party_connected_apps: list.optional(),
      third_party_connected_apps_allowed_type: z.string().optional(),
      allowed_third_party_connected_apps: list.optional(),
    }),
    response: answer({ organization: Organization }),
  },
  /** One organization. https://stytch.com/docs/b2b/api/get-organization */
  'b2b.organizations.get': {
    method: 'GET',
    path: '/v1/b2b/organizations/{organization_id}',
    request: request({ organization_id: z.string() }),
    response: answer({ organization: Organization }),
  },
  /** Makes a member. b2b/organizations_members.d.ts, https://stytch.com/docs/b2b/api/create-member */
  'b2b.members.create': {
    method: 'POST',
    path: '/v1/b2b/organizations/{organization_id}/members',
    request: request({
      organization_id: z.string(),
      email_address: z.string(),
      name: z.string().optional(),
      trusted_metadata: json.optional(),
      untrusted_metadata: json.optional(),
      create_member_as_pending: z.boolean().optional(),
      is_breakglass: z.boolean().optional(),
      mfa_phone_number: z.string().optional(),
      mfa_enrolled: z.boolean().optional(),
      roles: list.optional(),
      external_id: z.string().optional(),
    }),
    response: answer(memberAnswer),
  },
  /** One member, by `member_id` or `email_address` in the query. https://stytch.com/docs/b2b/api/get-member */
  'b2b.members.get': {
    method: 'GET',
    path: '/v1/b2b/organizations/{organization_id}/member',
    request: request({
      organization_id: z.string(),
      member_id: z.string().optional(),
      email_address: z.string().optional(),
    }),
    response: answer(memberAnswer),
  },
  /** Removes a member's registration. https://stytch.com/docs/b2b/api/delete-member-mfa-totp */
  'b2b.members.deleteTotp': {
    method: 'DELETE',
    path: '/v1/b2b/organizations/{organization_id}/members/{member_id}/totp',
    request: request(member),
    response: answer(memberAnswer),
  },

  /** Reads a session and, with a duration, extends it. b2c/sessions.d.ts, https://stytch.com/docs/api/session-auth */
  'sessions.authenticate': {
    method: 'POST',
    path: '/v1/sessions/authenticate',
    request: request({
      ...proof,
      ...session,
      authorization_check: z.object({ resource_id: z.string(), action: z.string() }).optional(),
    }),
    response: userSession,
  },
  /** Ends a session, by exactly one of the three. https://stytch.com/docs/api/session-revoke */
  'sessions.revoke': {
    method: 'POST',
    path: '/v1/sessions/revoke',
    request: request({ ...proof, session_id: z.string().optional() }),
    response: answer({}),
  },
  /** Public keys of session JWTs. https://stytch.com/docs/api/jwks-get */
  'sessions.jwks': { method: 'GET', path: '/v1/sessions/jwks/{project_id}', ...jwks },
  /** Reads a member's session and, with a duration, extends it. b2b/sessions.d.ts, https://stytch.com/docs/b2b/api/authenticate-session */
  'b2b.sessions.authenticate': {
    method: 'POST',
    path: '/v1/b2b/sessions/authenticate',
    request: request({
      ...proof,
      ...session,
      authorization_check: z
        .object({ organization_id: z.string(), resource_id: z.string(), action: z.string() })
        .optional(),
    }),
    response: memberSession,
  },
  /** Ends one session, or with `member_id` all of a member's. https://stytch.com/docs/b2b/api/revoke-session */
  'b2b.sessions.revoke': {
    method: 'POST',
    path: '/v1/b2b/sessions/revoke',
    request: request({
      ...proof,
      member_session_id: z.string().optional(),
      member_id: z.string().optional(),
    }),
    response: answer({}),
  },
  /** Public keys of members' session JWTs. https://stytch.com/docs/b2b/api/get-jwks */
  'b2b.sessions.jwks': { method: 'GET', path: '/v1/b2b/sessions/jwks/{project_id}', ...jwks },

  /** Additions of `@kit/totp-server`. A 404 here tells that this is the plain wire. */
  'kit.capabilities': {
    method: 'GET',
    path: '/v1/kit/capabilities',
    request: request({}),
    response: answer({
      /** `kit.rotateRecoveryCodes` is there. */
      rotate_consumer: z.boolean(),
      /** `kit.createSession` and `kit.createIntermediateSession` are there. */
      sessions: z.boolean(),
      /** False where recovery codes are kept as hashes only, so that retrieval tells none. */
      reveal_recovery_codes: z.boolean().nullish(),
    }),
  },
  /** A session with a first factor, as a vendor's own sign-in would have made it. */
  'kit.createSession': {
    method: 'POST',
    path: '/v1/kit/sessions',
    // Beside the union: within it, a bad duration would be a fault of the union and not of that field.
    request: z.preprocess(
      withoutNulls,
      z.intersection(
        z.union([z.object(user), z.object(member)]),
        z.object({ session_duration_minutes: duration }),
      ),
    ),
    response: z.union([memberSession, userSession]),
  },
  /** What a member has between the first factor and MFA. */
  'kit.createIntermediateSession': {
    method: 'POST',
    path: '/v1/kit/intermediate_sessions',
    request: request(member),
    response: answer({ ...member, intermediate_session_token: z.string() }),
  },
  /** New recovery codes for a user, which the vendor's wire has for members only. */
  'kit.rotateRecoveryCodes': {
    method: 'POST',
    path: '/v1/kit/totps/recovery_codes/rotate',
    request: request(user),
    response: answer({ ...user, recovery_codes: list }),
  },
} as const satisfies Record<string, Endpoint>

/** Path of a method on the client, as `b2b.totps.create`. */
export type EndpointName = keyof typeof endpoints
/** All inputs of an endpoint, nulls gone: what the client takes and what the server gets. */
export type RequestOf<Name extends EndpointName> = z.output<(typeof endpoints)[Name]['request']>
/** Body of its 200 answer. */
export type ResponseOf<Name extends EndpointName> = z.output<(typeof endpoints)[Name]['response']>

// Errors

/** HTTP status and text of one `error_type`, and how sure they are. */
export interface WireErrorMeaning {
  readonly status: number
  readonly message: string
  /**
   * `documented`: status and text are the provider's own. `suggested`: the name is on the provider's list
   * of error types (https://stytch.com/docs/api/errors), its status or text is ours.
   */
  readonly source: 'documented' | 'suggested'
}

const documented = (status: number, message: string): WireErrorMeaning => ({
  status,
  message,
  source: 'documented',
})
const suggested = (status: number, message: string): WireErrorMeaning => ({
  status,
  message,
  source: 'suggested',
})

/** Every `error_type` that these endpoints can answer with. A client must still expect others. */
export const wireErrors = {
  // The call itself
  bad_request: documented(400, 'The submitted request is invalid.'),
  invalid_project_id_authentication: documented(
    400,
    'The project ID provided in the basic authentication header is invalid. Please check to make sure the format is correct and there are no trailing whitespaces. To create a new project or confirm an existing project ID please visit the Stytch dashboard here: https://stytch.com/dashboard/api-keys',
  ),
  invalid_secret_authentication: suggested(
    400,
    'The secret provided in the basic authentication header is invalid.',
  ),
  unauthorized_credentials: documented(401, 'Unauthorized credentials.'),
  invalid_b2b_endpoint: documented(
    400,
    'The provided project_id is a Consumer project and this endpoint is only enabled for B2B projects. Please go to https://stytch.com/docs/home for the consumer version.',
  ),
  invalid_consumer_endpoint: suggested(400, 'This endpoint is only enabled for consumer projects.'),
  use_https: documented(403, 'Please use https instead of http.'),
  route_not_found: documented(404, 'The route provided is not supported.'),
  method_not_allowed: suggested(405, 'The method is not allowed for this route.'),
  project_not_found: suggested(404, 'Project could not be found.'),
  too_many_requests: documented(429, 'Too many requests have been made.'),
  internal_server_error: documented(
    500,
    'Oops, something seems to have gone wrong, please reach out to support@stytch.com to let us know what went wrong.',
  ),

  // Who
  invalid_user_id: documented(400, 'user_id format is invalid.'),
  user_not_found: documented(404, 'User could not be found.'),
  invalid_organization_id: suggested(400, 'organization_id format is invalid.'),
  organization_not_found: suggested(404, 'Organization could not be found.'),
  member_not_found: suggested(404, 'Member could not be found.'),
  invalid_member_get_fields: suggested(400, 'One of member_id and email_address must be provided.'),
  user_lock_limit_reached: documented(
    429,
    'The user has been locked out due to too many failed authentication attempts. Please try again later.',
  ),
  action_available_only_for_active_members: documented(
    400,
    'You may not attach an MFA factor to a member that is not active.',
  ),

  // TOTP
  active_totp_exists: documented(
    400,
    'Cannot create a new TOTP for the specified user since the user already has an active TOTP. Users may only have one active TOTP at a time.',
  ),
  pending_totp_exists: suggested(400, 'The user already has a pending TOTP.'),
  expired_totp: suggested(401, 'The TOTP has expired, since it was not authenticated in time.'),
  totp_not_found: suggested(404, 'TOTP could not be found.'),
  totps_not_found_for_user: suggested(404, 'No TOTP could be found for the user.'),
  invalid_totp_id: suggested(400, 'totp_id format is invalid.'),
  invalid_totp_code: suggested(400, 'TOTP code format is invalid.'),
  invalid_code: suggested(400, 'Code format is invalid.'),
  unable_to_authenticate_totp: suggested(401, 'The TOTP code could not be authenticated.'),
  totp_code_already_authenticated: suggested(
    401,
    'This TOTP code has already been authenticated. Please attempt with the next generated code.',
  ),
  recovery_code_used_as_totp_code: suggested(400, 'A recovery code was used as a TOTP code.'),
  invalid_expiration: suggested(
    400,
    `expiration_minutes is invalid, should be between ${expirationMinutes.min} to ${expirationMinutes.max} minutes.`,
  ),
  operation_restricted_by_organization_mfa_methods: suggested(
    400,
    'The organization does not allow this MFA method.',
  ),

  // Recovery codes
  invalid_recovery_code: suggested(400, 'Recovery code format is invalid.'),
  totp_code_used_as_recovery_code: suggested(400, 'A TOTP code was used as a recovery code.'),
  unable_to_authenticate_recovery_code: suggested(401, 'The recovery code could not be authenticated.'),
  recovery_codes_not_found: suggested(404, 'Recovery codes could not be found.'),
  recovery_codes_already_exist: suggested(400, 'Recovery codes already exist.'),
  no_active_recovery_code_backed_factor: suggested(
    400,
    'There is no active factor that is backed by recovery codes.',
  ),

  // Sessions
  session_not_found: documented(404, 'Session could not be found.'),
  invalid_session_id: suggested(400, 'session_id format is invalid.'),
  invalid_session_token: suggested(400, 'Session token format is invalid.'),
  unable_to_parse_session_jwt: suggested(400, 'The session JWT could not be parsed.'),
  jwt_invalid_claims: suggested(400, 'The session JWT has invalid claims.'),
  invalid_session_duration_minutes: suggested(
    400,
    `session_duration_minutes is invalid, should be between ${sessionDurationMinutes.min} to ${sessionDurationMinutes.max} minutes.`,
  ),
  invalid_session_duration: suggested(
    400,
    'The submitted session duration exceeds the maximum session duration allowed for this project.',
  ),
  too_many_session_arguments: suggested(400, 'Only one session argument may be provided.'),
  no_session_arguments: suggested(400, 'A session argument must be provided.'),
  no_session_revoke_arguments: suggested(400, 'Something that names the session must be provided.'),
  member_session_member_id_mismatch: suggested(400, 'The session belongs to another member.'),
  intermediate_session_not_found: documented(404, 'Intermediate session could not be found.'),
  invalid_intermediate_session_token_for_organization: suggested(
    400,
    'The intermediate session token is not valid for this organization.',
  ),
  insufficient_factors: suggested(
    401,
    'User must be logged in with multiple categories of factors to call this endpoint.',
  ),
  action_available_only_once_primary_authentication_is_met: documented(
    400,
    'You must complete the primary authentication requirements for an organization before completing an MFA flow.',
  ),
  session_authorization_error: suggested(
    403,
    'The session is not authorized to perform the requested action on the requested resource.',
  ),
  custom_claims_too_large: suggested(400, 'The custom claims exceed four kilobytes.'),
  reserved_claims_in_custom_claims: suggested(400, 'The custom claims contain reserved claims.'),
  stytch_claims_in_custom_claims: suggested(
    400,
    `The custom claims contain claims under ${customClaims.reservedPrefix}.`,
  ),
  unable_to_represent_custom_claims_json: suggested(400, 'The custom claims are not representable as JSON.'),

  // Making users, organizations and members
  invalid_create_user_request: suggested(400, 'An email or a phone_number must be provided.'),
  invalid_email: suggested(400, 'Email format is invalid.'),
  invalid_phone_number: suggested(400, 'phone_number must be in E.164 format, as +15551234567.'),
  duplicate_email: suggested(400, 'A user with this email exists already.'),
  duplicate_user_external_id: suggested(400, 'A user with this external_id exists already.'),
  organization_name_missing: suggested(400, 'organization_name must be provided.'),
  invalid_organization_slug: suggested(400, 'organization_slug format is invalid.'),
  organization_slug_already_used: suggested(
    400,
    'The provided organization_slug is already used in another organization.',
  ),
  duplicate_organization: suggested(
    400,
    'An organization with this organization_external_id exists already.',
  ),
  invalid_organization_mfa_policy: suggested(400, 'mfa_policy must be OPTIONAL or REQUIRED_FOR_ALL.'),
  duplicate_member_email: suggested(400, 'A member with this email address exists already.'),
  duplicate_member_external_id: suggested(400, 'A member with this external_id exists already.'),
} as const satisfies Record<string, WireErrorMeaning>

export type WireErrorType = keyof typeof wireErrors
