import { createPublicKey, type KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { cookieValue } from './cookie-value.js'
import { BffError } from './errors.js'
import { isLoopback } from './loopback.js'
import type { Identify, IdentityContext, IdentityStrategy, Subject } from './subject.js'

export interface JwtOptions {
  /** Where the identity provider publishes its keys: https, or http on loopback. Give this or `publicKey`. */
  jwksUrl?: string | undefined
  /** One key, as PEM (SPKI). */
  publicKey?: string | undefined
  /** `iss` must equal this. */
  issuer: string
  /** `aud` must be or contain this. */
  audience: string
  /** Which claims name what. */
  claims?: {
    /** A user's id or, with an organization, a member's. Default `sub`. */
    user?: string | undefined
    /** A token with this claim is a member's, one without it a user's. Default: none. */
    organization?: string | undefined
    /** Shown by the authenticator app; the id where it is missing. Default `email`. */
    name?: string | undefined
    /**
     * The sign-in. It must stay the same while a token is renewed. Default `sid` (OpenID Connect); where a token has
     * none, `auth_time` (OpenID Connect Core section 2). Without either, a new sign-in cannot be told from the last.
     */
    sessionId?: string | undefined
  }
  /** Signature algorithms that are accepted. Default: the asymmetric ones that fit the key. */
  algorithms?: readonly string[] | undefined
  /** Cookie that holds the token where there is no `Authorization: Bearer`. Default: none. */
  cookie?: string | undefined
  /** Takes the place of the network when keys are fetched. */
  fetch?: ((request: Request) => Promise<Response>) | undefined
}

/** Never a shared secret: whoever can check such a token can make one (T75). */
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
/** A Node server reads at most 16 KiB of headers; a token that fills half of it is a mistake. */
const maxTokenChars = 8_192
const maxJwksBytes = 256 * 1024
/** How long keys count. */
const maxKeysAgeMs = 600_000
/** Until a key id that is not among them may ask for them again. */
const cooldownMs = 30_000
/** Between two questions for the keys where the first failed. */
const restMs = 5_000

/**
 * A JWT (RFC 7519) of the host's identity provider, from `Authorization: Bearer` or a cookie. Signature, `iss`,
 * `aud` and `exp` must be right, with five seconds for clocks that differ (RFC 8725). A token that is not right is
 * nobody's. Keys are kept for ten minutes; an unknown key id asks for them again, at most every thirty seconds, and
 * every five while they cannot be had. In a BFF, the log says at level `debug` what was wrong with a token.
 *
 * @throws TypeError where the options cannot work
 */
export function jwt(options: JwtOptions): Identify & IdentityStrategy {
  const { issuer, audience, claims = {}, algorithms = asymmetric, cookie } = options
  if (!issuer || !audience) {
    throw new TypeError(
      'identity.jwt: issuer and audience are needed, or tokens made for others would be accepted: copy them from the identity provider.',
    )
  }
  const unknown = algorithms.find((algorithm) => !asymmetric.includes(algorithm))
  if (algorithms.length === 0 || unknown !== undefined) {
    throw new TypeError(`identity.jwt: algorithms may be ${asymmetric.join(', ')}; not ${unknown ?? 'none'}.`)
  }
  const key = keyOf(options)
  const { user = 'sub', organization, name = 'email', sessionId = 'sid' } = claims
  const rules: JWTVerifyOptions = {
    issuer,
    audience,
    algorithms: [...algorithms],
    clockTolerance: 5,
    requiredClaims: ['exp', user],
  }

  const identify = async (req: IncomingMessage, refused: Refused): Promise<Subject | null> => {
    const token = bearer(req) ?? (cookie === undefined ? undefined : cookieValue(req, cookie))
    if (token === undefined) return null
    if (token.length > maxTokenChars) return refused(`longer than ${maxTokenChars} characters`)
    const payload = await verify(token, key, rules, refused)
    if (payload === null) return null
    const id = text(payload, user)
    if (id === undefined) return refused(`claim ${user} is no name`)
    const signIn = text(payload, sessionId) ?? timeOfSignIn(payload)
    const shared = { accountName: text(payload, name) ?? id, sessionId: signIn }
    if (organization === undefined || payload[organization] === undefined) {
      return { kind: 'user', userId: id, ...shared }
    }
    const organizationId = text(payload, organization)
    if (organizationId === undefined) return refused(`claim ${organization} is no name`)
    return { kind: 'member', organizationId, memberId: id, ...shared }
  }

  return Object.assign((req: IncomingMessage) => identify(req, () => null), {
    connect: ({ tokenRefused }: IdentityContext): Identify => {
      const refused: Refused = (reason) => {
        tokenRefused(reason)
        return null
      }
      return (req) => identify(req, refused)
    },
  })
}

/** Takes down why a token is nobody's, in words that are ours or the configuration's. */
type Refused = (reason: string) => null

/** Loaded with the first token: 33 ms and 10 MB that no other identity needs. */
const loadJose = () => import('jose')

/** What finds the key of a token. */
type Keys = JWTVerifyGetKey & { areFresh(): boolean }
/** One key, or many. */
type Key = KeyObject | (() => Promise<Keys>)

function keyOf({ jwksUrl, publicKey, fetch = globalThis.fetch }: JwtOptions): Key {
  if ((jwksUrl === undefined) === (publicKey === undefined)) {
    throw new TypeError('identity.jwt: give either jwksUrl or publicKey.')
  }
  if (publicKey !== undefined) {
    try {
      const key = createPublicKey(publicKey)
      if (publicKey.includes('PRIVATE')) throw new TypeError('private')
      return key
    } catch {
      throw new TypeError('identity.jwt: publicKey must be a public key in PEM, -----BEGIN PUBLIC KEY-----.')
    }
  }
  const url = jwksUrl !== undefined && URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))) {
    throw new TypeError('identity.jwt: jwksUrl must be https; only loopback may be http.')
  }
  let keys: Promise<Keys> | undefined
  let restUntilMs = 0
  const makeKeys = async () => {
    const { createRemoteJWKSet, customFetch, errors } = await loadJose()
    // jose tells the age of keys by a clock that can be set back: F44.
    const set = createRemoteJWKSet(url, {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: Number.POSITIVE_INFINITY,
      timeoutDuration: 5_000,
      [customFetch]: async (address: string, init: RequestInit) => {
        if (performance.now() < restUntilMs) throw new Error('The JWKS could not be had a moment ago.')
        restUntilMs = performance.now() + restMs
        return bounded(await fetch(new Request(address, init)))
      },
    })
    // That clock alone goes on while a machine is asleep.
    let loaded = { monotonicMs: Number.NEGATIVE_INFINITY, clockMs: 0 }
    const ageMs = () => Math.max(performance.now() - loaded.monotonicMs, Date.now() - loaded.clockMs)
    const load = async () => {
      await set.reload()
      loaded = { monotonicMs: performance.now(), clockMs: Date.now() }
    }
    const areFresh = () => ageMs() < maxKeysAgeMs
    const find: JWTVerifyGetKey = async (header, token) => {
      if (!areFresh()) await load()
      try {
        return await set(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || ageMs() < cooldownMs) throw error
        await load()
        return set(header, token)
      }
    }
    return Object.assign(find, { areFresh })
  }
  return () => {
    keys ??= makeKeys()
    return keys
  }
}

/** The same answer, given up where it is longer than any list of keys. */
function bounded(response: Response): Response {
  let size = 0
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > maxJwksBytes) controller.error(new Error('The JWKS is too large.'))
      else controller.enqueue(chunk)
    },
  })
  return new Response(response.body?.pipeThrough(cut) ?? null, { status: response.status })
}

/** Codes of jose's errors that mean a wrong token; anything else means that the keys could not be had. */
const wrongToken = [
  'ERR_JWT_INVALID',
  'ERR_JWT_EXPIRED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
]

async function verify(
  token: string,
  key: Key,
  rules: JWTVerifyOptions,
  refused: Refused,
): Promise<JWTPayload | null> {
  const { jwtVerify } = await loadJose()
  try {
    const { payload } =
      typeof key === 'function'
        ? await jwtVerify(token, await key(), rules)
        : await jwtVerify(token, key, rules)
    return payload
  } catch (error) {
    // jose says TypeError where the token's algorithm does not fit the one key.
    if (error instanceof TypeError && typeof key !== 'function')
      return refused("its algorithm is not the key's")
    if (error instanceof Error && 'code' in error && wrongToken.includes(String(error.code))) {
      // No message of jose's: some quote the token's header.
      return refused('claim' in error ? `${error.code} ${error.claim}` : String(error.code))
    }
    // With keys that count, only a key id that is not among them asks for others: F17.
    if (typeof key === 'function' && (await key()).areFresh()) return refused('no key is for it')
    throw new BffError('upstream_unavailable', { retryAfterSeconds: restMs / 1_000, cause: error })
  }
}

const bearer = (req: IncomingMessage) =>
  /^Bearer +([A-Za-z0-9._-]+)$/i.exec(req.headers.authorization ?? '')?.[1]

const timeOfSignIn = ({ auth_time: time }: JWTPayload): string | undefined =>
  typeof time === 'number' ? `auth_time ${time}` : undefined

/** A claim that can name somebody: a string that is neither empty nor endless. */
function text(payload: JWTPayload, claim: string): string | undefined {
  const value = payload[claim]
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined
}
