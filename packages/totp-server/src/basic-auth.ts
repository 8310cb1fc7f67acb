import { hash, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal.js'

/** The user of Basic credentials holds no colon: RFC 7617 section 2. */
export const projectIdForm = /^[\x21-\x39\x3b-\x7e]{1,128}$/

/** One secret, or two while one replaces the other, none of which is quickly guessed. */
export const areSecrets = (secrets: readonly string[]): boolean =>
  (secrets.length === 1 || secrets.length === 2) &&
  secrets.every((secret) => /^[\x21-\x7e]{16,}$/.test(secret))

const digest = (text: string) => hash('sha256', text, 'buffer')

/**
 * Checks HTTP Basic credentials (RFC 7617): user is the project id, password one of its secrets. Digests of equal
 * length are compared, in constant time, and each secret is compared whatever the others gave.
 *
 * @returns a check that throws a Refusal
 */
export function createBasicAuth(projectId: string, secrets: readonly string[]) {
  const expected = secrets.map((secret) => digest(`${projectId}:${secret}`))
  return (authorization: string | undefined): void => {
    const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? '')?.[1]
    if (encoded === undefined) throw new Refusal('unauthorized_credentials')
    const credentials = Buffer.from(encoded, 'base64').toString()
    const given = digest(credentials)
    let isRight = false
    for (const secret of expected) if (timingSafeEqual(secret, given)) isRight = true
    if (isRight) return
    const [user = ''] = credentials.split(':')
    const isProjectId = user === projectId || /^project-(test|live)-[0-9a-f-]{36}$/.test(user)
    throw new Refusal(isProjectId ? 'unauthorized_credentials' : 'invalid_project_id_authentication')
  }
}
