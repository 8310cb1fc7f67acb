import type { Migration } from './index.js'

/** Users, organizations and members. Times are whole milliseconds since 1970, flags 0 or 1, lists and objects JSON text. */
export const subjects: Migration = {
  name: '0001-subjects',
  statements: [
    `CREATE TABLE users (
      user_id TEXT PRIMARY KEY,
      project_id TEXT NOT NULL,
      external_id TEXT,
      email TEXT,
      email_id TEXT NOT NULL,
      phone_number TEXT,
      phone_id TEXT NOT NULL,
      status TEXT NOT NULL,
      name TEXT NOT NULL,
      roles TEXT NOT NULL,
      trusted_metadata TEXT NOT NULL,
      untrusted_metadata TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`,
    'CREATE UNIQUE INDEX users_external_id ON users (project_id, external_id)',
    'CREATE UNIQUE INDEX users_email ON users (project_id, email)',
    `CREATE TABLE organizations (
      organization_id TEXT PRIMARY KEY,
      project_id TEXT NOT NULL,
      external_id TEXT,
      slug TEXT NOT NULL,
      name TEXT NOT NULL,
      mfa_policy TEXT NOT NULL,
      mfa_methods TEXT NOT NULL,
      allowed_mfa_methods TEXT NOT NULL,
      settings TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`,
    'CREATE UNIQUE INDEX organizations_slug ON organizations (project_id, slug)',
    'CREATE UNIQUE INDEX organizations_external_id ON organizations (project_id, external_id)',
    `CREATE TABLE members (
      member_id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
      external_id TEXT,
      email_address TEXT,
      status TEXT NOT NULL,
      name TEXT NOT NULL,
      mfa_enrolled INTEGER NOT NULL,
      default_mfa_method TEXT NOT NULL,
      mfa_phone_number TEXT NOT NULL,
      is_breakglass INTEGER NOT NULL,
      roles TEXT NOT NULL,
      trusted_metadata TEXT NOT NULL,
      untrusted_metadata TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL
    )`,
    'CREATE UNIQUE INDEX members_external_id ON members (organization_id, external_id)',
    'CREATE UNIQUE INDEX members_email ON members (organization_id, email_address)',
  ],
}
