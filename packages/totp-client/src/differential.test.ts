import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as stytch from 'stytch'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { answers, requests } from '../test/samples.js'
import { createTotpClient } from './client.js'
import type { EndpointName, RequestOf, ResponseOf } from './wire.js'

// The official client is the oracle: whatever it sends, ours sends too.

interface Recorded {
  method: string | undefined
  path: string
  query: [string, string][]
  body: unknown
  authorization: string | undefined
  contentType: string | undefined
}

const recorded: Recorded[] = []
let answer: object = {}
const server = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  const url = new URL(request.url ?? '', 'http://localhost')
  recorded.push({
    method: request.method,
    path: url.pathname,
    query: [...url.searchParams],
    body: text === '' ? undefined : JSON.parse(text),
    authorization: request.headers.authorization,
    contentType: request.headers['content-type'],
  })
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
})

const credentials = {
  projectId: 'project-test-1',
  secret: 'secret-test-IJ7zLTgXp8xoS7yXO2xavNxZTbYfvm-2nZM=',
}
let ours: ReturnType<typeof createTotpClient>
let consumer: stytch.Client
let b2b: stytch.B2BClient

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  ours = createTotpClient({ ...credentials, baseUrl: url })
  // It warns of an env that is neither test nor live.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const config = () => ({ project_id: credentials.projectId, secret: credentials.secret, env: url })
  consumer = new stytch.Client(config())
  b2b = new stytch.B2BClient(config())
})
afterAll(async () => {
  await ours.close()
  server.closeAllConnections()
  server.close()
})

type Official = Exclude<EndpointName, `kit.${string}`>
interface Row<Name extends Official> {
  /** Every optional field with a value. */
  optional: Partial<RequestOf<Name>>
  official: (input: never) => Promise<unknown>
  our: (input: never) => Promise<unknown>
}

const proof = { session_token: 'token', session_jwt: 'jwt' }
const memberProof = { ...proof, intermediate_session_token: 'intermediate' }
const session = { session_duration_minutes: 60, session_custom_claims: { tier: 1, gone: null } }
const telemetry = { telemetry_id: 'telemetry' }
const json = { trusted_metadata: { a: { b: ['ä', 1, null] } } }

const rows: { [Name in Official]: Row<Name> } = {
  'totps.create': {
    optional: { expiration_minutes: 30 },
    official: (input) => consumer.totps.create(input),
    our: (input) => ours.totps.create(input),
  },
  'totps.authenticate': {
    optional: { ...proof, ...session, ...telemetry },
    official: (input) => consumer.totps.authenticate(input),
    our: (input) => ours.totps.authenticate(input),
  },
  'totps.recover': {
    optional: { ...proof, ...session, ...telemetry },
    official: (input) => consumer.totps.recover(input),
    our: (input) => ours.totps.recover(input),
  },
  'totps.recoveryCodes': {
    optional: {},
    official: (input) => consumer.totps.recoveryCodes(input),
    our: (input) => ours.totps.recoveryCodes(input),
  },
  'b2b.totps.create': {
    optional: { expiration_minutes: 30, ...memberProof },
    official: (input) => b2b.totps.create(input),
    our: (input) => ours.b2b.totps.create(input),
  },
  'b2b.totps.authenticate': {
    optional: {
      ...memberProof,
      ...session,
      set_mfa_enrollment: 'enroll',
      set_default_mfa: true,
      ...telemetry,
    },
    official: (input) => b2b.totps.authenticate(input),
    our: (input) => ours.b2b.totps.authenticate(input),
  },
  'b2b.totps.migrate': {
    optional: { recovery_codes: ['ckss-2skx-ebow'] },
    official: (input) => b2b.totps.migrate(input),
    our: (input) => ours.b2b.totps.migrate(input),
  },
  'b2b.recoveryCodes.get': {
    optional: {},
    official: (input) => b2b.recoveryCodes.get(input),
    our: (input) => ours.b2b.recoveryCodes.get(input),
  },
  'b2b.recoveryCodes.rotate': {
    optional: {},
    official: (input) => b2b.recoveryCodes.rotate(input),
    our: (input) => ours.b2b.recoveryCodes.rotate(input),
  },
  'b2b.recoveryCodes.recover': {
    optional: { ...memberProof, ...session, ...telemetry },
    official: (input) => b2b.recoveryCodes.recover(input),
    our: (input) => ours.b2b.recoveryCodes.recover(input),
  },
  'users.create': {
    optional: {
      email: 'ada@example.com',
      name: { first_name: 'Ada', last_name: 'Lovelace' },
      attributes: { ip_address: '203.0.113.1' },
      phone_number: '+10000000000',
      create_user_as_pending: true,
      ...json,
      untrusted_metadata: {},
      external_id: 'ada',
      roles: ['editor'],
    },
    official: (input) => consumer.users.create(input),
    our: (input) => ours.users.create(input),
  },
  'users.get': {
    optional: {},
    official: (input) => consumer.users.get(input),
    our: (input) => ours.users.get(input),
  },
  'users.deleteTotp': {
    optional: {},
    official: (input) => consumer.users.deleteTOTP(input),
    our: (input) => ours.users.deleteTotp(input),
  },
  'b2b.organizations.create': {
    optional: {
      organization_slug: 'acme',
      organization_logo_url: 'https://example.com/logo.png',
      ...json,
      organization_external_id: 'acme-1',
      sso_jit_provisioning: 'NOT_ALLOWED',
      email_allowed_domains: ['example.com'],
      email_jit_provisioning: 'RESTRICTED',
      email_invites: 'ALL_ALLOWED',
      auth_methods: 'RESTRICTED',
      allowed_auth_methods: ['password'],
      mfa_policy: 'REQUIRED_FOR_ALL',
      rbac_email_implicit_role_assignments: [{ domain: 'example.com', role_id: 'editor' }],
      mfa_methods: 'RESTRICTED',
      allowed_mfa_methods: ['totp'],
      oauth_tenant_jit_provisioning: 'NOT_ALLOWED',
      allowed_oauth_tenants: { slack: ['T1'] },
      claimed_email_domains: [],
      first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
      allowed_first_party_connected_apps: [],
      third_party_connected_apps_allowed_type: 'RESTRICTED',
      allowed_third_party_connected_apps: ['app'],
    },
    official: (input) => b2b.organizations.create(input),
    our: (input) => ours.b2b.organizations.create(input),
  },
  'b2b.organizations.get': {
    optional: {},
    official: (input) => b2b.organizations.get(input),
    our: (input) => ours.b2b.organizations.get(input),
  },
  'b2b.members.create': {
    optional: {
      name: 'Ada',
      ...json,
      untrusted_metadata: {},
      create_member_as_pending: true,
      is_breakglass: false,
      mfa_phone_number: '+10000000000',
      mfa_enrolled: true,
      roles: ['editor'],
      external_id: 'ada',
    },
    official: (input) => b2b.organizations.members.create(input),
    our: (input) => ours.b2b.members.create(input),
  },
  'b2b.members.get': {
    optional: { member_id: 'member-test-1', email_address: 'ada+ä b@example.com' },
    official: (input) => b2b.organizations.members.get(input),
    our: (input) => ours.b2b.members.get(input),
  },
  'b2b.members.deleteTotp': {
    optional: {},
    official: (input) => b2b.organizations.members.deleteTOTP(input),
    our: (input) => ours.b2b.members.deleteTotp(input),
  },
  'sessions.authenticate': {
    optional: { ...proof, ...session, authorization_check: { resource_id: 'documents', action: 'read' } },
    official: (input) => consumer.sessions.authenticate(input),
    our: (input) => ours.sessions.authenticate(input),
  },
  'sessions.revoke': {
    optional: { ...proof, session_id: 'session-test-1' },
    official: (input) => consumer.sessions.revoke(input),
    our: (input) => ours.sessions.revoke(input),
  },
  'sessions.jwks': {
    optional: {},
    official: (input) => consumer.sessions.getJWKS(input),
    our: (input) => ours.sessions.jwks(input),
  },
  'b2b.sessions.authenticate': {
    optional: {
      ...proof,
      ...session,
      authorization_check: {
        organization_id: 'organization-test-1',
        resource_id: 'documents',
        action: 'read',
      },
    },
    official: (input) => b2b.sessions.authenticate(input),
    our: (input) => ours.b2b.sessions.authenticate(input),
  },
  'b2b.sessions.revoke': {
    optional: { ...proof, member_session_id: 'session-test-1', member_id: 'member-test-1' },
    official: (input) => b2b.sessions.revoke(input),
    our: (input) => ours.b2b.sessions.revoke(input),
  },
  'b2b.sessions.jwks': {
    optional: {},
    official: (input) => b2b.sessions.getJWKS(input),
    our: (input) => ours.b2b.sessions.jwks(input),
  },
}

/** Every subset of up to nine fields; of more, those that hold or lack up to two. */
function subsetsOf(fields: string[]): string[][] {
  if (fields.length <= 9) {
    return Array.from({ length: 2 ** fields.length }, (_, bits) => fields.filter((_, i) => bits & (1 << i)))
  }
  const small = [
    [],
    ...fields.map((a) => [a]),
    ...fields.flatMap((a, i) => fields.slice(i + 1).map((b) => [a, b])),
  ]
  return [...small, ...small.map((set) => fields.filter((field) => !set.includes(field)))]
}

describe.each(Object.keys(rows) as Official[])('%s', (name) => {
  const row: {
    optional: object
    official(input: object): Promise<unknown>
    our(input: object): Promise<unknown>
  } = rows[name]
  const optional = new Map<string, unknown>(Object.entries(row.optional))

  it('sends what the official client sends, and resolves to the same body, for each subset of its optional fields', async () => {
    answer = answers[name]
    const subsets = subsetsOf([...optional.keys()])
    for (const fields of subsets) {
      const input = {
        ...requests[name],
        ...Object.fromEntries(fields.map((field) => [field, optional.get(field)])),
      }
      recorded.length = 0
      const theirs = await row.official(structuredClone(input))
      const result = await row.our(structuredClone(input))
      expect(recorded).toHaveLength(2)
      expect(recorded[1]).toEqual(recorded[0])
      expect(result).toEqual(theirs)
    }
  })

  it('leaves out what is undefined, as the official client does', async () => {
    answer = answers[name]
    const input = {
      ...requests[name],
      ...Object.fromEntries([...optional.keys()].map((field) => [field, undefined])),
    }
    recorded.length = 0
    await row.official(structuredClone(input))
    await row.our(structuredClone(input))
    expect(recorded[1]).toEqual(recorded[0])
  })
})

describe('ids in a path', () => {
  it.each(['auth0|5f7c', 'x.y_z-1', 'acme~2', 'A'.repeat(128)])(
    'are encoded as the official client does: %s',
    async (id) => {
      answer = answers['b2b.recoveryCodes.get']
      recorded.length = 0
      await b2b.recoveryCodes.get({ organization_id: id, member_id: id })
      await ours.b2b.recoveryCodes.get({ organization_id: id, member_id: id })
      expect(recorded[1]).toEqual(recorded[0])
    },
  )
})

it('takes and gives what the official types say', () => {
  type Requests = {
    'totps.create': stytch.TOTPsCreateRequest
    'totps.authenticate': stytch.TOTPsAuthenticateRequest
    'totps.recover': stytch.TOTPsRecoverRequest
    'totps.recoveryCodes': stytch.TOTPsRecoveryCodesRequest
    'b2b.totps.create': stytch.B2BTOTPsCreateRequest
    'b2b.totps.migrate': stytch.B2BTOTPsMigrateRequest
    'b2b.recoveryCodes.get': stytch.B2BRecoveryCodesGetRequest
    'b2b.recoveryCodes.rotate': stytch.B2BRecoveryCodesRotateRequest
    'b2b.recoveryCodes.recover': stytch.B2BRecoveryCodesRecoverRequest
    'users.create': stytch.UsersCreateRequest
    'users.get': stytch.UsersGetRequest
    'users.deleteTotp': stytch.UsersDeleteTOTPRequest
    'b2b.organizations.get': stytch.B2BOrganizationsGetRequest
    'b2b.members.create': stytch.B2BOrganizationsMembersCreateRequest
    'b2b.members.get': stytch.B2BOrganizationsMembersGetRequest
    'b2b.members.deleteTotp': stytch.B2BOrganizationsMembersDeleteTOTPRequest
    'sessions.authenticate': stytch.SessionsAuthenticateRequest
    'sessions.revoke': stytch.SessionsRevokeRequest
    'sessions.jwks': stytch.SessionsGetJWKSRequest
    'b2b.sessions.authenticate': stytch.B2BSessionsAuthenticateRequest
    'b2b.sessions.revoke': stytch.B2BSessionsRevokeRequest
    'b2b.sessions.jwks': stytch.B2BSessionsGetJWKSRequest
  }
  type Responses = {
    'totps.create': stytch.TOTPsCreateResponse
    'totps.authenticate': stytch.TOTPsAuthenticateResponse
    'totps.recover': stytch.TOTPsRecoverResponse
    'totps.recoveryCodes': stytch.TOTPsRecoveryCodesResponse
    'b2b.totps.create': stytch.B2BTOTPsCreateResponse
    'b2b.totps.authenticate': stytch.B2BTOTPsAuthenticateResponse
    'b2b.totps.migrate': stytch.B2BTOTPsMigrateResponse
    'b2b.recoveryCodes.get': stytch.B2BRecoveryCodesGetResponse
    'b2b.recoveryCodes.rotate': stytch.B2BRecoveryCodesRotateResponse
    'b2b.recoveryCodes.recover': stytch.B2BRecoveryCodesRecoverResponse
    'users.create': stytch.UsersCreateResponse
    'users.get': stytch.UsersGetResponse
    'users.deleteTotp': stytch.UsersDeleteTOTPResponse
    'b2b.organizations.create': stytch.B2BOrganizationsCreateResponse
    'b2b.organizations.get': stytch.B2BOrganizationsGetResponse
    'b2b.members.create': stytch.B2BOrganizationsMembersCreateResponse
    'b2b.members.get': stytch.B2BOrganizationsMembersGetResponse
    'b2b.members.deleteTotp': stytch.B2BOrganizationsMembersDeleteTOTPResponse
    'sessions.authenticate': stytch.SessionsAuthenticateResponse
    'sessions.revoke': stytch.SessionsRevokeResponse
    'sessions.jwks': stytch.SessionsGetJWKSResponse
    'b2b.sessions.authenticate': stytch.B2BSessionsAuthenticateResponse
    'b2b.sessions.revoke': stytch.B2BSessionsRevokeResponse
    'b2b.sessions.jwks': stytch.B2BSessionsGetJWKSResponse
  }
  type OurRequests = { [Name in keyof Requests]: RequestOf<Name> }
  type OurResponses = { [Name in keyof Responses]: ResponseOf<Name> }
  // The names of the fields are the same; what the official client takes, ours takes too.
  expectTypeOf<{ [Name in keyof Requests]: keyof Requests[Name] }>().toEqualTypeOf<{
    [Name in keyof Requests]: keyof OurRequests[Name]
  }>()
  expectTypeOf<Requests>().toExtend<OurRequests>()
  expectTypeOf<Responses>().toExtend<OurResponses>()
  expectTypeOf<keyof stytch.B2BTOTPsAuthenticateRequest>().toEqualTypeOf<
    keyof RequestOf<'b2b.totps.authenticate'>
  >()
  expectTypeOf<keyof stytch.B2BOrganizationsCreateRequest>().toEqualTypeOf<
    keyof RequestOf<'b2b.organizations.create'>
  >()
})
