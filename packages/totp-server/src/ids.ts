import { hash, randomUUID } from 'node:crypto'
import { type RandomBytes, readRandom } from './random.js'

/** What an id is of; `member-totp` is a member's registration, `totp` a user's. */
export type IdKind =
  | 'user'
  | 'organization'
  | 'member'
  | 'email'
  | 'phone-number'
  | 'totp'
  | 'member-totp'
  | 'totp-recovery-code'
  | 'session'
  | 'request-id'

/** `test` and `live` are part of every id, as they are of the project's own. */
export type Environment = 'test' | 'live'

export const environmentOf = (projectId: string): Environment =>
  projectId.startsWith('project-live-') ? 'live' : 'test'

/** `KIND-test-UUID` or `KIND-live-UUID`. */
export const newId = (kind: IdKind, environment: Environment): string =>
  `${kind}-${environment}-${randomUUID()}`

/**
 * An id for rows that are stored many at a time: a UUID of version 7 (RFC 9562 section 5.7), whose first 48 bits are the
 * time. With random ones each row of a set belongs to another page of the index, all of which a commit writes: a sixth
 * of the CPU of a create.
 */
export function newOrderedId(kind: IdKind, environment: Environment): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${kind}-${environment}-${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** True for what could be an id of this server's making. No external id or slug may look like one. */
export const looksLikeOwnId = (text: string): boolean => /^(user|organization|member)-(test|live)-/.test(text)

/** https://stytch.com/docs/b2b/api/create-organization: 2 to 128 of these characters. In a path, `..` is the one above. */
const slug = /^(?!\.\.$)[A-Za-z0-9._~-]{2,128}$/

export const isSlug = (text: string): boolean => slug.test(text) && !looksLikeOwnId(text)

/** For an organization whose name makes none. */
export const spareSlug = (): string => `org-${randomUUID()}`

/** An opaque session token: 264 random bits as 44 characters of base64url. */
export const newToken = (random: RandomBytes): string =>
  Buffer.from(readRandom(random, 33)).toString('base64url')

/** What a token is found by; with 264 bits in it a plain hash is enough. */
export const hashToken = (token: string): string => hash('sha256', token, 'base64url')
