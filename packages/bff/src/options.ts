import {
  customClaims as claimRules,
  sessionDurationMinutes as durations,
  expirationMinutes,
  labelText,
} from '@kit/totp-client/limits'
import { isLoopback } from './loopback.js'

const refuse = (option: string, problem: string): never => {
  throw new TypeError(`${option}: ${problem}`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** @throws TypeError for what leads to no provider */
export function readUpstream<T>(upstream: T): T {
  if (!isObject(upstream) || !('totps' in upstream || 'projectId' in upstream)) {
    refuse('upstream', 'the provider is needed: { projectId, secret }, or a client of createTotpClient')
  }
  return upstream
}

/** @throws TypeError for what cannot say who asks */
export function readIdentify<T>(identify: T): T {
  if (typeof identify !== 'function' && !(isObject(identify) && typeof identify['connect'] === 'function')) {
    refuse(
      'identify',
      'a function of the request is needed, or one of identity.stytchSession(), identity.jwt({ … }), identity.trustedHeaders({ … })',
    )
  }
  return identify
}

/** @throws TypeError naming the option that is there and no function */
export function readHooks({
  mfaRequired,
  onEvent,
  logger,
}: Record<'mfaRequired' | 'onEvent' | 'logger', unknown>) {
  if (mfaRequired !== undefined && typeof mfaRequired !== 'function') {
    refuse('mfaRequired', 'a function of the subject is needed, as () => true')
  }
  if (onEvent !== undefined && typeof onEvent !== 'function') {
    refuse('onEvent', 'a function of the event is needed')
  }
  const levels = ['debug', 'info', 'warn', 'error']
  if (
    logger !== undefined &&
    !(isObject(logger) && levels.every((level) => typeof logger[level] === 'function'))
  ) {
    refuse('logger', 'an object with debug, info, warn and error is needed, as pino() or console')
  }
}

/** Random bytes have nearly 30 different values among 32. */
export const isRandom = (key: Uint8Array): boolean => new Set(key).size >= 16

/** The keys of the ring; in production none that is a placeholder. @throws TypeError naming the key that cannot be one */
export function readCookieKeys(cookieKeys: readonly string[]): Uint8Array[] {
  if (!Array.isArray(cookieKeys) || cookieKeys.length === 0) {
    refuse('cookieKeys', 'at least one key is needed; make one with: openssl rand -base64 32')
  }
  const keys = cookieKeys.map((text, index) => {
    const key =
      typeof text === 'string' && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null
    if (key?.length !== 32) {
      return refuse(
        `cookieKeys[${index}]`,
        '32 bytes in base64 are needed; make them with: openssl rand -base64 32',
      )
    }
    if (process.env['NODE_ENV'] === 'production' && !isRandom(key)) {
      return refuse(`cookieKeys[${index}]`, 'this is no random key; make one with: openssl rand -base64 32')
    }
    return new Uint8Array(key)
  })
  const distinct = new Set(keys.map((key) => Buffer.from(key).toString('base64')))
  if (distinct.size < keys.length) refuse('cookieKeys', 'one key stands twice; leave the second out')
  return keys
}

/** Whether the cookie can be `Secure`. @throws TypeError for an origin that is none, or http off loopback */
export function readOrigin(origin: string): { secure: boolean } {
  const needed = 'one origin is needed, as https://app.example.com'
  const url = URL.canParse(origin) ? new URL(origin) : refuse('origin', needed)
  // `localhost:3000` is a URL too, and a list of two may be one.
  if (!/^https?:/.test(url.protocol) || origin.includes(',')) refuse('origin', needed)
  if (url.origin !== origin) refuse('origin', `write it without path or slash at its end: ${url.origin}`)
  if (url.protocol === 'https:') return { secure: true }
  if (url.protocol !== 'http:' || !isLoopback(url)) {
    refuse('origin', 'only https keeps the session cookie secret; http is for localhost alone')
  }
  return { secure: false }
}

/** Milliseconds of a number of minutes. @throws TypeError out of its range */
export function readMinutes(option: string, minutes: number, min: number, max: number): number {
  if (!Number.isInteger(minutes) || minutes < min || minutes > max) {
    refuse(option, `a whole number of minutes from ${min} to ${max} is needed, not ${minutes}`)
  }
  return minutes * 60_000
}

/** @throws TypeError when the durations cannot be met, or contradict each other */
export function readDurations(minutes: { session: number; stepUp: number; pending: number }) {
  const sessionMs = readMinutes('sessionDurationMinutes', minutes.session, durations.min, durations.max)
  const stepUpMs = readMinutes('stepUpMinutes', minutes.stepUp, 1, 1_440)
  const pendingMs = readMinutes(
    'pendingMinutes',
    minutes.pending,
    expirationMinutes.min,
    expirationMinutes.max,
  )
  if (stepUpMs > sessionMs) {
    refuse('stepUpMinutes', `it outlasts sessionDurationMinutes, ${minutes.session}: make it smaller`)
  }
  return { sessionMs, stepUpMs, pendingMs }
}

/** @throws TypeError for a name that apps could not show as it is */
export function readIssuer(issuer: string): string {
  if (typeof issuer !== 'string' || issuer === '' || issuer.length > 64 || labelText(issuer) !== issuer) {
    refuse('issuer', 'the name that authenticator apps show is needed: 1 to 64 letters, without a colon')
  }
  return issuer
}

/** @throws TypeError for claims that the provider refuses: better now than at the first code */
export function readCustomClaims(
  claims: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (claims === undefined) return undefined
  for (const name of Object.keys(claims)) {
    if (
      claimRules.reserved.some((reserved) => reserved === name) ||
      name.startsWith(claimRules.reservedPrefix)
    ) {
      refuse('customClaims', `${name} is the provider's own; choose another name`)
    }
  }
  const bytes = Buffer.byteLength(JSON.stringify(claims))
  if (bytes > claimRules.maxBytes)
    refuse('customClaims', `${bytes} bytes are more than ${claimRules.maxBytes}`)
  return claims
}

/** @throws TypeError for a name that nothing reads: an option misspelled is an option lost */
export function readNames(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(unknown, `there is no such option; there are ${known.join(', ')}`)
}
