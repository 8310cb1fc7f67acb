import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { BoundedMap } from './bounded-map.js'
import { cookieValues } from './cookie-value.js'
import { BffError } from './errors.js'
import type { Subject } from './subject.js'

/** MFA that was done, and by what. */
export interface DoneMfa {
  readonly method: 'totp' | 'recovery_code'
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** The provider's id of the authenticator it was done with, or that the recovery code belongs to. */
  readonly factorId: string
}

/** A registration begun in this browser, shown again to it until it is confirmed or expires. */
export interface PendingRegistration {
  registrationId: string
  secret: string
  recoveryCodes: string[]
  /** Milliseconds since the epoch. */
  expiresAtMs: number
}

/** What the sealed cookie carries. Nobody but this server reads it; requests with one cookie share one of it. */
export interface Session {
  readonly kind: Subject['kind']
  /** {@link bindingOf} the subject it was made for. */
  readonly binding: string
  /** The provider's session. */
  readonly provider?: { readonly sessionToken: string; readonly expiresAtMs: number } | undefined
  readonly mfa?: DoneMfa | undefined
  readonly pending?: Readonly<PendingRegistration> | undefined
  /** SHA-256 of the intermediate session token that the first success consumed. */
  readonly consumedTokenHash?: string | undefined
}

/** Each request asks for that of its subject, at 3 µs. */
const bindings = new BoundedMap<string, string>(2_000)

/**
 * Names a subject together with the host's own sign-in: base64url SHA-256. A cookie with another binding
 * counts as none, so neither another subject nor a new sign-in is ever born verified.
 */
export function bindingOf(subject: Subject): string {
  const ids = subject.kind === 'user' ? [subject.userId] : [subject.organizationId, subject.memberId]
  const text = JSON.stringify([subject.kind, ...ids, subject.sessionId ?? null])
  return bindings.ensure(text, () => hash('sha256', text, 'base64url'))
}

/** Browsers drop cookies above 4096 bytes, name and attributes included. */
const maxCookieBytes = 3584

/** Of 32 bytes in base64url. */
const csrfLength = 43

export interface SessionCookie {
  readonly name: string
  /** `Set-Cookie` value that removes the cookie. */
  readonly cleared: string
  /**
   * Opens the cookie of a request. Whatever cannot be read, for whatever reason, is `null`: T74.
   * `repeated` tells that the request carries the name more than once (RFC 6265 section 5.4 leaves their
   * order open, so neither can be trusted).
   */
  open(cookieHeader: string | undefined): { session: Session | null; raw: string; repeated: boolean }
  /** Makes the `Set-Cookie` value. @throws BffError bad_upstream when the provider's token makes it larger than browsers keep */
  seal(session: Session): string
  /** The `x-csrf` token of a binding: the same in every tab, before and after MFA. */
  csrfToken(binding: string): string
  /** Whether `token` is the binding's, under any key of the ring. In constant time. */
  isCsrfToken(token: string | undefined, binding: string): boolean
}

interface RingKey {
  readonly sealing: KeyObject
  readonly csrf: KeyObject
  /** The JWE's protected header, encoded. */
  readonly header: string
  /** The same: RFC 7516 section 5.1 step 14. */
  readonly additionalData: Buffer
}

function ringKey(key: Uint8Array): RingKey {
  const kid = hash('sha256', Buffer.from(key), 'base64url').slice(0, 11)
  const header = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid })).toString('base64url')
  return {
    sealing: createSecretKey(key),
    csrf: createSecretKey(new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), 'kit csrf 1', 32))),
    header,
    additionalData: Buffer.from(header, 'ascii'),
  }
}

/**
 * The sealed cookie: a compact JWE (RFC 7516) with `dir` and `A256GCM` (RFC 7518 sections 4.5 and 5.3), sealed
 * with the first key of the ring and opened with any. By node:crypto, six times cheaper than by jose, which the
 * tests hold against it. Nonces are random: change the key before 2^32 cookies (NIST SP 800-38D section 8.3).
 *
 * @param keys 32 bytes each, the current one first
 * @param secure false only where `origin` is http on a loopback host: the cookie then has no `__Host-Http-`
 */
export function createSessionCookie(keys: readonly Uint8Array[], secure: boolean): SessionCookie {
  const ring = keys.map(ringKey)
  const [current, ...older] = ring
  if (!current) throw new TypeError('cookieKeys: at least one key of 32 bytes is needed.')
  const byHeader = new Map(ring.map((key) => [key.header, key]))
  const name = secure ? '__Host-Http-kit' : 'kit'
  const attributes = `; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  // Opening costs 20 µs, and a page sends the same cookie with each request. None that holds a secret is kept.
  const opened = new BoundedMap<string, Session>(2_000)
  const openKnown = (raw: string) => {
    const known = opened.get(raw)
    if (known) return known
    const session = openToken(raw, byHeader)
    if (session && !session.pending) opened.set(raw, session)
    return session
  }
  // An HMAC costs 5 µs, and each request of a page asks for the same one twice.
  const tokens = new BoundedMap<string, string>(10_000)
  const csrf = (key: RingKey, binding: string) =>
    createHmac('sha256', key.csrf).update(binding).digest('base64url')
  const currentCsrf = (binding: string) => tokens.ensure(binding, () => csrf(current, binding))

  return {
    name,
    cleared: `${name}=; Max-Age=0${attributes}`,

    open(cookieHeader) {
      const found = cookieValues(cookieHeader, name)
      const raw = found[0] ?? ''
      if (found.length > 1) return { session: null, raw: '', repeated: true }
      return { session: raw === '' ? null : openKnown(raw), raw, repeated: false }
    },

    seal(session) {
      const token = sealToken(JSON.stringify(session), current)
      if (token.length > maxCookieBytes) {
        throw new BffError('bad_upstream', {
          cause: new RangeError('The session is too large for a cookie.'),
        })
      }
      return `${name}=${token}${attributes}`
    },

    csrfToken: currentCsrf,

    isCsrfToken(token, binding) {
      if (token?.length !== csrfLength) return false
      const given = Buffer.from(token, 'latin1')
      const isIt = (expected: string) => timingSafeEqual(given, Buffer.from(expected, 'latin1'))
      return isIt(currentCsrf(binding)) || older.some((key) => isIt(csrf(key, binding)))
    },
  }
}

const nonceBytes = 12
let nonces = Buffer.alloc(0)

/** Random bytes are drawn for many nonces at once: a call costs 3 µs whatever it brings. */
function nextNonce(): Buffer {
  if (nonces.length < nonceBytes) nonces = randomBytes(256 * nonceBytes)
  const nonce = nonces.subarray(0, nonceBytes)
  nonces = nonces.subarray(nonceBytes)
  return nonce
}

function sealToken(text: string, key: RingKey): string {
  const nonce = nextNonce()
  const cipher = createCipheriv('aes-256-gcm', key.sealing, nonce)
  cipher.setAAD(key.additionalData)
  // GCM has no last block: `final` brings nothing but the tag.
  const body = cipher.update(text, 'utf8')
  cipher.final()
  return `${key.header}..${nonce.toString('base64url')}.${body.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`
}

function openToken(token: string, byHeader: ReadonlyMap<string, RingKey>): Session | null {
  const parts = token.split('.')
  const [header = '', wrappedKey, nonce = '', body = '', tag = ''] = parts
  const key = byHeader.get(header)
  if (parts.length !== 5 || wrappedKey !== '' || !key || token.length > maxCookieBytes) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.sealing, Buffer.from(nonce, 'base64url'), {
      authTagLength: 16,
    })
    decipher.setAAD(key.additionalData)
    decipher.setAuthTag(Buffer.from(tag, 'base64url'))
    const text = decipher.update(Buffer.from(body, 'base64url'))
    decipher.final()
    return JSON.parse(text.toString('utf8')) as Session
  } catch {
    return null
  }
}
