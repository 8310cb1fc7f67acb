import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  codeOf,
  enrol,
  enrolMember,
  makeMember,
  makeUser,
  register,
  registerMember,
  uniqueName,
  type World,
  wrongCode,
} from './world.js'

const authenticate = '/v1/totps/authenticate'

/** What the endpoints that make and judge registrations promise, over any way to any engine. */
export function totpsSuite(worldOf: () => World): void {
  const guess = (user_id: string, totp_code: unknown) => worldOf().post(authenticate, { user_id, totp_code })

  test('create shows secret, QR code and ten recovery codes in their documented forms', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    const { status, body } = await world.post('/v1/totps', { user_id, expiration_minutes: 5 })
    expect(status).toBe(200)
    expect(body.totp_id).toMatch(/^totp-test-[0-9a-f-]{36}$/)
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(body.qr_code).toMatch(/^data:image\/png;base64,/)
    expect(body.recovery_codes).toHaveLength(10)
    for (const code of body.recovery_codes)
      expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/)
    expect(body.user.totps).toEqual([{ totp_id: body.totp_id, verified: false }])
  })

  test('the first code confirms, and without a duration there is no session', async () => {
    const world = worldOf()
    const { user_id, totp_id, secret } = await register(world)
    const { status, body } = await guess(user_id, codeOf(secret, world.clock.nowMs))
    expect(status).toBe(200)
    expect(body).toMatchObject({ user_id, totp_id, session: null, session_token: '', session_jwt: '' })
    expect(body.user.totps).toEqual([{ totp_id, verified: true }])
  })

  test('T3: a code is accepted once, whatever is tried within its window', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const code = codeOf(secret, world.clock.nowMs)
    expect((await guess(user_id, code)).status).toBe(200)
    for (let attempt = 0; attempt < 3; attempt++) {
      const again = await guess(user_id, code)
      expect([again.status, again.body.error_type]).toEqual([401, 'totp_code_already_authenticated'])
    }
    world.clock.nowMs += 30_000
    expect((await guess(user_id, code)).body.error_type).toBe('totp_code_already_authenticated')
  })

  test('T4: one of fifty parallel submissions wins', async () => {
    const world = worldOf()
    for (let round = 0; round < 3; round++) {
      const { user_id, secret } = await enrol(world)
      const code = codeOf(secret, world.clock.nowMs)
      const answers = await Promise.all(Array.from({ length: 50 }, () => guess(user_id, code)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(answers.every(({ status }) => [200, 401, 429].includes(status))).toBe(true)
    }
  })

  test('T5: after the code of the next step the current one and the one before are refused', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const at = (seconds: number) => guess(user_id, codeOf(secret, world.clock.nowMs + seconds * 1000))
    expect((await at(30)).status).toBe(200)
    expect((await at(0)).body.error_type).toBe('totp_code_already_authenticated')
    expect((await at(-30)).body.error_type).toBe('totp_code_already_authenticated')
  })

  test('T6: a respelled code is refused and costs an attempt', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const code = codeOf(secret, world.clock.nowMs)
    const fullWidth = code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
    const left = []
    for (const spelling of [` ${code}`, `${code}\n`, fullWidth, `${code.slice(0, 3)} ${code.slice(3)}`]) {
      const { status, body } = await guess(user_id, spelling)
      expect([status, body.error_type]).toEqual([400, 'invalid_totp_code'])
      left.push(body.error_details.attempts_left)
    }
    expect(left).toEqual([4, 3, 2, 1])
    expect((await guess(user_id, code)).status).toBe(200)
  })

  test('T7: the code that confirmed an enrolment opens nothing', async () => {
    const world = worldOf()
    const { user_id, secret } = await register(world)
    const code = codeOf(secret, world.clock.nowMs)
    expect((await guess(user_id, code)).status).toBe(200)
    expect((await guess(user_id, code)).body.error_type).toBe('totp_code_already_authenticated')
  })

  test('T8: codes of the step before, the current and the next one are right, no others', async () => {
    const world = worldOf()
    for (const offset of [-90, -61, -60, -45, -31, -30, -1, 0, 1, 29, 30, 31, 59, 60, 90]) {
      const { user_id, secret } = await enrol(world)
      world.clock.nowMs += 120_000
      const at = world.clock.nowMs + offset * 1000
      const steps = Math.floor(at / 30_000) - Math.floor(world.clock.nowMs / 30_000)
      const { status } = await guess(user_id, codeOf(secret, at))
      expect([offset, status]).toEqual([offset, Math.abs(steps) <= 1 ? 200 : 401])
    }
  })

  test('T9: time, period, algorithm, digits, window and secret of a request change nothing', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const totp_code = codeOf(secret, world.clock.nowMs + 300_000)
    const extra = { timestamp: world.clock.nowMs + 300_000, time: 1, period: 3600, window: 20, skew: 20 }
    const asked = { user_id, totp_code, ...extra, algorithm: 'SHA512', digits: 8, secret }
    expect((await world.post(authenticate, asked)).body.error_type).toBe('unable_to_authenticate_totp')
  })

  test('T11: no two registrations share a secret, and none is told again', async () => {
    const world = worldOf()
    const first = await register(world)
    const { body } = await world.post('/v1/totps', { user_id: first.user_id })
    expect(body.secret).not.toBe(first.secret)
    const told = [
      await guess(first.user_id, codeOf(body.secret, world.clock.nowMs)),
      await world.get(`/v1/users/${first.user_id}`),
      await world.post('/v1/totps/recovery_codes', { user_id: first.user_id }),
    ]
    expect(JSON.stringify(told)).not.toContain(body.secret)
  })

  test('T12: a code that is no JSON string is refused as a bad request, and costs nothing', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const anything = fc
      .anything({ maxDepth: 2 })
      .filter((value) => typeof value !== 'string' && value !== undefined)
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const text = JSON.stringify(value)
        fc.pre(text !== undefined && !text.startsWith('"'))
        const { status, body } = await world.call(
          'POST',
          authenticate,
          `{"user_id":"${user_id}","totp_code":${text}}`,
        )
        expect([status, body.error_type]).toEqual([400, 'bad_request'])
      }),
      { numRuns: 40 },
    )
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(200)
  })

  test('T13: a leading zero counts', async () => {
    const world = worldOf()
    const before = world.clock.nowMs
    const ids = await makeMember(world)
    await world.post('/v1/b2b/totp/migrate', {
      ...ids,
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      recovery_codes: [],
    })
    world.clock.nowMs = 1_111_111_109_000
    const judge = (code: unknown) => world.post('/v1/b2b/totp/authenticate', { ...ids, code })
    expect((await judge('81804')).status).toBe(400)
    expect((await judge(81804)).status).toBe(400)
    expect((await judge('081804')).status).toBe(200)
    world.clock.nowMs = before
  })

  test('T19: five wrong codes, then waits that grow; the right code is refused meanwhile', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const left = []
    for (let attempt = 0; attempt < 5; attempt++) {
      const { status, body } = await guess(user_id, wrongCode(secret, world.clock.nowMs))
      expect([status, body.error_type]).toEqual([401, 'unable_to_authenticate_totp'])
      left.push(body.error_details)
    }
    expect(left).toEqual([
      { attempts_left: 4 },
      { attempts_left: 3 },
      { attempts_left: 2 },
      { attempts_left: 1 },
      { attempts_left: 0, retry_after_seconds: 30 },
    ])
    const locked = await guess(user_id, codeOf(secret, world.clock.nowMs))
    expect([locked.status, locked.body.error_type]).toEqual([429, 'user_lock_limit_reached'])
    expect(locked.headers.get('retry-after')).toBe('30')
    expect((await world.get(`/v1/users/${user_id}`)).body).toMatchObject({ is_locked: true })
    world.clock.nowMs += 30_000
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(200)
    expect((await world.get(`/v1/users/${user_id}`)).body).toMatchObject({
      is_locked: false,
      lock_expires_at: null,
    })
  })

  test('T19: at the cap the factor is disabled; a recovery code makes it usable again', async () => {
    const world = worldOf()
    const { user_id, secret, recovery_codes } = await enrol(world)
    for (let attempt = 0; attempt < 50; attempt++) {
      expect((await guess(user_id, wrongCode(secret, world.clock.nowMs))).status).toBe(401)
      world.clock.nowMs += 3_600_000
    }
    world.clock.nowMs += 365 * 24 * 3_600_000
    const refused = await guess(user_id, codeOf(secret, world.clock.nowMs))
    expect([refused.status, refused.body.error_type]).toEqual([429, 'user_lock_limit_reached'])
    expect(refused.body.error_details).toEqual({ attempts_left: 0 })
    expect(refused.headers.has('retry-after')).toBe(false)
    const { body: user } = await world.get(`/v1/users/${user_id}`)
    expect(user).toMatchObject({ is_locked: true, lock_expires_at: null, totps: [{ verified: true }] })
    expect((await world.post('/v1/totps', { user_id })).body.error_type).toBe('active_totp_exists')
    const [recovery_code] = recovery_codes
    expect((await world.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(200)
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(200)
  })

  test('a user is told locked while no first code is taken, too', async () => {
    const world = worldOf()
    const { user_id, secret } = await register(world)
    for (let attempt = 0; attempt < 5; attempt++) await guess(user_id, wrongCode(secret, world.clock.nowMs))
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(429)
    const lock_expires_at = expect.stringMatching(/Z$/)
    expect((await world.get(`/v1/users/${user_id}`)).body).toMatchObject({ is_locked: true, lock_expires_at })
  })

  test('T20: sessions do not renew the budget', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const statuses = []
    for (let round = 0; round < 6; round++) {
      const { body } = await world.post('/v1/kit/sessions', { user_id })
      const totp_code = wrongCode(secret, world.clock.nowMs)
      const guessed = { user_id, totp_code, session_token: body.session_token }
      statuses.push((await world.post(authenticate, guessed)).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  })

  test('T21: a burst of two hundred wrong codes is judged five times', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const totp_code = wrongCode(secret, world.clock.nowMs)
    const answers = await Promise.all(Array.from({ length: 200 }, () => guess(user_id, totp_code)))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(195)
  })

  test('T24: neither a first factor nor another user ends a run of failures', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const other = await enrol(world)
    for (let attempt = 0; attempt < 4; attempt++) {
      await guess(user_id, wrongCode(secret, world.clock.nowMs))
      await world.post('/v1/kit/sessions', { user_id })
    }
    await guess(other.user_id, codeOf(other.secret, world.clock.nowMs))
    await guess(user_id, wrongCode(secret, world.clock.nowMs))
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(429)
  })

  test('T25: every spelling of a user and of a member is one budget', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const { external_id } = (await world.get(`/v1/users/${user_id}`)).body
    const statuses = []
    for (const spelling of [user_id, external_id, user_id, external_id, user_id, external_id]) {
      statuses.push((await guess(spelling, wrongCode(secret, world.clock.nowMs))).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    expect((await guess(user_id.toUpperCase(), '000000')).body.error_type).toBe('user_not_found')

    const member = await enrolMember(world, { organization_external_id: `${external_id}-org` })
    const { body } = await world.get(`/v1/b2b/organizations/${member.organization_id}`)
    const organizations = [member.organization_id, body.organization.organization_slug, `${external_id}-org`]
    const memberStatuses = []
    for (let attempt = 0; attempt < 6; attempt++) {
      const organization_id = organizations[attempt % 3]
      const code = wrongCode(member.secret, world.clock.nowMs)
      const asked = { organization_id, member_id: member.member_id, code }
      memberStatuses.push((await world.post('/v1/b2b/totp/authenticate', asked)).status)
    }
    expect(memberStatuses).toEqual([401, 401, 401, 401, 401, 429])
  })

  test('T31: while locked the right code is answered as a wrong one, and not spent', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const wrong = wrongCode(secret, world.clock.nowMs)
    for (let attempt = 0; attempt < 5; attempt++) await guess(user_id, wrong)
    world.clock.nowMs += 20_000
    const right = codeOf(secret, world.clock.nowMs + 30_000)
    const answers = [await guess(user_id, right), await guess(user_id, wrong)]
    const [forRight, forWrong] = answers.map(({ status, body: { request_id: _, ...body } }) => ({
      status,
      body,
    }))
    expect(forRight).toEqual(forWrong)
    world.clock.nowMs += 10_000
    expect((await guess(user_id, right)).status).toBe(200)
  })

  test('T35: with an active factor nothing new is started, and its code still works', async () => {
    const world = worldOf()
    const { user_id, secret } = await enrol(world)
    const refused = await world.post('/v1/totps', { user_id })
    expect([refused.status, refused.body.error_type]).toEqual([400, 'active_totp_exists'])
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(200)
  })

  test('T38: a secret sent along with the confirming code is not taken', async () => {
    const world = worldOf()
    const { user_id, secret } = await register(world)
    const mine = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const forged = { user_id, totp_code: codeOf(mine, world.clock.nowMs), secret: mine }
    expect((await world.post(authenticate, forged)).status).toBe(401)
    expect((await guess(user_id, codeOf(secret, world.clock.nowMs))).status).toBe(200)
  })

  test('T39: a pending registration ends when its minutes are over', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    const { body } = await world.post('/v1/totps', { user_id, expiration_minutes: 5 })
    world.clock.nowMs += 5 * 60_000
    const late = await guess(user_id, codeOf(body.secret, world.clock.nowMs))
    expect([late.status, late.body.error_type]).toEqual([401, 'expired_totp'])
    expect((await world.get(`/v1/users/${user_id}`)).body.totps).toEqual([])
    expect((await world.post('/v1/totps', { user_id })).status).toBe(200)
  })

  test.each([4, 1441, 5.5, -1, '10'])(
    'an expiration of %j minutes is refused',
    async (expiration_minutes) => {
      const world = worldOf()
      const user_id = await makeUser(world)
      const { status, body } = await world.post('/v1/totps', { user_id, expiration_minutes })
      expect([status, body.error_type]).toEqual([400, 'invalid_expiration'])
    },
  )

  test('T48: a second create takes the place of the first, whose code and recovery codes are void', async () => {
    const world = worldOf()
    const first = await register(world)
    const { user_id } = first
    const { body: second } = await world.post('/v1/totps', { user_id })
    expect(second.user.totps).toEqual([{ totp_id: second.totp_id, verified: false }])
    expect((await guess(user_id, codeOf(first.secret, world.clock.nowMs))).status).toBe(401)
    expect((await guess(user_id, codeOf(second.secret, world.clock.nowMs))).status).toBe(200)
    const recover = (recovery_code = '') => world.post('/v1/totps/recover', { user_id, recovery_code })
    expect((await recover(first.recovery_codes[0])).status).toBe(401)
    expect((await recover(second.recovery_codes[0])).status).toBe(200)
  })

  test('of twenty parallel creates one registration stays, and it is a whole one', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    const made = await Promise.all(Array.from({ length: 20 }, () => world.post('/v1/totps', { user_id })))
    expect(made.every(({ status }) => status === 200 || status === 400)).toBe(true)
    const { body } = await world.post('/v1/totps/recovery_codes', { user_id })
    expect(body.totps).toHaveLength(1)
    const winner = made.find((answer) => answer.body.totp_id === body.totps[0].totp_id)
    expect(winner?.body.recovery_codes).toEqual(body.totps[0].recovery_codes)
    expect((await guess(user_id, codeOf(winner?.body.secret, world.clock.nowMs))).status).toBe(200)
  })

  test('without a registration, and after its removal, a code finds none', async () => {
    const world = worldOf()
    const none = await guess(await makeUser(world), '123456')
    expect([none.status, none.body.error_type]).toEqual([404, 'totps_not_found_for_user'])
    const { user_id, totp_id, secret } = await enrol(world)
    const removed = await world.call('DELETE', `/v1/users/totps/${totp_id}`, '{}')
    expect(removed.body).toMatchObject({ user_id, user: { totps: [] } })
    const gone = await guess(user_id, codeOf(secret, world.clock.nowMs))
    expect([gone.status, gone.body.error_type]).toEqual([404, 'totps_not_found_for_user'])
    expect((await world.call('DELETE', `/v1/users/totps/${totp_id}`)).body.error_type).toBe('totp_not_found')
  })

  test('a recovery code in the code field is named as such', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    const { status, body } = await guess(user_id, recovery_codes[0])
    expect([status, body.error_type]).toEqual([400, 'recovery_code_used_as_totp_code'])
  })

  test('a member is enrolled by the first code, not by the registration alone', async () => {
    const world = worldOf()
    const ids = await makeMember(world)
    const { status, body } = await world.post('/v1/b2b/totp', ids)
    expect(status).toBe(200)
    expect(body.totp_registration_id).toMatch(/^member-totp-test-[0-9a-f-]{36}$/)
    expect(body.member).toMatchObject({
      totp_registration_id: '',
      mfa_enrolled: false,
      default_mfa_method: '',
    })
    const code = codeOf(body.secret, world.clock.nowMs)
    const done = await world.post('/v1/b2b/totp/authenticate', { ...ids, code, set_mfa_enrollment: 'enroll' })
    expect(done.body).toMatchObject({
      organization_id: ids.organization_id,
      member_id: ids.member_id,
      member: {
        totp_registration_id: body.totp_registration_id,
        mfa_enrolled: true,
        default_mfa_method: 'totp',
      },
    })
    expect(done.body.member_session.authentication_factors).toMatchObject([
      {
        type: 'totp',
        authenticator_app_factor: { totp_id: body.totp_registration_id },
        sequence_order: 'PRIMARY',
      },
    ])
  })

  test('enrolment stays as it is unless it is set; unenroll undoes it; a policy that requires MFA overrides', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const judge = async (of: typeof member, extra: object) => {
      world.clock.nowMs += 60_000
      const { organization_id, member_id } = of
      const code = codeOf(of.secret, world.clock.nowMs)
      return (await world.post('/v1/b2b/totp/authenticate', { organization_id, member_id, code, ...extra }))
        .body.member
    }
    expect((await judge(member, {})).mfa_enrolled).toBe(false)
    expect((await judge(member, { set_mfa_enrollment: 'enroll' })).mfa_enrolled).toBe(true)
    expect((await judge(member, {})).mfa_enrolled).toBe(true)
    expect((await judge(member, { set_mfa_enrollment: 'unenroll' })).mfa_enrolled).toBe(false)
    const required = await registerMember(world, { mfa_policy: 'REQUIRED_FOR_ALL' })
    expect((await judge(required, { set_mfa_enrollment: 'unenroll' })).mfa_enrolled).toBe(true)
  })

  test('an enrolment that was answered stays, whatever passes at the same time', async () => {
    const world = worldOf()
    for (let round = 0; round < 5; round++) {
      const ids = await makeMember(world)
      const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
      const moved = await world.post('/v1/b2b/totp/migrate', { ...ids, secret })
      const [recovery_code] = moved.body.recovery_codes
      const code = codeOf(secret, world.clock.nowMs)
      const [enrolled, recovered] = await Promise.all([
        world.post('/v1/b2b/totp/authenticate', { ...ids, code, set_mfa_enrollment: 'enroll' }),
        world.post('/v1/b2b/recovery_codes/recover', { ...ids, recovery_code }),
      ])
      expect([enrolled.status, recovered.status]).toEqual([200, 200])
      expect(enrolled.body.member.mfa_enrolled).toBe(true)
      const path = `/v1/b2b/organizations/${ids.organization_id}/member?member_id=${ids.member_id}`
      expect((await world.get(path)).body.member.mfa_enrolled).toBe(true)
    }
  })

  test('an organization that allows no authenticator apps refuses them', async () => {
    const world = worldOf()
    const ids = await makeMember(world, { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['sms_otp'] })
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const input = { ...ids, secret, code: codeOf(secret, world.clock.nowMs) }
    for (const path of ['/v1/b2b/totp', '/v1/b2b/totp/migrate', '/v1/b2b/totp/authenticate']) {
      const { status, body } = await world.post(path, input)
      expect([path, status, body.error_type]).toEqual([
        path,
        400,
        'operation_restricted_by_organization_mfa_methods',
      ])
    }
    const allowed = await makeMember(world, { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['totp'] })
    expect((await world.post('/v1/b2b/totp', allowed)).status).toBe(200)
    const member = { email_address: `${uniqueName('glass')}@example.com`, is_breakglass: true }
    const path = `/v1/b2b/organizations/${ids.organization_id}/members`
    const { member_id } = (await world.post(path, member)).body
    expect((await world.post('/v1/b2b/totp', { ...ids, member_id })).status).toBe(200)
  })

  test('a pending user cannot be given a factor', async () => {
    const world = worldOf()
    const email = `${uniqueName('pending')}@example.com`
    const { user_id } = (await world.post('/v1/users', { email, create_user_as_pending: true })).body
    const { status, body } = await world.post('/v1/totps', { user_id })
    expect([status, body.error_type]).toEqual([400, 'action_available_only_for_active_members'])
  })

  test('a pending member cannot be given a factor', async () => {
    const world = worldOf()
    const ids = await makeMember(world, {}, { create_member_as_pending: true })
    for (const path of ['/v1/b2b/totp', '/v1/b2b/totp/migrate']) {
      const { status, body } = await world.post(path, { ...ids, secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' })
      expect([status, body.error_type]).toEqual([400, 'action_available_only_for_active_members'])
    }
  })

  test('creating over an active factor needs a session that passed it', async () => {
    const world = worldOf()
    const member = await enrolMember(world)
    const { organization_id, member_id } = member
    const ids = { organization_id, member_id }
    const create = (proof: object) => world.post('/v1/b2b/totp', { ...ids, ...proof })
    expect((await create({})).body.error_type).toBe('insufficient_factors')
    const { body: first } = await world.post('/v1/kit/sessions', ids)
    expect((await create({ session_token: first.session_token })).body.error_type).toBe(
      'insufficient_factors',
    )
    const code = codeOf(member.secret, world.clock.nowMs)
    const { body: proven } = await world.post('/v1/b2b/totp/authenticate', { ...ids, code })
    expect((await create({ session_token: proven.session_token })).body.error_type).toBe('active_totp_exists')
    expect((await create({ session_jwt: proven.session_jwt })).body.error_type).toBe('active_totp_exists')
  })

  test.each([
    ['no recovery codes', undefined],
    ['null', null],
    ['an empty list', []],
  ])('migrate takes a secret that works at once and, with %s, mints codes', async (_name, recovery_codes) => {
    const world = worldOf()
    const ids = await makeMember(world)
    const secret = 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP'
    const { status, body } = await world.post('/v1/b2b/totp/migrate', { ...ids, secret, recovery_codes })
    expect(status).toBe(200)
    expect(body.recovery_codes).toHaveLength(10)
    expect(body).not.toHaveProperty('secret')
    expect(body.member.totp_registration_id).toBe(body.totp_registration_id)
    const code = codeOf(secret.replaceAll(' ', ''), world.clock.nowMs)
    expect((await world.post('/v1/b2b/totp/authenticate', { ...ids, code })).status).toBe(200)
  })

  test('migrate keeps the codes it is given, in whatever form their issuer gave them', async () => {
    const world = worldOf()
    const ids = await makeMember(world)
    const recovery_codes = ['ckss-2skx-ebow', '22o0-e6e9-plwt']
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const { body } = await world.post('/v1/b2b/totp/migrate', { ...ids, secret, recovery_codes })
    expect(body.recovery_codes).toEqual(recovery_codes)
    const recovered = await world.post('/v1/b2b/recovery_codes/recover', {
      ...ids,
      recovery_code: 'ckss-2skx-ebow',
    })
    expect(recovered.body.recovery_codes_remaining).toBe(1)
  })

  test('T10: migrate takes a secret of 128 bits, the fewest that RFC 4226 allows', async () => {
    const world = worldOf()
    const ids = await makeMember(world)
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY'
    expect((await world.post('/v1/b2b/totp/migrate', { ...ids, secret })).status).toBe(200)
  })

  test.each([
    ['a secret that is no base32', { secret: 'not base32!' }],
    ['T10: a secret of 120 bits', { secret: 'GEZDGNBVGY3TQOJQGEZDGNBV' }],
    ['a secret of more than 128 bytes', { secret: 'A'.repeat(210) }],
    ['a code that is none', { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', recovery_codes: ['?'] }],
    [
      'two equal codes',
      { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', recovery_codes: ['aaaa-bbbb', 'AAAABBBB'] },
    ],
  ])('migrate refuses %s and leaves nothing behind', async (_name, input) => {
    const world = worldOf()
    const ids = await makeMember(world)
    const { status, body } = await world.post('/v1/b2b/totp/migrate', { ...ids, ...input })
    expect(status).toBe(400)
    expect(['bad_request', 'invalid_recovery_code']).toContain(body.error_type)
    expect((await world.post('/v1/b2b/totp', ids)).status).toBe(200)
  })

  test('T42: nobody reaches the registration of somebody else', async () => {
    const world = worldOf()
    const mine = await enrol(world)
    const theirs = await enrolMember(world)
    const other = await makeMember(world)
    const foreign = await Promise.all([
      world.call('DELETE', `/v1/users/totps/${theirs.totp_registration_id}`),
      world.post('/v1/b2b/totp/authenticate', { ...other, member_id: theirs.member_id, code: '123456' }),
      world.get(`/v1/b2b/recovery_codes/${other.organization_id}/${theirs.member_id}`),
      world.call('DELETE', `/v1/b2b/organizations/${other.organization_id}/members/${theirs.member_id}/totp`),
      world.post(authenticate, { user_id: theirs.member_id, totp_code: '123456' }),
    ])
    const never = await Promise.all([
      world.call('DELETE', '/v1/users/totps/totp-test-none'),
      world.post('/v1/b2b/totp/authenticate', { ...other, member_id: 'member-test-none', code: '123456' }),
      world.get(`/v1/b2b/recovery_codes/${other.organization_id}/member-test-none`),
      world.call('DELETE', `/v1/b2b/organizations/${other.organization_id}/members/member-test-none/totp`),
      world.post(authenticate, { user_id: 'member-test-none', totp_code: '123456' }),
    ])
    const seen = (answers: typeof foreign) => answers.map(({ status, body }) => [status, body.error_message])
    expect(seen(foreign)).toEqual(seen(never))
    expect(foreign.every(({ status }) => status === 404)).toBe(true)
    expect((await guess(mine.user_id, codeOf(mine.secret, world.clock.nowMs))).status).toBe(200)
  })
}
