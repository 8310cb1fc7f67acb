import { expect, test } from 'vitest'
import {
  type Body,
  codeOf,
  type Enrolled,
  type EnrolledMember,
  enrol,
  enrolMember,
  makeMember,
  makeUser,
  uniqueName,
  type World,
  wrongCode,
} from './world.js'

const minute = 60_000

/** What sessions promise, over any way to any engine. */
export function sessionsSuite(worldOf: () => World): void {
  const rfc3339 = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
  const judge = async ({ user_id, secret }: Enrolled, extra: object): Promise<Body> => {
    const world = worldOf()
    world.clock.nowMs += minute
    const totp_code = codeOf(secret, world.clock.nowMs)
    return (await world.post('/v1/totps/authenticate', { user_id, totp_code, ...extra })).body
  }
  const judgeMember = async (member: EnrolledMember, extra: object): Promise<Body> => {
    const world = worldOf()
    world.clock.nowMs += minute
    const { organization_id, member_id } = member
    const code = codeOf(member.secret, world.clock.nowMs)
    return (await world.post('/v1/b2b/totp/authenticate', { organization_id, member_id, code, ...extra }))
      .body
  }
  const read = async (proof: object): Promise<Body> =>
    (await worldOf().post('/v1/sessions/authenticate', proof)).body
  const readMember = async (proof: object): Promise<Body> =>
    (await worldOf().post('/v1/b2b/sessions/authenticate', proof)).body

  test('with a duration a code starts a session, which token and JWT name', async () => {
    const world = worldOf()
    const enrolled = await enrol(world)
    const body = await judge(enrolled, { session_duration_minutes: 30 })
    const now = world.clock.nowMs
    expect(body.session_token).toMatch(/^[A-Za-z0-9_-]{44}$/)
    expect(body.session).toMatchObject({
      user_id: enrolled.user_id,
      started_at: rfc3339(now),
      last_accessed_at: rfc3339(now),
      expires_at: rfc3339(now + 30 * minute),
      authentication_factors: [
        {
          type: 'totp',
          delivery_method: 'authenticator_app',
          authenticator_app_factor: { totp_id: enrolled.totp_id },
          last_authenticated_at: rfc3339(now),
        },
      ],
    })
    const { session_token, session_jwt } = body
    for (const proof of [{ session_token }, { session_jwt }]) {
      const again = await read(proof)
      expect(again.session.session_id).toBe(body.session.session_id)
      expect(again.session_token).toBe(session_token)
      expect(again.user.user_id).toBe(enrolled.user_id)
    }
  })

  test('a passed session gets the factor added, and lasts as long as before without a duration', async () => {
    const world = worldOf()
    const enrolled = await enrol(world)
    const { user_id } = enrolled
    const { body: first } = await world.post('/v1/kit/sessions', { user_id, session_duration_minutes: 45 })
    expect(first.session.authentication_factors).toMatchObject([
      { type: 'password', sequence_order: 'PRIMARY' },
    ])
    const { session_token } = first
    const added = await judge(enrolled, { session_token })
    expect(added.session_token).toBe(session_token)
    expect(added.session).toMatchObject({
      session_id: first.session.session_id,
      expires_at: first.session.expires_at,
      authentication_factors: [{ type: 'password' }, { type: 'totp', sequence_order: 'SECONDARY' }],
    })
    const renewed = await judge(enrolled, { session_token, session_duration_minutes: 90 })
    expect(renewed.session.authentication_factors).toHaveLength(2)
    expect(renewed.session.expires_at).toBe(rfc3339(world.clock.nowMs + 90 * minute))
    expect(renewed.session.authentication_factors[1]).toMatchObject({
      created_at: added.session.authentication_factors[1].created_at,
      last_authenticated_at: rfc3339(world.clock.nowMs),
    })
  })

  test('a recovery code is a factor of the session too', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
    const [recovery_code] = recovery_codes
    const { body } = await world.post('/v1/totps/recover', { user_id, recovery_code, session_token })
    expect(body.session.authentication_factors).toMatchObject([
      { type: 'password' },
      { type: 'recovery_codes', delivery_method: 'recovery_code' },
    ])
    const { recovery_code_factor } = body.session.authentication_factors[1]
    expect(recovery_code_factor.totp_recovery_code_id).toMatch(/^totp-recovery-code-test-/)
  })

  test('a session that ended is not found, and cannot be revived', async () => {
    const world = worldOf()
    const { session_token, session_jwt } = await judge(await enrol(world), { session_duration_minutes: 5 })
    world.clock.nowMs += 5 * minute
    for (const proof of [
      { session_token },
      { session_jwt },
      { session_token, session_duration_minutes: 60 },
    ]) {
      const { status_code, error_type } = await read(proof)
      expect([status_code, error_type]).toEqual([404, 'session_not_found'])
    }
  })

  test('an expired JWT is exchanged for a new one while its session lives', async () => {
    const world = worldOf()
    const { session_jwt } = await judge(await enrol(world), { session_duration_minutes: 60 })
    world.clock.nowMs += 10 * minute
    const again = await read({ session_jwt })
    expect(again.status_code).toBe(200)
    expect(again.session_jwt).not.toBe(session_jwt)
  })

  test.each([['session_token'], ['session_jwt'], ['session_id']])(
    'revoke by %s ends a session at once',
    async (by) => {
      const world = worldOf()
      const body = await judge(await enrol(world), { session_duration_minutes: 60 })
      const { session_token, session_jwt } = body
      const names: Body = { session_token, session_jwt, session_id: body.session.session_id }
      expect((await world.post('/v1/sessions/revoke', { [by]: names[by] })).status).toBe(200)
      expect((await read({ session_token })).error_type).toBe('session_not_found')
      expect((await read({ session_jwt })).error_type).toBe('session_not_found')
    },
  )

  test('sessions take exactly one thing that names them', async () => {
    const world = worldOf()
    const { session_token, session_jwt } = await judge(await enrol(world), { session_duration_minutes: 60 })
    expect((await read({ session_token, session_jwt })).error_type).toBe('too_many_session_arguments')
    expect((await read({})).error_type).toBe('no_session_arguments')
    const revoke = async (by: object) => (await world.post('/v1/sessions/revoke', by)).body.error_type
    expect(await revoke({})).toBe('no_session_revoke_arguments')
    expect(await revoke({ session_token, session_jwt })).toBe('too_many_session_arguments')
    expect((await read({ session_token: 'no such token!' })).error_type).toBe('invalid_session_token')
    expect((await read({ session_token: 'nosuchtoken' })).error_type).toBe('session_not_found')
    expect((await read({ session_jwt: 'nonsense' })).error_type).toBe('unable_to_parse_session_jwt')
    const [head, claims] = session_jwt.split('.')
    expect((await read({ session_jwt: `${head}.${claims}.AAAA` })).error_type).toBe('jwt_invalid_claims')
  })

  test('a session of somebody else adds nothing, and the code is not spent', async () => {
    const world = worldOf()
    const enrolled = await enrol(world)
    const other = await makeUser(world)
    const { session_token } = (await world.post('/v1/kit/sessions', { user_id: other })).body
    const totp_code = codeOf(enrolled.secret, world.clock.nowMs)
    const { user_id } = enrolled
    const mixed = await world.post('/v1/totps/authenticate', { user_id, totp_code, session_token })
    expect([mixed.status, mixed.body.error_type]).toEqual([404, 'session_not_found'])
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
  })

  test.each([4, 527_041, 0, 7.5, '60', true])('a session of %j minutes is refused', async (minutes) => {
    const world = worldOf()
    const { user_id } = await enrol(world)
    const asked = { user_id, totp_code: '123456', session_duration_minutes: minutes }
    const { status, body } = await world.post('/v1/totps/authenticate', asked)
    expect([status, body.error_type]).toEqual([400, 'invalid_session_duration_minutes'])
    for (const ids of [{ user_id }, { organization_id: 'acme', member_id: 'bob' }]) {
      const begun = await world.post('/v1/kit/sessions', { ...ids, session_duration_minutes: minutes })
      expect([begun.status, begun.body.error_type]).toEqual([400, 'invalid_session_duration_minutes'])
    }
  })

  test.each([5, 527_040])('a session of %j minutes is made', async (session_duration_minutes) => {
    const world = worldOf()
    const { session } = await judge(await enrol(world), { session_duration_minutes })
    expect(session.expires_at).toBe(rfc3339(world.clock.nowMs + session_duration_minutes * minute))
  })

  test('custom claims are merged, null deletes, objects go deep, and the JWT carries them', async () => {
    const world = worldOf()
    const first = await judge(await enrol(world), {
      session_duration_minutes: 60,
      session_custom_claims: { plan: 'gold', nested: { a: 1, b: { c: 2, d: 3 } }, gone: true },
    })
    const { session_token } = first
    const change = { nested: { a: null, b: { d: 4 } }, gone: null, list: [1, null] }
    const second = await read({ session_token, session_duration_minutes: 60, session_custom_claims: change })
    const claims = { plan: 'gold', nested: { b: { c: 2, d: 4 } }, list: [1, null] }
    expect(second.session.custom_claims).toEqual(claims)
    const payload = JSON.parse(Buffer.from(second.session_jwt.split('.')[1], 'base64url').toString())
    expect(payload).toMatchObject(claims)
    const third = await read({ session_token, session_custom_claims: { plan: 'tin' } })
    expect(third.session.custom_claims).toEqual(claims)
    const replaced = { plan: { name: 'gold' }, list: { a: 1 } }
    const asked = { session_duration_minutes: 60, session_custom_claims: replaced }
    const fourth = await read({ session_token, ...asked })
    expect(fourth.session.custom_claims).toEqual({ ...claims, ...replaced })
  })

  test.each([
    [{ iss: 'me' }, 'reserved_claims_in_custom_claims'],
    [{ 'https://stytch.com/session': {} }, 'stytch_claims_in_custom_claims'],
    [{ text: 'x'.repeat(4096) }, 'custom_claims_too_large'],
  ])(
    'claims that nobody may set are refused, and no code is spent by it',
    async (session_custom_claims, type) => {
      const world = worldOf()
      const enrolled = await enrol(world)
      const { user_id } = enrolled
      const totp_code = codeOf(enrolled.secret, world.clock.nowMs)
      const asked = { user_id, totp_code, session_duration_minutes: 60 }
      const refused = await world.post('/v1/totps/authenticate', { ...asked, session_custom_claims })
      expect([refused.status, refused.body.error_type]).toEqual([400, type])
      expect((await world.post('/v1/totps/authenticate', asked)).status).toBe(200)
    },
  )

  test('a claim that JSON cannot hold is refused, and deletes nothing', async () => {
    const world = worldOf()
    const asked = { session_duration_minutes: 60, session_custom_claims: { a: 1 } }
    const { session_token } = await judge(await enrol(world), asked)
    const body = `{"session_token":"${session_token}","session_duration_minutes":60,"session_custom_claims":{"a":1e999}}`
    const refused = await world.post('/v1/sessions/authenticate', body)
    expect([refused.status, refused.body.error_type]).toEqual([400, 'unable_to_represent_custom_claims_json'])
    expect((await read({ session_token })).session.custom_claims).toEqual({ a: 1 })
  })

  test('of claims and durations that were answered none is lost to calls at the same time', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    for (let round = 0; round < 5; round++) {
      const asked = { user_id, session_duration_minutes: 5 }
      const { session_token } = (await world.post('/v1/kit/sessions', asked)).body
      const write = (claim: string) =>
        read({ session_token, session_duration_minutes: 1000, session_custom_claims: { [claim]: 1 } })
      const answers = await Promise.all([
        ...['a', 'b', 'c'].map(write),
        ...Array.from({ length: 4 }, () => read({ session_token })),
      ])
      expect(answers.map(({ status_code }) => status_code)).toEqual(Array(7).fill(200))
      expect((await read({ session_token })).session).toMatchObject({
        custom_claims: { a: 1, b: 1, c: 1 },
        expires_at: rfc3339(world.clock.nowMs + 1000 * minute),
      })
    }
  })

  test('claims that nobody may set are refused before anything is judged, with and without a duration', async () => {
    const world = worldOf()
    const user = await enrol(world)
    const member = await enrolMember(world)
    const { organization_id, member_id } = member
    const byUser = { user_id: user.user_id }
    const byMember = { organization_id, member_id }
    const session_custom_claims = { iss: 'me' }
    const calls: [string, object][] = [
      ['/v1/totps/authenticate', { ...byUser, totp_code: wrongCode(user.secret, world.clock.nowMs) }],
      ['/v1/totps/recover', { ...byUser, recovery_code: '0000-0000-0000-0000' }],
      ['/v1/b2b/totp/authenticate', { ...byMember, code: wrongCode(member.secret, world.clock.nowMs) }],
      ['/v1/b2b/recovery_codes/recover', { ...byMember, recovery_code: '0000-0000-0000-0000' }],
    ]
    for (const [path, asked] of calls) {
      for (let attempt = 0; attempt < 7; attempt++) {
        const { body } = await world.post(path, { ...asked, session_custom_claims })
        expect([path, body.error_type]).toEqual([path, 'reserved_claims_in_custom_claims'])
      }
      const { body } = await world.post(path, asked)
      expect([path, body.status_code]).toEqual([path, 401])
    }
  })

  test('claims too large together with those of the session cost no attempt', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const text = 'x'.repeat(3000)
    const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
    const change = { session_duration_minutes: 60, session_custom_claims: { text } }
    await read({ session_token, ...change })
    const totp_code = codeOf(secret, world.clock.nowMs)
    for (let attempt = 0; attempt < 7; attempt++) {
      const more = { ...change, session_custom_claims: { more: text } }
      const { body } = await world.post('/v1/totps/authenticate', {
        user_id,
        totp_code,
        session_token,
        ...more,
      })
      expect(body.error_type).toBe('custom_claims_too_large')
    }
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
  })

  test('an intermediate session becomes a session of two factors, once', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const { organization_id, member_id } = member
    const ids = { organization_id, member_id }
    const { body: begun } = await world.post('/v1/kit/intermediate_sessions', ids)
    const { intermediate_session_token } = begun
    expect(begun).toMatchObject(ids)
    const wrong = await world.post('/v1/b2b/totp/authenticate', {
      ...ids,
      code: '000000',
      intermediate_session_token,
    })
    expect(wrong.status).toBe(401)
    const done = await judgeMember(member, { intermediate_session_token })
    expect(done.member_session.authentication_factors).toMatchObject([
      { type: 'password', sequence_order: 'PRIMARY' },
      { type: 'totp', sequence_order: 'SECONDARY' },
    ])
    const now = world.clock.nowMs
    expect(done.member_session.expires_at).toBe(rfc3339(now + 60 * minute))
    expect((await judgeMember(member, { intermediate_session_token })).error_type).toBe(
      'intermediate_session_not_found',
    )
    const { session_token } = done
    expect((await readMember({ session_token })).member_session.member_session_id).toBe(
      done.member_session.member_session_id,
    )
  })

  test('an intermediate session ends after ten minutes, and is its member’s and organization’s alone', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const { organization_id, member_id } = member
    const begin = async (ids: object) => (await world.post('/v1/kit/intermediate_sessions', ids)).body
    const other = await makeMember(world)
    const { intermediate_session_token: foreign } = await begin(other)
    expect((await judgeMember(member, { intermediate_session_token: foreign })).error_type).toBe(
      'invalid_intermediate_session_token_for_organization',
    )
    const { intermediate_session_token } = await begin({ organization_id, member_id })
    world.clock.nowMs += 10 * minute
    expect((await judgeMember(member, { intermediate_session_token })).error_type).toBe(
      'intermediate_session_not_found',
    )
  })

  test('of parallel uses of one intermediate session one gets a session', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const { organization_id, member_id, recovery_codes } = member
    const ids = { organization_id, member_id }
    const { intermediate_session_token } = (await world.post('/v1/kit/intermediate_sessions', ids)).body
    const answers = await Promise.all(
      recovery_codes
        .slice(0, 4)
        .map((recovery_code) =>
          world.post('/v1/b2b/recovery_codes/recover', { ...ids, recovery_code, intermediate_session_token }),
        ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const left = await world.get(`/v1/b2b/recovery_codes/${organization_id}/${member_id}`)
    expect(left.body.recovery_codes).toHaveLength(9)
  })

  test('a member’s session of another member is refused, and so are two proofs at once', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const other = await makeMember(world)
    const { session_token, session_jwt } = (await world.post('/v1/kit/sessions', other)).body
    expect((await judgeMember(member, { session_token })).error_type).toBe(
      'member_session_member_id_mismatch',
    )
    expect((await judgeMember(member, { session_token, session_jwt })).error_type).toBe(
      'too_many_session_arguments',
    )
    const user_id = await makeUser(world)
    const { session_token: users } = (await world.post('/v1/kit/sessions', { user_id })).body
    expect((await judgeMember(member, { session_token: users })).error_type).toBe('session_not_found')
    expect((await readMember({ session_token: users })).error_type).toBe('session_not_found')
    expect((await read({ session_token })).error_type).toBe('session_not_found')
  })

  test('a member’s code without any proof starts a session of an hour', async () => {
    const world = worldOf()
    const { member_session, session_token, organization } = await judgeMember(await enrolMember(world), {})
    expect(member_session).toMatchObject({
      organization_slug: organization.organization_slug,
      expires_at: rfc3339(world.clock.nowMs + 60 * minute),
      authentication_factors: [{ type: 'totp' }],
    })
    expect(session_token).not.toBe('')
  })

  test.each([['session_token'], ['session_jwt'], ['member_session_id'], ['member_id']])(
    'a member’s session is revoked by %s',
    async (by) => {
      const world = worldOf()
      const member = await enrolMember(world)
      const body = await judgeMember(member, {})
      const { session_token, session_jwt, member_session } = body
      const { member_id } = member
      const names: Body = { session_token, session_jwt, member_id, ...member_session }
      expect((await world.post('/v1/b2b/sessions/revoke', { [by]: names[by] })).status).toBe(200)
      expect((await readMember({ session_token })).error_type).toBe('session_not_found')
    },
  )

  test('an external id revokes the sessions of every member who has it, and of nobody else', async () => {
    const world = worldOf()
    const external_id = uniqueName('ext')
    const begin = async (ids: object) => (await world.post('/v1/kit/sessions', ids)).body.session_token
    const mine = [
      await begin(await makeMember(world, {}, { external_id })),
      await begin(await makeMember(world, {}, { external_id })),
    ]
    const other = await begin(await makeMember(world, {}, { external_id: `${external_id}-other` }))
    expect((await world.post('/v1/b2b/sessions/revoke', { member_id: external_id })).status).toBe(200)
    for (const session_token of mine) {
      expect((await readMember({ session_token })).error_type).toBe('session_not_found')
    }
    expect((await readMember({ session_token: other })).status_code).toBe(200)
    for (const member_id of ['nobody', 'member-test-00000000-0000-4000-8000-000000000000']) {
      const { status, body } = await world.post('/v1/b2b/sessions/revoke', { member_id })
      expect([status, body.error_type]).toEqual([404, 'member_not_found'])
    }
  })

  test('T42: nothing is authorized that a session is asked about, since there are no roles to grant it', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
    const asked = { resource_id: 'documents', action: 'read' }
    const extended = { session_duration_minutes: 1000, session_custom_claims: { asked: true } }
    const refused = await read({ session_token, ...extended, authorization_check: asked })
    expect([refused.status_code, refused.error_type]).toEqual([403, 'session_authorization_error'])
    expect((await read({ session_token })).session.custom_claims).toEqual({})
    const ids = await makeMember(world)
    const { session_token: members } = (await world.post('/v1/kit/sessions', ids)).body
    const authorization_check = { ...asked, organization_id: ids.organization_id }
    expect((await readMember({ session_token: members, authorization_check })).error_type).toBe(
      'session_authorization_error',
    )
    expect((await readMember({ session_token: 'nosuchtoken', authorization_check })).error_type).toBe(
      'session_not_found',
    )
    expect((await readMember({ session_token: members, authorization_check: null })).status_code).toBe(200)
  })

  test('a removal on behalf of a member takes a session of that member', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const { organization_id, member_id } = member
    const path = `/v1/b2b/organizations/${organization_id}/members/${member_id}/totp`
    const remove = (headers: Record<string, string>) => world.call('DELETE', path, '{}', headers)
    const other = (await world.post('/v1/kit/sessions', await makeMember(world))).body
    const own = await judgeMember(member, {})
    expect((await remove({ 'x-stytch-member-session': 'none' })).body.error_type).toBe('session_not_found')
    expect((await remove({ 'x-stytch-member-session': other.session_token })).body.error_type).toBe(
      'member_session_member_id_mismatch',
    )
    const { status, body } = await remove({ 'x-stytch-member-sessionjwt': own.session_jwt })
    expect(status).toBe(200)
    expect(body.member).toMatchObject({ totp_registration_id: '', default_mfa_method: '' })
    expect((await remove({})).body.error_type).toBe('totp_not_found')
  })

  test('T42: sessions are revoked on behalf of a member where they are that member’s own', async () => {
    const world = worldOf()
    const external_id = uniqueName('ext')
    const begin = async (ids: object) => (await world.post('/v1/kit/sessions', ids)).body
    const revoke = async (by: object, headers: Record<string, string>) => {
      const { status, body } = await world.call('POST', '/v1/b2b/sessions/revoke', by, headers)
      return body.error_type ?? status
    }
    const mine = await makeMember(world, {}, { external_id })
    const theirs = await makeMember(world, {}, { external_id })
    const [own, caller, other] = [await begin(mine), await begin(mine), await begin(theirs)]
    const headers = { 'x-stytch-member-session': caller.session_token }
    for (const by of [
      { session_token: other.session_token },
      { session_jwt: other.session_jwt },
      { member_session_id: other.member_session.member_session_id },
      { member_id: theirs.member_id },
    ]) {
      expect(await revoke(by, headers)).toBe('member_session_member_id_mismatch')
    }
    const { session_token: users } = await begin({ user_id: await makeUser(world) })
    for (const session of ['none', users]) {
      expect(await revoke({ member_id: mine.member_id }, { 'x-stytch-member-session': session })).toBe(
        'session_not_found',
      )
    }
    const both = { ...headers, 'x-stytch-member-sessionjwt': caller.session_jwt }
    expect(await revoke({ member_id: mine.member_id }, both)).toBe('too_many_session_arguments')
    expect(await revoke({ session_token: own.session_token }, headers)).toBe(200)
    expect((await readMember({ session_token: own.session_token })).error_type).toBe('session_not_found')
    expect(
      await revoke({ member_id: external_id }, { 'x-stytch-member-sessionjwt': caller.session_jwt }),
    ).toBe(200)
    expect((await readMember({ session_token: caller.session_token })).error_type).toBe('session_not_found')
    expect((await readMember({ session_token: other.session_token })).status_code).toBe(200)
  })

  test('T42: no member makes another one, since there are no roles to grant it', async () => {
    const world = worldOf()
    const ids = await makeMember(world)
    const path = `/v1/b2b/organizations/${ids.organization_id}/members`
    const asked = { email_address: `${uniqueName('mallory')}@example.com` }
    const create = async (session: string) => {
      const headers = { 'x-stytch-member-session': session }
      const { status, body } = await world.call('POST', path, asked, headers)
      return [status, body.error_type]
    }
    expect(await create('none')).toEqual([404, 'session_not_found'])
    for (const of of [ids, await makeMember(world)]) {
      const { session_token } = (await world.post('/v1/kit/sessions', of)).body
      expect(await create(session_token)).toEqual([403, 'session_authorization_error'])
    }
    expect((await world.post(path, asked)).status).toBe(200)
  })

  test('JWKS is answered with and without credentials, for this project only', async () => {
    const world = worldOf()
    const project = 'project-test-11111111-1111-4111-8111-111111111111'
    for (const path of [`/v1/sessions/jwks/${project}`, `/v1/b2b/sessions/jwks/${project}`]) {
      const { body } = await world.get(path)
      expect(body.keys[0]).toMatchObject({ alg: 'ES256', use: 'sig', kty: 'EC' })
      // The official type requires them.
      expect(body.keys[0]).toMatchObject({ key_ops: ['verify'], x5c: [], x5tS256: '' })
      expect(body.keys[0]).not.toHaveProperty('d')
      const anonymous = await world.call('GET', path, undefined, { authorization: '' })
      expect(anonymous.body.keys).toEqual(body.keys)
    }
    expect((await world.get('/v1/sessions/jwks/project-test-other')).body.error_type).toBe(
      'project_not_found',
    )
  })
}
