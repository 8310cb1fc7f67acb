import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  type SignKeyObjectInput,
  sign as signNow,
  verify as verifySignature,
  type webcrypto,
} from 'node:crypto'
import { promisify } from 'node:util'

/** Signature algorithms of session JWTs (RFC 7518 section 3.1). */
export type JwtAlgorithm = 'RS256' | 'ES256'

/** A signing key as it is stored: seal `privateKeyPkcs8` before it reaches a table. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  kid: string
  algorithm: JwtAlgorithm
  /** PKCS #8, DER. */
  privateKeyPkcs8: Uint8Array
}

/** Public half of a signing key, as JWKS answers show it (RFC 7517). */
export type PublicJwk = webcrypto.JsonWebKey & { kid: string; alg: JwtAlgorithm; use: 'sig' }

/** Signs session JWTs with one key and recognises its own. */
export interface JwtSigner {
  readonly kid: string
  readonly jwk: PublicJwk
  /**
   * A token that ends five minutes after `nowMs`, whatever the session's own end.
   *
   * @param claims merged in at top level; registered claims in it lose against the signer's own
   */
  sign(token: { sub: string; nowMs: number; claims: Record<string, unknown> }): Promise<string>
  /**
   * The claims of a token that this key signed for this project, else null. An expired token still says which
   * session it was of, so its end is not judged: whoever accepts it asks the session's row.
   */
  verify(token: string, nowMs: number): Record<string, unknown> | null
}

/** How long a session JWT lasts, in seconds: https://stytch.com/docs/guides/sessions/using-jwts */
export const jwtLifetimeSeconds = 300

/** Seconds that the clocks of two servers of one project may differ. */
const clockToleranceSeconds = 5

const makeKeyPair = promisify(generateKeyPair)
const signOnThreadPool = promisify<string, Buffer, SignKeyObjectInput, Buffer>(signNow)

const encodeJson = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** RFC 7638 section 3: SHA-256 over the required members in lexical order. */
function thumbprint(jwk: webcrypto.JsonWebKey): string {
  const { crv, e, kty, n, x, y } = jwk
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

const toJwk = (privateKey: KeyObject) => createPublicKey(privateKey).export({ format: 'jwk' })

/** A new key: RSA of 2048 bits, or P-256. */
export async function generateSigningKey(algorithm: JwtAlgorithm): Promise<SigningKey> {
  const { privateKey } =
    algorithm === 'RS256'
      ? await makeKeyPair('rsa', { modulusLength: 2048 })
      : await makeKeyPair('ec', { namedCurve: 'P-256' })
  return {
    kid: thumbprint(toJwk(privateKey)),
    algorithm,
    privateKeyPkcs8: privateKey.export({ format: 'der', type: 'pkcs8' }),
  }
}

function parseJson(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/**
 * The signer of one key. `iss` is `stytch.com/PROJECT_ID`, which the official clients expect.
 *
 * @throws Error when `privateKeyPkcs8` is no private key
 */
export function createJwtSigner(key: SigningKey, { projectId }: { projectId: string }): JwtSigner {
  const { kid, algorithm } = key
  const issuer = `stytch.com/${projectId}`
  const privateKey = createPrivateKey({ key: Buffer.from(key.privateKeyPkcs8), format: 'der', type: 'pkcs8' })
  // JWTs carry the two numbers of an ECDSA signature side by side (RFC 7518 section 3.4); RSA ignores the option.
  const dsaEncoding = 'ieee-p1363'
  const signInput = { key: privateKey, dsaEncoding } as const
  const verifyInput = { key: createPublicKey(privateKey), dsaEncoding } as const
  const header = encodeJson({ alg: algorithm, kid, typ: 'JWT' })

  return {
    kid,
    jwk: { ...toJwk(privateKey), kid, alg: algorithm, use: 'sig' },
    async sign({ sub, nowMs, claims }) {
      const iat = Math.floor(nowMs / 1000)
      const own = { iss: issuer, aud: [projectId], sub, iat, nbf: iat, exp: iat + jwtLifetimeSeconds }
      const input = `${header}.${encodeJson({ ...claims, ...own })}`
      // RS256 takes 250 µs: off the event loop. ES256 takes 25 µs, less than the way to another thread and back.
      const signature =
        algorithm === 'RS256'
          ? await signOnThreadPool('sha256', Buffer.from(input), signInput)
          : signNow('sha256', Buffer.from(input), signInput)
      return `${input}.${signature.toString('base64url')}`
    },
    verify(token, nowMs) {
      const [head, body, signature, ...rest] = token.split('.')
      // Only the very header that `sign` writes: no other algorithm, `none` included, can be named.
      if (head !== header || body === undefined || signature === undefined || rest.length > 0) return null
      const signed = Buffer.from(`${head}.${body}`)
      if (!verifySignature('sha256', signed, verifyInput, Buffer.from(signature, 'base64url'))) return null
      const claims = parseJson(body)
      const { iss, aud, nbf } = claims ?? {}
      const ours = iss === issuer && Array.isArray(aud) && aud.length === 1 && aud[0] === projectId
      if (!ours || typeof nbf !== 'number') return null
      return nbf > Math.floor(nowMs / 1000) + clockToleranceSeconds ? null : claims
    },
  }
}
