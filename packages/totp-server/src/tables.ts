/** Columns as both engines keep them: times are whole milliseconds since 1970, flags 0 or 1, lists and objects JSON text. */

export interface UsersTable {
  user_id: string
  project_id: string
  external_id: string | null
  email: string | null
  email_id: string
  phone_number: string | null
  phone_id: string
  /** `active` or `pending`. */
  status: string
  name: string
  roles: string
  trusted_metadata: string
  untrusted_metadata: string
  created_at: number
}

export interface OrganizationsTable {
  organization_id: string
  project_id: string
  external_id: string | null
  slug: string
  name: string
  mfa_policy: string
  mfa_methods: string
  allowed_mfa_methods: string
  /** The settings that this server only repeats, as an object of the wire's field names. */
  settings: string
  created_at: number
}

export interface MembersTable {
  member_id: string
  organization_id: string
  external_id: string | null
  email_address: string | null
  /** `active` or `pending`. */
  status: string
  name: string
  mfa_enrolled: number
  default_mfa_method: string
  mfa_phone_number: string
  is_breakglass: number
  roles: string
  trusted_metadata: string
  untrusted_metadata: string
  created_at: number
  updated_at: number
}

export type TotpStatus = 'pending' | 'active' | 'disabled'

export interface TotpsTable {
  totp_id: string
  project_id: string
  /** A `user_id` or a `member_id`. */
  subject_id: string
  status: TotpStatus
  sealed_secret: Uint8Array
  key_id: string
  algorithm: 'SHA1' | 'SHA256' | 'SHA512'
  digits: number
  period_seconds: number
  /** The greatest time step accepted so far; -1 before the first. */
  last_step: number
  consecutive_failures: number
  /** Leaky count of attempts as of `fail_level_at`; a fraction. */
  fail_level: number
  fail_level_at: number
  locked_until: number | null
  /** Of a pending registration only. */
  expires_at: number | null
  created_at: number
}

export interface RecoveryCodesTable {
  recovery_code_id: string
  totp_id: string
  subject_id: string
  code_hash: string
  /** The encryption key whose pepper is in the hash, and that sealed the code. */
  key_id: string
  /** Null where codes are kept as hashes only. */
  sealed_code: Uint8Array | null
  place: number
  used_at: number | null
}

export interface RecoveryBudgetsTable {
  subject_id: string
  window_started_at: number
  window_attempts: number
  consecutive_failures: number
  locked_until: number | null
}

export interface SessionsTable {
  session_id: string
  project_id: string
  kind: 'user' | 'member'
  subject_id: string
  organization_id: string | null
  token_hash: string
  /** The token itself, since a call that comes with the JWT is answered with the token too. */
  sealed_token: Uint8Array
  key_id: string
  factors: string
  custom_claims: string
  started_at: number
  last_accessed_at: number
  expires_at: number
}

export interface IntermediateSessionsTable {
  token_hash: string
  project_id: string
  organization_id: string
  member_id: string
  created_at: number
  expires_at: number
}

export interface SigningKeysTable {
  project_id: string
  algorithm: 'RS256' | 'ES256'
  kid: string
  sealed_private_key: Uint8Array
  key_id: string
  created_at: number
}

export interface KeyChecksTable {
  key_id: string
  sealed: Uint8Array
}

export interface Tables {
  users: UsersTable
  organizations: OrganizationsTable
  members: MembersTable
  totps: TotpsTable
  recovery_codes: RecoveryCodesTable
  recovery_budgets: RecoveryBudgetsTable
  sessions: SessionsTable
  intermediate_sessions: IntermediateSessionsTable
  signing_keys: SigningKeysTable
  key_checks: KeyChecksTable
}
