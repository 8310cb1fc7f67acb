import { describe, expect, it } from 'vitest'
import { answers, requests } from '../test/samples.js'
import {
  type EndpointName,
  endpoints,
  expirationMinutes,
  idPattern,
  sessionDurationMinutes,
  wireErrors,
} from './wire.js'

const names = Object.keys(endpoints) as EndpointName[]

/** Fields that may be null or absent, wherever they stand: the optional ones of the official types. */
const optional = new Set(
  `name first_name middle_name last_name created_at updated_at password trusted_metadata untrusted_metadata
   external_id lock_created_at lock_expires_at last_authenticated_at sequence_order authenticator_app_factor
   recovery_code_factor started_at last_accessed_at expires_at attributes ip_address user_agent custom_claims
   details scim_registration organization_external_id sso_default_connection_id scim_active_connection
   scim_active_connections
   allowed_oauth_tenants session member_session user_device member_device verdict n e crv x y key_ops x5c x5tS256
   reveal_recovery_codes`.split(/\s+/),
)
/** The same names where they are required. */
const required = [
  /member\.name$/,
  /webauthn_registrations\.0\.(name|user_agent)$/,
  /sso_registrations\.0\.external_id$/,
  /member_session\.(started|last_accessed|expires)_at$/,
  /^sessions\.authenticate session$/,
  /^(b2b\.sessions\.authenticate|kit\.createSession) member_session$/,
]
const freeForm = /(metadata|custom_claims|allowed_oauth_tenants|details)\./

/** Every place in an answer that its schema knows, as the keys that lead there. */
function places(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .flatMap(([key, inner]) => [[...at, key], ...places(inner, [...at, key])])
    .filter((place) => !freeForm.test(place.join('.')))
}

/** A copy with one place set, or removed. */
function changed(json: unknown, at: string[], value?: unknown): unknown {
  const copy = structuredClone(json) as Record<string, unknown>
  const parent = at.slice(0, -1).reduce((inner, key) => inner[key] as Record<string, unknown>, copy)
  const last = at.at(-1)!
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return copy
}

describe.each(names)('the answer of %s', (name) => {
  const { response } = endpoints[name]
  const answer = answers[name]
  const mayLack = (at: string[]) => {
    const place = `${name} ${at.join('.')}`
    if (/^b2b\.totps\.(authenticate|migrate) organization_id$/.test(place)) return true
    return optional.has(at.at(-1)!) && !required.some((pattern) => pattern.test(place))
  }

  it('passes whole, and with fields that no schema knows', () => {
    expect(response.safeParse(answer).error).toBeUndefined()
    const objects = places(answer).filter((at) => !Number.isInteger(Number(at.at(-1))))
    for (const at of objects) {
      const beside = [...at.slice(0, -1), 'field_of_tomorrow']
      expect(response.safeParse(changed(answer, beside, { a: [1] })).success, beside.join('.')).toBe(true)
    }
  })

  it('F8: passes with no field of a wrong type', () => {
    for (const at of places(answer)) {
      expect(response.safeParse(changed(answer, at, [['wrong']])).success, at.join('.')).toBe(false)
    }
  })

  it('F8: passes without a field, or with null in it, only where the field is optional', () => {
    const fields = places(answer).filter((at) => !Number.isInteger(Number(at.at(-1))))
    for (const at of fields) {
      const expected = mayLack(at)
      expect(response.safeParse(changed(answer, at)).success, `without ${at.join('.')}`).toBe(expected)
      expect(response.safeParse(changed(answer, at, null)).success, `null in ${at.join('.')}`).toBe(expected)
    }
  })
})

describe('a timestamp', () => {
  const parse = (created_at: string) =>
    endpoints['users.get'].response.safeParse({ ...answers['users.get'], created_at }).success

  it.each(['2026-04-25T16:37:09Z', '2026-04-25T16:37:09.123456Z', '2026-04-25T18:37:09+02:00'])(
    'may be %s',
    (text) => {
      expect(parse(text)).toBe(true)
    },
  )

  it.each(['', 'now', '2026-04-25', '2026-13-25T16:37:09Z', '1777135029'])('may not be "%s"', (text) => {
    expect(parse(text)).toBe(false)
  })
})

describe('a request', () => {
  it.each(names)('of %s reads its smallest form, and ignores fields that no schema knows', (name) => {
    const { request } = endpoints[name]
    expect(request.parse(requests[name])).toEqual(requests[name])
    expect(request.parse({ ...requests[name], field_of_tomorrow: 1 })).toEqual(requests[name])
  })

  it.each(names)('of %s needs every field of its smallest form', (name) => {
    for (const field of Object.keys(requests[name])) {
      if (field === 'session_duration_minutes') continue
      expect(endpoints[name].request.safeParse({ ...requests[name], [field]: null }).success, field).toBe(
        false,
      )
    }
  })

  it('counts null as absent, but keeps nulls inside custom claims, where they delete', () => {
    const parsed = endpoints['totps.authenticate'].request.parse({
      ...requests['totps.authenticate'],
      session_token: null,
      session_duration_minutes: null,
      session_custom_claims: { tier: null },
    })
    expect(parsed).toEqual({ ...requests['totps.authenticate'], session_custom_claims: { tier: null } })
    expect(Object.keys(parsed)).not.toContain('session_token')
  })

  it('reads a user or a member into kit.createSession, not neither', () => {
    const { request } = endpoints['kit.createSession']
    expect(request.parse({ organization_id: 'o', member_id: 'm', user_id: null })).toEqual({
      organization_id: 'o',
      member_id: 'm',
    })
    expect(request.safeParse({ organization_id: 'o' }).success).toBe(false)
  })

  it.each([
    ['expiration_minutes', 'totps.create', expirationMinutes],
    ['expiration_minutes', 'b2b.totps.create', expirationMinutes],
    ['session_duration_minutes', 'totps.authenticate', sessionDurationMinutes],
    ['session_duration_minutes', 'b2b.recoveryCodes.recover', sessionDurationMinutes],
    ['session_duration_minutes', 'kit.createSession', sessionDurationMinutes],
  ] as const)('keeps %s of %s within its bounds', (field, name, { min, max }) => {
    const passes = (value: unknown) =>
      endpoints[name].request.safeParse({ ...requests[name], [field]: value }).success
    expect([min, max].map(passes)).toEqual([true, true])
    expect([min - 1, max + 1, min + 0.5, String(min), Number.NaN].map(passes)).toEqual(Array(5).fill(false))
  })

  it('T90: carries nothing over from __proto__', () => {
    const body = JSON.parse(
      '{"user_id":"u","totp_code":"1","session_token":null,"__proto__":{"session_jwt":"x"}}',
    )
    const parsed = endpoints['totps.authenticate'].request.parse(body)
    expect(parsed.session_jwt).toBeUndefined()
    expect(({} as { session_jwt?: string }).session_jwt).toBeUndefined()
  })

  it.each(['', '[]', '"text"', 'null', '7'])('is no request as %s', (json) => {
    const body = json === '' ? undefined : JSON.parse(json)
    for (const name of names) expect(endpoints[name].request.safeParse(body).success, name).toBe(false)
  })
})

describe('the tables', () => {
  it('name path parameters that the request has', () => {
    for (const name of names) {
      const { path } = endpoints[name]
      const fields = [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field)
      for (const field of fields) expect(Object.keys(requests[name]), name).toContain(field)
    }
  })

  it('have no two endpoints at one method and path', () => {
    const routes = names.map((name) => `${endpoints[name].method} ${endpoints[name].path}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  it('give every error type an error status and a sentence', () => {
    for (const [type, { status, message }] of Object.entries(wireErrors)) {
      expect(status, type).toBeGreaterThanOrEqual(400)
      expect(message, type).toMatch(/^[A-Z].*\S$|^\w+ .*\.$/)
    }
  })

  it('T88: know an id by its form', () => {
    const good = ['user-test-16d9ba61-97a1', 'a', 'auth0|5f7c', 'x.y_z', 'acme~2', 'A'.repeat(128)]
    const bad = [
      '',
      '.',
      '..',
      'a/b',
      '../../v1/users',
      'a%2fb',
      'a b',
      'é',
      'a?b',
      'a#b',
      'a\n',
      'A'.repeat(129),
    ]
    expect(good.filter((id) => !idPattern.test(id))).toEqual([])
    expect(bad.filter((id) => idPattern.test(id))).toEqual([])
  })
})
