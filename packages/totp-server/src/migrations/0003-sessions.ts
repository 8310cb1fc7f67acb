import type { Migration } from './index.js'

/** Sessions, what members have before MFA, and the keys that sign session JWTs. Tokens are found by their SHA-256. */
export const sessions: Migration = {
  name: '0003-sessions',
  statements: [
    `CREATE TABLE sessions (
      session_id TEXT PRIMARY KEY,
      project_id TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('user', 'member')),
      subject_id TEXT NOT NULL,
      organization_id TEXT,
      token_hash TEXT NOT NULL,
      sealed_token BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      factors TEXT NOT NULL,
      custom_claims TEXT NOT NULL,
      started_at BIGINT NOT NULL,
      last_accessed_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
    'CREATE UNIQUE INDEX sessions_token ON sessions (token_hash)',
    'CREATE INDEX sessions_subject ON sessions (subject_id)',
    'CREATE INDEX sessions_expiry ON sessions (expires_at)',
    `CREATE TABLE intermediate_sessions (
      token_hash TEXT PRIMARY KEY,
      project_id TEXT NOT NULL,
      organization_id TEXT NOT NULL,
      member_id TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
    'CREATE INDEX intermediate_sessions_expiry ON intermediate_sessions (expires_at)',
    `CREATE TABLE signing_keys (
      project_id TEXT NOT NULL,
      algorithm TEXT NOT NULL,
      kid TEXT NOT NULL,
      sealed_private_key BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (project_id, algorithm)
    )`,
    `CREATE TABLE key_checks (
      key_id TEXT PRIMARY KEY,
      sealed BYTEA NOT NULL
    )`,
  ],
}
