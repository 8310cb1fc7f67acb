import type { Migration } from './index.js'

/**
 * TOTP registrations, their recovery codes, and each subject's budget of recovery attempts. A subject has at
 * most one registration in use (active or disabled) and one pending. `last_step` starts at -1, below every
 * step, since a comparison with NULL would refuse the first code.
 */
export const factors: Migration = {
  name: '0002-factors',
  statements: [
    `CREATE TABLE totps (
      totp_id TEXT PRIMARY KEY,
      project_id TEXT NOT NULL,
      subject_id TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'disabled')),
      sealed_secret BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      algorithm TEXT NOT NULL,
      digits INTEGER NOT NULL,
      period_seconds INTEGER NOT NULL,
      last_step BIGINT NOT NULL DEFAULT -1,
      consecutive_failures INTEGER NOT NULL DEFAULT 0 CHECK (consecutive_failures >= 0),
      fail_level DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (fail_level >= 0),
      fail_level_at BIGINT NOT NULL DEFAULT 0,
      locked_until BIGINT,
      expires_at BIGINT,
      created_at BIGINT NOT NULL
    )`,
    `CREATE UNIQUE INDEX totps_one_in_use ON totps (subject_id) WHERE status <> 'pending'`,
    `CREATE UNIQUE INDEX totps_one_pending ON totps (subject_id) WHERE status = 'pending'`,
    'CREATE INDEX totps_subject ON totps (subject_id)',
    `CREATE TABLE recovery_codes (
      recovery_code_id TEXT PRIMARY KEY,
      totp_id TEXT NOT NULL REFERENCES totps (totp_id) ON DELETE CASCADE,
      subject_id TEXT NOT NULL,
      code_hash TEXT NOT NULL,
      key_id TEXT NOT NULL,
      sealed_code BYTEA,
      place INTEGER NOT NULL,
      used_at BIGINT
    )`,
    'CREATE UNIQUE INDEX recovery_codes_hash ON recovery_codes (subject_id, code_hash)',
    'CREATE INDEX recovery_codes_totp ON recovery_codes (totp_id)',
    `CREATE TABLE recovery_budgets (
      subject_id TEXT PRIMARY KEY,
      window_started_at BIGINT NOT NULL,
      window_attempts INTEGER NOT NULL CHECK (window_attempts >= 0),
      consecutive_failures INTEGER NOT NULL CHECK (consecutive_failures >= 0),
      locked_until BIGINT
    )`,
  ],
}
