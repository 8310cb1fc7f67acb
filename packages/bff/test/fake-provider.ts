import type { Member, Organization, User } from '@kit/totp-client/wire'

/** One request that reached the fake provider. */
export interface Seen {
  method: string
  path: string
  body: Record<string, unknown>
}

/** Codes that the fake accepts, everything else being wrong. A used recovery code is gone. */
export const rightCode = '424242'

export interface FakePerson {
  /** Null until the first code. */
  factorId: string | null
  pendingId: string | null
  codes: string[]
}

type Reply = object | Response | Promise<Response>

export interface FakeProvider {
  fetch(request: Request): Promise<Response>
  readonly seen: Seen[]
  /** How often a path was asked for. */
  count(path: string): number
  /** A user or member, made when first asked for. */
  person(id: string): FakePerson
  /** Sessions that live, by token. */
  readonly sessions: Map<string, { id: string; factors: object[]; expiresAt: string }>
  /** Answers in place of the truth, while set. Undefined lets the request pass. */
  lie: ((seen: Seen, truth: () => Promise<Response>) => Reply | undefined) | undefined
  /** The plain wire has no `/v1/kit`. */
  plainWire: boolean
  mfaPolicy: 'OPTIONAL' | 'REQUIRED_FOR_ALL'
  now: () => number
}

const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

export const json = (body: object, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ request_id: 'request-id-test-1', status_code: status, ...body }), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })

export const refusal = (status: number, errorType: string, headers: Record<string, string> = {}) =>
  json(
    { error_type: errorType, error_message: 'UPSTREAM-WORDS', error_url: 'https://example.com' },
    status,
    headers,
  )

const userBody = (id: string, person: FakePerson): User => ({
  user_id: id,
  emails: [],
  status: 'active',
  phone_numbers: [],
  webauthn_registrations: [],
  providers: [],
  totps: [
    ...(person.factorId ? [{ totp_id: person.factorId, verified: true }] : []),
    ...(person.pendingId ? [{ totp_id: person.pendingId, verified: false }] : []),
  ],
  crypto_wallets: [],
  biometric_registrations: [],
  is_locked: false,
  roles: [],
})

const memberBody = (organizationId: string, id: string, person: FakePerson): Member => ({
  organization_id: organizationId,
  member_id: id,
  email_address: 'member@example.com',
  status: 'active',
  name: '',
  sso_registrations: [],
  is_breakglass: false,
  member_password_id: '',
  oauth_registrations: [],
  email_address_verified: true,
  mfa_phone_number_verified: false,
  is_admin: false,
  totp_registration_id: person.factorId ?? '',
  retired_email_addresses: [],
  is_locked: false,
  mfa_enrolled: person.factorId !== null,
  mfa_phone_number: '',
  default_mfa_method: '',
  roles: [],
})

export const organizationBody = (id: string, mfaPolicy: string): Organization => ({
  organization_id: id,
  organization_name: 'Org',
  organization_logo_url: '',
  organization_slug: 'org',
  sso_jit_provisioning: 'ALL_ALLOWED',
  sso_jit_provisioning_allowed_connections: [],
  sso_active_connections: [],
  email_allowed_domains: [],
  email_jit_provisioning: 'NOT_ALLOWED',
  email_invites: 'ALL_ALLOWED',
  auth_methods: 'ALL_ALLOWED',
  allowed_auth_methods: [],
  mfa_policy: mfaPolicy,
  rbac_email_implicit_role_assignments: [],
  mfa_methods: 'ALL_ALLOWED',
  allowed_mfa_methods: [],
  oauth_tenant_jit_provisioning: 'NOT_ALLOWED',
  claimed_email_domains: [],
  first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_first_party_connected_apps: [],
  third_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_third_party_connected_apps: [],
  custom_roles: [],
})

/**
 * A provider of a hundred lines that records what it is asked and can lie. What a truthful provider does is tested
 * with the real server; this one is for wrong answers, for faults, and for looking at requests.
 */
export function createFakeProvider(now: () => number = Date.now): FakeProvider {
  const people = new Map<string, FakePerson>()
  const sessions: FakeProvider['sessions'] = new Map()
  let made = 0
  const nextId = (prefix: string) => `${prefix}-test-${++made}`
  const newCodes = () => Array.from({ length: 10 }, (_, index) => `SENTINEL-rc${made}-${index}`)

  const person = (id: string): FakePerson => {
    const known = people.get(id) ?? { factorId: null, pendingId: null, codes: [] }
    people.set(id, known)
    return known
  }

  const begin = (id: string) => {
    const him = person(id)
    if (him.factorId) return refusal(400, 'active_totp_exists')
    him.pendingId = nextId('totp')
    him.codes = newCodes()
    return him
  }

  const raise = (id: string, body: Record<string, unknown>, factor: object) => {
    const proof = body['session_token'] ?? body['intermediate_session_token']
    const known = typeof proof === 'string' ? sessions.get(proof) : undefined
    if (typeof body['session_token'] === 'string' && !known) return refusal(404, 'session_not_found')
    const minutes = Number(body['session_duration_minutes'] ?? 60)
    const token =
      typeof body['session_token'] === 'string' ? body['session_token'] : `SENTINEL-token-${++made}`
    const session = {
      id,
      factors: [...(known?.factors ?? []), factor],
      expiresAt: known?.expiresAt ?? time(now() + minutes * 60_000),
    }
    sessions.set(token, session)
    return { token, session }
  }

  const factorOf = (totpId: string) => ({
    type: 'totp',
    delivery_method: 'authenticator_app',
    authenticator_app_factor: { totp_id: totpId },
  })
  const recoveryFactor = {
    type: 'recovery_codes',
    delivery_method: 'recovery_code',
    recovery_code_factor: { totp_recovery_code_id: 'rc' },
  }

  const userSession = (token: string) => {
    const session = sessions.get(token)
    if (!session) return null
    return {
      session_id: `session-${token}`,
      user_id: session.id,
      authentication_factors: session.factors,
      roles: [],
      expires_at: session.expiresAt,
    }
  }
  const memberSession = (token: string, organizationId: string) => {
    const session = sessions.get(token)
    if (!session) return null
    return {
      member_session_id: `session-${token}`,
      member_id: session.id,
      organization_id: organizationId,
      organization_slug: 'org',
      authentication_factors: session.factors,
      roles: [],
      started_at: time(now()),
      last_accessed_at: time(now()),
      expires_at: session.expiresAt,
    }
  }

  /** Judges a code as both products do: the verdict is a refusal or the session that it raised. */
  const judge = (id: string, code: unknown, body: Record<string, unknown>) => {
    const him = person(id)
    const totpId = him.factorId ?? him.pendingId
    if (!totpId) return refusal(404, 'totps_not_found_for_user')
    if (code !== rightCode) return refusal(401, 'unable_to_authenticate_totp')
    const raised = raise(id, body, factorOf(totpId))
    if (raised instanceof Response) return raised
    him.factorId = totpId
    him.pendingId = null
    return { totpId, ...raised }
  }
  const judgeRecovery = (id: string, code: unknown, body: Record<string, unknown>) => {
    const him = person(id)
    if (!him.factorId) return refusal(400, 'no_active_recovery_code_backed_factor')
    if (typeof code !== 'string' || !him.codes.includes(code)) {
      return refusal(401, 'unable_to_authenticate_recovery_code')
    }
    const raised = raise(id, body, recoveryFactor)
    if (raised instanceof Response) return raised
    him.codes = him.codes.filter((one) => one !== code)
    return { totpId: him.factorId, ...raised }
  }

  const fake: FakeProvider = {
    seen: [],
    sessions,
    person,
    count: (path) => fake.seen.filter((seen) => seen.path === path).length,
    lie: undefined,
    plainWire: false,
    mfaPolicy: 'OPTIONAL',
    now,
    async fetch(request) {
      const url = new URL(request.url)
      const text = await request.text()
      const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
      const seen = { method: request.method, path: decodeURIComponent(url.pathname), body }
      fake.seen.push(seen)
      const truth = async () => answer(seen, url)
      const told = fake.lie?.(seen, truth)
      if (told === undefined) return truth()
      const awaited = await told
      return awaited instanceof Response ? awaited : json(awaited)
    },
  }

  const answer = ({ method, path, body }: Seen, url: URL): Response => {
    const id = String(body['member_id'] ?? body['user_id'] ?? '')
    const org = String(body['organization_id'] ?? '')
    const about = (organizationId: string, memberId: string) => ({
      member_id: memberId,
      member: memberBody(organizationId, memberId, person(memberId)),
      organization: organizationBody(organizationId, fake.mfaPolicy),
    })
    const route = `${method} ${path}`
    const parts = path.split('/')

    if (path.startsWith('/v1/kit/')) {
      if (fake.plainWire) return refusal(404, 'route_not_found')
      if (path === '/v1/kit/capabilities') {
        return json({ rotate_consumer: true, sessions: true, reveal_recovery_codes: true })
      }
      person(id).codes = newCodes()
      return json({ user_id: id, recovery_codes: person(id).codes })
    }
    if (route === 'POST /v1/totps' || route === 'POST /v1/b2b/totp') {
      const begun = begin(id)
      if (begun instanceof Response) return begun
      const common = { secret: 'SENTINELSECRETSENTINELSECRETSENT', qr_code: '', recovery_codes: begun.codes }
      return org
        ? json({ ...about(org, id), ...common, totp_registration_id: begun.pendingId })
        : json({ user_id: id, user: userBody(id, begun), ...common, totp_id: begun.pendingId })
    }
    if (route === 'POST /v1/totps/authenticate' || route === 'POST /v1/totps/recover') {
      const verdict = path.endsWith('recover')
        ? judgeRecovery(id, body['recovery_code'], body)
        : judge(id, body['totp_code'], body)
      if (verdict instanceof Response) return verdict
      return json({
        user_id: id,
        user: userBody(id, person(id)),
        totp_id: verdict.totpId,
        session_token: verdict.token,
        session_jwt: 'SENTINEL-jwt',
        session: userSession(verdict.token),
      })
    }
    if (route === 'POST /v1/b2b/totp/authenticate' || route === 'POST /v1/b2b/recovery_codes/recover') {
      const verdict = path.endsWith('recover')
        ? judgeRecovery(id, body['recovery_code'], body)
        : judge(id, body['code'], body)
      if (verdict instanceof Response) return verdict
      return json({
        ...about(org, id),
        session_token: verdict.token,
        session_jwt: 'SENTINEL-jwt',
        member_session: memberSession(verdict.token, org),
        ...(path.endsWith('recover') ? { recovery_codes_remaining: person(id).codes.length } : {}),
      })
    }
    if (route === 'POST /v1/totps/recovery_codes') {
      const { factorId, codes } = person(id)
      const totps = factorId ? [{ totp_id: factorId, verified: true, recovery_codes: codes }] : []
      return json({ user_id: id, totps })
    }
    if (path.startsWith('/v1/b2b/recovery_codes/')) {
      const [organizationId = '', memberId = ''] = method === 'GET' ? parts.slice(-2) : [org, id]
      if (method === 'POST') person(memberId).codes = newCodes()
      return json({ ...about(organizationId, memberId), recovery_codes: person(memberId).codes })
    }
    if (path === '/v1/sessions/authenticate' || path === '/v1/b2b/sessions/authenticate') {
      const token = String(body['session_token'])
      const session = sessions.get(token)
      if (!session || Date.parse(session.expiresAt) <= now()) return refusal(404, 'session_not_found')
      const tokens = { session_token: token, session_jwt: 'SENTINEL-jwt' }
      return path.includes('b2b')
        ? json({ ...about('org-1', session.id), ...tokens, member_session: memberSession(token, 'org-1') })
        : json({ user: userBody(session.id, person(session.id)), ...tokens, session: userSession(token) })
    }
    if (path.endsWith('/sessions/revoke')) {
      sessions.delete(String(body['session_token']))
      return json({})
    }
    if (method === 'DELETE' && path.startsWith('/v1/users/totps/')) {
      const totpId = parts.at(-1)
      const [userId, him] = [...people].find(([, one]) => one.factorId === totpId) ?? []
      if (!userId || !him) return refusal(404, 'totp_not_found')
      him.factorId = null
      return json({ user_id: userId, user: userBody(userId, him) })
    }
    if (method === 'DELETE') {
      const [organizationId = '', memberId = ''] = [parts[4], parts[6]]
      person(memberId).factorId = null
      return json(about(organizationId, memberId))
    }
    if (path.startsWith('/v1/users/')) return json(userBody(parts[3] ?? '', person(parts[3] ?? '')))
    if (path.endsWith('/member')) {
      return json(about(parts[4] ?? '', url.searchParams.get('member_id') ?? ''))
    }
    return refusal(404, 'route_not_found')
  }

  return fake
}
