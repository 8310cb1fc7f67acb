import type { Migration } from './index.js'

/** A member whose sessions end may be named by an external id without the organization. */
export const memberReferences: Migration = {
  name: '0005-member-references',
  statements: ['CREATE INDEX members_reference ON members (external_id)'],
}
