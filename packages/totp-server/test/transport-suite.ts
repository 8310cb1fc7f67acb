import { type EndpointName, endpoints } from '@kit/totp-client/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  basic,
  enrol,
  enrolMember,
  makeMember,
  makeUser,
  projectId,
  secret,
  uniqueName,
  type World,
} from './world.js'

/** What holds for requests of any kind, over any way to any engine. */
export function transportSuite(worldOf: () => World): void {
  const refusalOf = async (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => {
    const answer = await worldOf().call(method, path, body, headers)
    return [answer.status, answer.body.error_type]
  }

  describe.each(Object.keys(endpoints) as EndpointName[])('%s', (name) => {
    const { method, path } = endpoints[name]
    const filled = path.replace(/\{\w+\}/g, projectId)
    const isPublic = name.endsWith('jwks')

    test('knows no other method', async () => {
      const other = method === 'POST' ? 'PUT' : 'POST'
      const [status] = await refusalOf(other, filled, {})
      // Some paths are those of another endpoint too, whose answer this then is.
      expect([400, 404, 405]).toContain(status)
    })

    if (isPublic) return
    test('T96: refuses whoever does not know the secret', async () => {
      for (const authorization of [
        '',
        'Bearer x',
        'Basic !',
        basic(projectId, `${secret}x`),
        basic(projectId, secret.slice(0, -1)),
        basic(projectId, ''),
        basic('project-test-22222222-2222-4222-8222-222222222222', secret),
      ]) {
        expect(await refusalOf(method, filled, undefined, { authorization })).toEqual([
          401,
          'unauthorized_credentials',
        ])
      }
    })
  })

  test('T96: a project id that is none is named as such', async () => {
    expect(await refusalOf('POST', '/v1/totps', {}, { authorization: basic('nonsense', secret) })).toEqual([
      400,
      'invalid_project_id_authentication',
    ])
  })

  test('paths that are none are JSON 404s, with and without credentials right', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/nothing',
      '/v1/totps/',
      '/V1/totps',
      '/v1/users/a/b',
      '/v1/users/',
      '/v2/totps',
    ]) {
      const answer = await worldOf().call('GET', path)
      expect([path, answer.status, answer.body.error_type]).toEqual([path, 404, 'route_not_found'])
    }
    expect(await refusalOf('DELETE', '/v1/totps')).toEqual([405, 'method_not_allowed'])
  })

  test.each(['', 'null', '[]', '"text"', '12', '{', '{"a":', '\u0000', '[[[[[[[[[[[['])(
    'a body of %j is a bad request',
    async (body) => {
      expect(await refusalOf('POST', '/v1/totps/authenticate', body)).toEqual([400, 'bad_request'])
    },
  )

  test('a body above 64 KiB is refused', async () => {
    const [status, type] = await refusalOf('POST', '/v1/totps', { user_id: 'x'.repeat(70_000) })
    expect([status, type]).toEqual([413, 'bad_request'])
  })

  test('T91: a body nested more than 64 levels deep is refused, wherever it is', async () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    const lists = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const world = worldOf()
    for (const value of [nested(64), nested(9000), lists(64), lists(30_000)]) {
      for (const field of ['trusted_metadata', 'session_custom_claims', 'whatever']) {
        const { status, body } = await world.call('POST', '/v1/users', `{"${field}":${value}}`)
        expect([status, body.error_type]).toEqual([400, 'bad_request'])
        expect(body.error_message).toContain('64 levels')
      }
    }
    const email = `deep-${world.clock.nowMs}@example.com`
    const text = `{"email":"${email}","trusted_metadata":${nested(63)}}`
    expect((await world.call('POST', '/v1/users', text)).status).toBe(200)
  })

  test('a refused field is named, its value is not', async () => {
    const { body } = await worldOf().post('/v1/totps/authenticate', {
      user_id: 'u',
      totp_code: { inner: 'SENTINEL' },
    })
    expect(body.error_message).toContain('totp_code')
    expect(JSON.stringify(body)).not.toContain('SENTINEL')
  })

  test('null is absent, and fields that nobody knows are no error', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    const asked = { user_id, expiration_minutes: null, whatever: { deep: [1] }, __proto__: null }
    expect((await world.post('/v1/totps', asked)).status).toBe(200)
    const made = await world.post('/v1/users', {
      email: `nulls-${world.clock.nowMs}@example.com`,
      name: { first_name: 'Ada', middle_name: null },
      attributes: { ip_address: null },
      trusted_metadata: { kept: null },
    })
    expect(made.body.user).toMatchObject({
      name: { first_name: 'Ada', middle_name: '', last_name: '' },
      trusted_metadata: { kept: null },
    })
  })

  test('an organization is made whatever its name, with a slug of its own', async () => {
    const world = worldOf()
    const slugs = new Set<string>()
    const ownForm = 'Organization Test 1'
    const names = [
      '日本語',
      '日本語',
      'x',
      'a'.repeat(200),
      '東京 Inc',
      '大阪 Inc',
      'Bravo',
      'Bravo',
      ownForm,
    ]
    for (const organization_name of names) {
      const { status, body } = await world.post('/v1/b2b/organizations', { organization_name })
      expect([organization_name, status]).toEqual([organization_name, 200])
      const { organization_slug, scim_active_connections } = body.organization
      expect(scim_active_connections).toEqual([])
      slugs.add(organization_slug)
      const path = `/v1/b2b/organizations/${organization_slug}`
      expect((await world.get(path)).body.organization).toMatchObject({ organization_name })
    }
    expect(slugs.size).toBe(names.length)
    expect(slugs).toContain('bravo')
    const taken = { organization_name: 'Bravo', organization_slug: 'bravo' }
    expect(await refusalOf('POST', '/v1/b2b/organizations', taken)).toEqual([
      400,
      'organization_slug_already_used',
    ])
    for (const organization_slug of ['x', 'a'.repeat(129), 'organization-live-1', 'user-test-1']) {
      const asked = { organization_name: '日本語', organization_slug }
      expect(await refusalOf('POST', '/v1/b2b/organizations', asked)).toEqual([
        400,
        'invalid_organization_slug',
      ])
    }
    expect(slugs).not.toContain('organization-test-1')
  })

  test('an e-mail address has at most 254 characters, as RFC 5321 allows', async () => {
    const world = worldOf()
    const { organization_id } = await makeMember(world)
    const ofLength = (length: number) => {
      const name = `${uniqueName('ada')}@`
      return `${name}${'e'.repeat(length - name.length - 4)}.com`
    }
    const members = `/v1/b2b/organizations/${organization_id}/members`
    for (const [path, field] of [
      ['/v1/users', 'email'],
      [members, 'email_address'],
    ] as const) {
      expect((await world.post(path, { [field]: ofLength(254) })).status).toBe(200)
      for (const length of [255, 10_000]) {
        expect(await refusalOf('POST', path, { [field]: ofLength(length) })).toEqual([400, 'invalid_email'])
      }
    }
  })

  test('what cannot be the id of a registration is named as such', async () => {
    for (const id of [
      'garbage',
      'user-test-16d9ba61-97a1-4ba4-9720-b03761dc50c6',
      'totp-test-',
      'totp-x-1',
    ]) {
      expect(await refusalOf('DELETE', `/v1/users/totps/${id}`)).toEqual([400, 'invalid_totp_id'])
    }
  })

  test('the wire’s quirks: bodies on DELETE, headers or ids in the query, encoded ids, no content type', async () => {
    const world = worldOf()
    const { totp_id } = await enrol(world)
    const query = '?X-Stytch-Member-Session=tok&X-Stytch-Member-SessionJWT=jwt'
    expect(
      (await world.call('DELETE', `/v1/users/totps/${encodeURIComponent(totp_id)}${query}`, '{}')).status,
    ).toBe(200)
    const { organization_id, member_id } = await enrolMember(world)
    const path = `/v1/b2b/recovery_codes/${organization_id}/${member_id}`
    expect(
      (await world.get(`${path}?organization_id=${organization_id}&member_id=${member_id}`)).status,
    ).toBe(200)
    expect((await world.get(`${path}?organization_id=other&member_id=other`)).status).toBe(200)
    const odd = await makeMember(world, {}, { external_id: 'a|b.c_d-e' })
    const encoded = `/v1/b2b/organizations/${odd.organization_id}/members/${encodeURIComponent('a|b.c_d-e')}/totp`
    expect(await refusalOf('DELETE', encoded)).toEqual([404, 'totp_not_found'])
    const user_id = await makeUser(world)
    const plain = await world.call('POST', '/v1/totps', { user_id }, { 'content-type': 'text/plain' })
    expect(plain.status).toBe(200)
  })

  test('T84: whoever is unknown is told so, with every endpoint that takes a person', async () => {
    const world = worldOf()
    const { organization_id } = await makeMember(world)
    const user_id = 'user-test-00000000-0000-4000-8000-000000000000'
    const ids = { organization_id, member_id: 'member-test-00000000-0000-4000-8000-000000000000' }
    const unknown = [
      await refusalOf('POST', '/v1/totps', { user_id }),
      await refusalOf('POST', '/v1/totps/authenticate', { user_id, totp_code: '123456' }),
      await refusalOf('POST', '/v1/totps/recover', { user_id, recovery_code: '0000-0000-0000-0000' }),
      await refusalOf('POST', '/v1/totps/recovery_codes', { user_id }),
      await refusalOf('GET', `/v1/users/${user_id}`),
    ]
    expect(unknown).toEqual(Array(5).fill([404, 'user_not_found']))
    expect(await refusalOf('POST', '/v1/b2b/totp', ids)).toEqual([404, 'member_not_found'])
    expect(await refusalOf('POST', '/v1/b2b/totp', { ...ids, organization_id: 'nowhere' })).toEqual([
      404,
      'organization_not_found',
    ])
  })

  test('T98: a backslash before u0000 is text, and the NUL character is refused', async () => {
    const world = worldOf()
    const make = (path: string) => {
      const untrusted_metadata = `{"path":"${path}"}`
      const email = `${uniqueName('ada')}@example.com`
      return world.post('/v1/users', `{"email":"${email}","untrusted_metadata":${untrusted_metadata}}`)
    }
    const kept = await make('C:\\\\u0000')
    expect([kept.status, kept.body.user?.untrusted_metadata]).toEqual([200, { path: 'C:\\u0000' }])
    for (const path of ['\\u0000', '\\\\\\u0000']) expect((await make(path)).status).toBe(400)
  })

  test('T98: whatever text is put into whatever field, nothing breaks', async () => {
    const world = worldOf()
    const { user_id } = await enrol(world)
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        `'; DROP TABLE users; --`,
        '\u0000',
        '\ud800',
        '__proto__',
        '{{1+1}}',
        '%00',
        'x'.repeat(5000),
      ),
    )
    await fc.assert(
      fc.asyncProperty(text, text, text, async (one, two, three) => {
        const answers = [
          await world.post('/v1/totps/authenticate', { user_id: one, totp_code: two, session_token: three }),
          await world.post('/v1/totps/recover', { user_id, recovery_code: one, session_jwt: two }),
          await world.post('/v1/users', { email: one, external_id: two, name: { first_name: three } }),
          await world.post('/v1/b2b/organizations', { organization_name: one, organization_slug: two }),
          await world.post('/v1/b2b/sessions/authenticate', { session_token: one, session_jwt: two }),
          await world.get(`/v1/users/${encodeURIComponent(Buffer.from(one).toString())}`),
        ]
        for (const { status } of answers) expect([200, 400, 401, 404, 429]).toContain(status)
      }),
      { numRuns: 25 },
    )
  })

  test('users, organizations and members come back as they were made', async () => {
    const world = worldOf()
    const made = await world.post('/v1/users', {
      email: 'Grace@Example.com',
      phone_number: '+15551234567',
      external_id: `grace-${world.clock.nowMs}`,
      name: { first_name: 'Grace', last_name: 'Hopper' },
      trusted_metadata: { role: 'admiral' },
      untrusted_metadata: { theme: 'dark' },
      roles: ['admin'],
    })
    expect(made.body).toMatchObject({ status: 'active', email_id: expect.stringMatching(/^email-test-/) })
    const { body: user } = await world.get(`/v1/users/${made.body.user_id}`)
    const { request_id: _, status_code: __, ...fields } = user
    expect(fields).toEqual(made.body.user)
    expect(fields).toMatchObject({
      emails: [{ email: 'grace@example.com' }],
      name: { first_name: 'Grace', middle_name: '', last_name: 'Hopper' },
      trusted_metadata: { role: 'admiral' },
    })

    const { organization_id, member_id } = await makeMember(
      world,
      { organization_name: 'Navy', mfa_policy: 'REQUIRED_FOR_ALL', email_allowed_domains: ['navy.mil'] },
      { name: 'Grace', external_id: 'grace', mfa_enrolled: true, roles: ['captain'] },
    )
    const { body: byId } = await world.get(`/v1/b2b/organizations/${organization_id}/member?member_id=grace`)
    expect(byId).toMatchObject({
      member_id,
      member: { name: 'Grace', mfa_enrolled: true, roles: [{ role_id: 'captain' }] },
      organization: { mfa_policy: 'REQUIRED_FOR_ALL', email_allowed_domains: ['navy.mil'] },
    })
    const address = encodeURIComponent(byId.member.email_address.toUpperCase())
    const byEmail = await world.get(
      `/v1/b2b/organizations/${organization_id}/member?email_address=${address}`,
    )
    expect(byEmail.body.member_id).toBe(member_id)
    expect(await refusalOf('GET', `/v1/b2b/organizations/${organization_id}/member`)).toEqual([
      400,
      'invalid_member_get_fields',
    ])
  })

  test('what is taken is not made twice, and what makes no sense is not made', async () => {
    const world = worldOf()
    const name = `taken-${world.clock.nowMs}`
    const users = (body: object) => refusalOf('POST', '/v1/users', body)
    await users({ email: `${name}@example.com`, external_id: name })
    expect(await users({ email: `${name}@example.com` })).toEqual([400, 'duplicate_email'])
    expect(await users({ phone_number: '+1', external_id: name })).toEqual([
      400,
      'duplicate_user_external_id',
    ])
    expect(await users({})).toEqual([400, 'invalid_create_user_request'])
    expect(await users({ email: 'nonsense' })).toEqual([400, 'invalid_email'])
    for (const external_id of ['user-test-1', '.', '..', 'a b', ''])
      expect(await users({ email: 'a@b.c', external_id }), external_id).toEqual([400, 'bad_request'])
    for (const phone_number of ['', 'abc', '15551234567', '+0123', '+1234567890123456'])
      expect(await users({ phone_number }), phone_number).toEqual([400, 'invalid_phone_number'])
    const organizations = (body: object) => refusalOf('POST', '/v1/b2b/organizations', body)
    await organizations({ organization_name: 'A', organization_slug: name, organization_external_id: name })
    expect(await organizations({ organization_name: 'B', organization_slug: name })).toEqual([
      400,
      'organization_slug_already_used',
    ])
    expect(
      await organizations({
        organization_name: 'B',
        organization_slug: `${name}2`,
        organization_external_id: name,
      }),
    ).toEqual([400, 'duplicate_organization'])
    expect(await organizations({ organization_name: 'B', mfa_policy: 'NEVER' })).toEqual([
      400,
      'invalid_organization_mfa_policy',
    ])
    expect(await organizations({ organization_name: 'B', organization_slug: '..' })).toEqual([
      400,
      'invalid_organization_slug',
    ])
    expect(await organizations({ organization_name: 'B', allowed_mfa_methods: ['carrier_pigeon'] })).toEqual([
      400,
      'bad_request',
    ])
    const members = (body: object) => refusalOf('POST', `/v1/b2b/organizations/${name}/members`, body)
    await members({ email_address: 'm@example.com', external_id: 'm' })
    expect(await members({ email_address: 'M@example.com' })).toEqual([400, 'duplicate_member_email'])
    expect(await members({ email_address: 'n@example.com', external_id: 'm' })).toEqual([
      400,
      'duplicate_member_external_id',
    ])
  })

  test('an organization whose id can be none is no organization that is not there', async () => {
    const named = (organization_id: string) => ({ organization_id, member_id: 'ada', code: '123456' })
    for (const id of ['', 'a b', '..', 'x'.repeat(129)]) {
      const refused = await refusalOf('POST', '/v1/b2b/totp/authenticate', named(id))
      expect(refused, id).toEqual([400, 'invalid_organization_id'])
    }
    const missing = await refusalOf('POST', '/v1/b2b/totp/authenticate', named('nobody'))
    expect(missing).toEqual([404, 'organization_not_found'])
  })

  test('the query of what takes none says nothing, and a NUL in one names nobody', async () => {
    const [status] = await refusalOf('GET', '/v1/users/nobody?a=%00&user_id=%00')
    expect(status).toBe(404)
    const member = await refusalOf('GET', '/v1/b2b/organizations/nobody/member?member_id=%00')
    expect(member).toEqual([400, 'invalid_member_get_fields'])
  })

  test('a member with the role of an admin is one', async () => {
    const world = worldOf()
    const isAdmin = async (roles: string[]) => {
      const { organization_id, member_id } = await makeMember(world, {}, { roles })
      const path = `/v1/b2b/organizations/${organization_id}/member?member_id=${member_id}`
      return (await world.get(path)).body.member.is_admin
    }
    expect([await isAdmin(['stytch_admin']), await isAdmin(['captain'])]).toEqual([true, false])
  })

  test('capabilities tell of the additions', async () => {
    const { body } = await worldOf().get('/v1/kit/capabilities')
    expect(body).toMatchObject({ rotate_consumer: true, sessions: true, reveal_recovery_codes: true })
  })

  test('health and readiness need no credentials', async () => {
    const world = worldOf()
    for (const path of ['/healthz', '/readyz']) {
      expect((await world.call('GET', path, undefined, { authorization: '' })).status).toBe(200)
    }
  })
}
