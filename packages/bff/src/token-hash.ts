import { hash } from 'node:crypto'
import { BoundedMap } from './bounded-map.js'

/** A request asks for the hash of its one token up to eight times, and the next one again, at 2 µs each. */
const known = new BoundedMap<string, string>(2_000)

/** Names a session token where the token itself must not lie about: base64url SHA-256. */
export function tokenHashOf(sessionToken: string): string {
  return known.ensure(sessionToken, () => hash('sha256', sessionToken, 'base64url'))
}
