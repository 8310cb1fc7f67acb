import type { Migration } from './index.js'

/** Only a member's sessions are looked up by whose they are, so that a user's, of which there are most, cost no entry. */
export const memberSessions: Migration = {
  name: '0004-member-sessions',
  statements: [
    'DROP INDEX sessions_subject',
    `CREATE INDEX sessions_member ON sessions (subject_id) WHERE kind = 'member'`,
  ],
}
