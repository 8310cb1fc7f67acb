import { customClaims } from '@kit/totp-client/wire'
import { Refusal } from './refusal.js'

type Claims = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Null deletes a key, an object is merged into what is there, anything else replaces it. */
function merge(old: Claims, change: Claims): Claims {
  const merged = new Map(Object.entries(old))
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key)
    else {
      const before = merged.get(key)
      merged.set(key, isObject(value) ? merge(isObject(before) ? before : {}, value) : value)
    }
  }
  return Object.fromEntries(merged)
}

/**
 * A session's custom claims after a change: https://stytch.com/docs/guides/sessions/custom-claims
 *
 * @throws Refusal for a reserved key, a number that JSON cannot hold, and for more than four kilobytes in all
 */
export function changeClaims(old: Claims, change: Claims | undefined): Claims {
  if (change === undefined) return old
  for (const key of Object.keys(change)) {
    if (customClaims.reserved.some((reserved) => reserved === key)) {
      throw new Refusal('reserved_claims_in_custom_claims')
    }
    if (key.startsWith(customClaims.reservedPrefix)) throw new Refusal('stytch_claims_in_custom_claims')
  }
  const claims = merge(old, change)
  const text = JSON.stringify(claims, (_key, value) => {
    // As 1e999, which JSON reads: it would be stored as null, which is how a claim is deleted.
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new Refusal('unable_to_represent_custom_claims_json')
    }
    return value
  })
  if (Buffer.byteLength(text) > customClaims.maxBytes) {
    throw new Refusal('custom_claims_too_large')
  }
  return claims
}
