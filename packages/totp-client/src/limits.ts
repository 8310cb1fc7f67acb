// What of the wire is known without its schemas, which bring zod along and 70 ms of a start with it.

/** `expiration_minutes` of both creates: how long a registration may wait for its first code, in minutes. */
export const expirationMinutes = { min: 5, max: 1440, userDefault: 1440, memberDefault: 60 } as const

/**
 * `session_duration_minutes`, in minutes; 527040 is 366 days. A consumer call without it makes no session,
 * a B2B one makes a session of `memberDefault`.
 */
export const sessionDurationMinutes = { min: 5, max: 527_040, memberDefault: 60 } as const

/** `session_custom_claims`: size of all claims together, and keys that nobody may set. */
export const customClaims = {
  maxBytes: 4096,
  reserved: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
  reservedPrefix: 'https://stytch.com/',
} as const

/** Form of an id in a path: the provider's own ids, external ids and slugs all fit. */
export const idPattern = /^(?!\.{1,2}$)[A-Za-z0-9._|~-]{1,128}$/
