import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createTotpClient } from '@kit/totp-client'
import { expect, it } from 'vitest'
import { BffError } from './errors.js'
import { stytchSession } from './identity-stytch.js'

const session = {
  session_id: 'session-1',
  user_id: 'user-1',
  authentication_factors: [],
  roles: [],
  expires_at: '2030-01-01T00:10:00Z',
}
const user = {
  user_id: 'user-1',
  emails: [{ email_id: 'e', email: 'ada@example.com', verified: true }],
  status: 'active',
  phone_numbers: [],
  webauthn_registrations: [],
  providers: [],
  totps: [],
  crypto_wallets: [],
  biometric_registrations: [],
  is_locked: false,
  roles: [],
}
const member = {
  organization_id: 'organization-1',
  member_id: 'member-1',
  email_address: 'bob@example.com',
  status: 'active',
  name: 'Bob',
  sso_registrations: [],
  is_breakglass: false,
  member_password_id: '',
  oauth_registrations: [],
  email_address_verified: true,
  mfa_phone_number_verified: false,
  is_admin: false,
  totp_registration_id: '',
  retired_email_addresses: [],
  is_locked: false,
  mfa_enrolled: false,
  mfa_phone_number: '',
  default_mfa_method: '',
  roles: [],
  scim_registration: null,
}

const refusal = (status: number, error_type: string) =>
  Response.json(
    { status_code: status, request_id: 'request-id-x', error_type, error_message: '', error_url: '' },
    { status },
  )

/** A provider with the answer of each endpoint, and the list of what it was asked. */
function setUp(answers: Record<string, () => Response>) {
  const asked: string[] = []
  const limit = { left: Number.POSITIVE_INFINITY }
  const clock = { now: Date.parse('2030-01-01T00:00:00Z') }
  const upstream = createTotpClient({
    projectId: 'project-test-1',
    secret: 'secret',
    fetch: async (req) => {
      const { pathname } = new URL(req.url)
      asked.push(`${pathname} ${await req.text()}`)
      return (answers[pathname] ?? (() => refusal(404, 'session_not_found')))()
    },
  })
  const connect = (options?: Parameters<typeof stytchSession>[0]) =>
    stytchSession(options).connect({
      upstream,
      now: () => clock.now,
      async limitQuestions() {
        if (limit.left-- <= 0) throw new BffError('rate_limited', { retryAfterSeconds: 60 })
      },
      tokenRefused: () => {},
    })
  return { asked, clock, connect, limit }
}

function request(cookie: string) {
  const req = new IncomingMessage(new Socket())
  req.headers.cookie = cookie
  return req
}

const userAnswer = () =>
  Response.json({
    status_code: 200,
    request_id: 'r',
    session,
    session_token: 'token-1',
    session_jwt: 'a.b.c',
    user,
  })

it('names the user of the session that the provider keeps in the browser, and asks once in five minutes', async () => {
  const { asked, clock, connect } = setUp({ '/v1/sessions/authenticate': userAnswer })
  const identify = connect()
  const subject = {
    kind: 'user',
    userId: 'user-1',
    accountName: 'ada@example.com',
    sessionId: 'session-1',
    sessionToken: 'token-1',
  }
  for (let i = 0; i < 3; i++)
    expect(await identify(request('stytch_session=token-1; stytch_session_jwt=x'))).toEqual(subject)
  expect(asked).toEqual(['/v1/sessions/authenticate {"session_token":"token-1"}'])
  clock.now += 299_000
  await identify(request('stytch_session=token-1'))
  expect(asked).toHaveLength(1)
  clock.now += 2_000
  await identify(request('stytch_session=token-1'))
  expect(asked).toHaveLength(2)
})

it('T71: an answer never counts for longer than the session lives', async () => {
  const { asked, clock, connect } = setUp({ '/v1/sessions/authenticate': userAnswer })
  const identify = connect()
  clock.now = Date.parse('2030-01-01T00:09:50Z')
  await identify(request('stytch_session=token-1'))
  clock.now += 11_000
  await identify(request('stytch_session=token-1'))
  expect(asked).toHaveLength(2)
})

it('T71: an answer about a session JWT never counts for longer than the JWT', async () => {
  const { asked, clock, connect } = setUp({ '/v1/sessions/authenticate': userAnswer })
  const identify = connect()
  const claims = Buffer.from(JSON.stringify({ exp: clock.now / 1_000 + 10 })).toString('base64url')
  const req = request(`stytch_session_jwt=e30.${claims}.c`)
  await identify(req)
  clock.now += 9_000
  await identify(req)
  expect(asked).toHaveLength(1)
  clock.now += 1_000
  await identify(req)
  expect(asked).toHaveLength(2)
})

it('reads the session JWT where the session token is not sent to this path', async () => {
  const { asked, connect } = setUp({ '/v1/sessions/authenticate': userAnswer })
  expect(await connect()(request('stytch_session_jwt=a.b.c'))).toMatchObject({ userId: 'user-1' })
  expect(asked).toEqual(['/v1/sessions/authenticate {"session_jwt":"a.b.c"}'])
})

it('names the member of a B2B project, whichever way that project refuses consumer calls', async () => {
  const memberAnswer = () =>
    Response.json({
      status_code: 200,
      request_id: 'r',
      member_session: {
        member_session_id: 'member-session-1',
        member_id: 'member-1',
        organization_id: 'organization-1',
        organization_slug: 'acme',
        started_at: '2030-01-01T00:00:00Z',
        last_accessed_at: '2030-01-01T00:00:00Z',
        expires_at: '2030-01-01T01:00:00Z',
        authentication_factors: [],
        roles: [],
      },
      session_token: 'token-2',
      session_jwt: 'a.b.c',
      member,
      organization: {
        organization_id: 'organization-1',
        organization_name: 'Acme',
        organization_logo_url: '',
        organization_slug: 'acme',
        sso_jit_provisioning: '',
        sso_jit_provisioning_allowed_connections: [],
        sso_active_connections: [],
        email_allowed_domains: [],
        email_jit_provisioning: '',
        email_invites: '',
        auth_methods: '',
        allowed_auth_methods: [],
        mfa_policy: '',
        rbac_email_implicit_role_assignments: [],
        mfa_methods: '',
        allowed_mfa_methods: [],
        oauth_tenant_jit_provisioning: '',
        claimed_email_domains: [],
        first_party_connected_apps_allowed_type: '',
        allowed_first_party_connected_apps: [],
        third_party_connected_apps_allowed_type: '',
        allowed_third_party_connected_apps: [],
        custom_roles: [],
      },
    })
  const answers = {
    '/v1/sessions/authenticate': () => refusal(400, 'invalid_consumer_endpoint'),
    '/v1/b2b/sessions/authenticate': memberAnswer,
  }
  const subject = {
    kind: 'member',
    organizationId: 'organization-1',
    memberId: 'member-1',
    accountName: 'bob@example.com',
    sessionId: 'member-session-1',
    sessionToken: 'token-2',
  }
  const both = setUp(answers)
  expect(await both.connect()(request('stytch_session=token-2'))).toEqual(subject)
  const alone = setUp(answers)
  expect(await alone.connect({ kind: 'member' })(request('stytch_session=token-2'))).toEqual(subject)
  expect(alone.asked).toHaveLength(1)
})

it('takes a session that the provider does not know for nobody', async () => {
  const { connect, asked } = setUp({})
  const identify = connect()
  expect(await identify(request('stytch_session=gone'))).toBeNull()
  expect(asked).toHaveLength(2)
  for (const cookie of [
    '',
    'other=1',
    'stytch_session=',
    'stytch_session=a; stytch_session=b',
    `stytch_session=${'x'.repeat(9_000)}`,
  ]) {
    expect(await identify(request(cookie)), cookie).toBeNull()
  }
  expect(asked).toHaveLength(2)
})

it('T30: asks once in some seconds about a session that the provider does not know', async () => {
  const { connect, asked, clock } = setUp({})
  const identify = connect({ kind: 'user' })
  for (let i = 0; i < 3; i++) expect(await identify(request('stytch_session=gone'))).toBeNull()
  expect(asked).toHaveLength(1)
  clock.now += 5_001
  expect(await identify(request('stytch_session=gone'))).toBeNull()
  expect(asked).toHaveLength(2)
})

it('T30: has a limit to what it asks about sessions that it does not know, and none to those it does', async () => {
  const { connect, asked, limit } = setUp({ '/v1/sessions/authenticate': userAnswer })
  limit.left = 1
  const identify = connect()
  for (let i = 0; i < 3; i++) expect(await identify(request('stytch_session=token-1'))).not.toBeNull()
  await expect(async () => identify(request('stytch_session=other'))).rejects.toMatchObject({
    code: 'rate_limited',
  })
  expect(asked).toHaveLength(1)
})

it('F44, T71: asks again once the clock was set back, about whom it knew and whom it did not', async () => {
  const answers = { '/v1/sessions/authenticate': userAnswer }
  const { asked, clock, connect } = setUp(answers)
  const identify = connect({ kind: 'user' })
  expect(await identify(request('stytch_session=token-1'))).not.toBeNull()
  clock.now -= 3_600_000
  answers['/v1/sessions/authenticate'] = () => refusal(404, 'session_not_found')
  expect(await identify(request('stytch_session=token-1'))).toBeNull()
  clock.now -= 3_600_000
  answers['/v1/sessions/authenticate'] = userAnswer
  expect(await identify(request('stytch_session=token-1'))).not.toBeNull()
  expect(asked).toHaveLength(3)
})

it('takes a provider that fails, or that refuses us, for no answer about the person', async () => {
  const broken = setUp({ '/v1/sessions/authenticate': () => new Response('', { status: 502 }) })
  await expect(broken.connect()(request('stytch_session=token-1'))).rejects.toMatchObject({
    code: 'upstream_unavailable',
  })
  const refused = setUp({ '/v1/sessions/authenticate': () => refusal(401, 'unauthorized_credentials') })
  await expect(refused.connect()(request('stytch_session=token-1'))).rejects.toMatchObject({
    errorType: 'unauthorized_credentials',
  })
})

it('asks once for all requests that a page sends at once', async () => {
  const { asked, connect } = setUp({ '/v1/sessions/authenticate': userAnswer })
  const identify = connect()
  await Promise.all(Array.from({ length: 10 }, () => identify(request('stytch_session=token-1'))))
  expect(asked).toHaveLength(1)
})
