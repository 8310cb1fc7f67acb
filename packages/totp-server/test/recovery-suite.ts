import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeOf, enrol, enrolMember, makeMember, makeUser, register, type World } from './world.js'

/** What the endpoints of recovery codes promise, over any way to any engine. */
export function recoverySuite(worldOf: () => World): void {
  const recover = (user_id: string, recovery_code: unknown, extra: object = {}) =>
    worldOf().post('/v1/totps/recover', { user_id, recovery_code, ...extra })
  const list = async (user_id: string): Promise<string[]> =>
    (await worldOf().post('/v1/totps/recovery_codes', { user_id })).body.totps[0].recovery_codes

  test('T49: a recovery code is accepted once, and is gone from the list', async () => {
    const { user_id, totp_id, recovery_codes } = await enrol(worldOf())
    const { status, body } = await recover(user_id, recovery_codes[2])
    expect(status).toBe(200)
    expect(body).toMatchObject({ user_id, totp_id, session: null, session_token: '', session_jwt: '' })
    const again = await recover(user_id, recovery_codes[2])
    expect([again.status, again.body.error_type]).toEqual([401, 'unable_to_authenticate_recovery_code'])
    expect(await list(user_id)).toEqual(recovery_codes.filter((_, index) => index !== 2))
  })

  test('T50: one of fifty parallel uses of a recovery code wins', async () => {
    const { user_id, recovery_codes } = await enrol(worldOf())
    const answers = await Promise.all(Array.from({ length: 50 }, () => recover(user_id, recovery_codes[0])))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await list(user_id)).toHaveLength(9)
  })

  test('T51: different codes used at once are used once each', async () => {
    const { user_id, recovery_codes } = await enrol(worldOf())
    const three = recovery_codes.slice(0, 3)
    const answers = await Promise.all(three.map((code) => recover(user_id, code)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await list(user_id)).toEqual(recovery_codes.slice(3))
  })

  test('T53: five wrong recovery codes an hour, whatever session asks, and no right one meanwhile', async () => {
    const world = worldOf()
    const { user_id, recovery_codes, secret } = await enrol(world)
    const left = []
    for (let attempt = 0; attempt < 5; attempt++) {
      const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
      const { status, body } = await recover(user_id, '0000-0000-0000-0000', { session_token })
      expect(status).toBe(401)
      left.push(body.error_details)
    }
    expect(left.map(({ attempts_left }) => attempts_left)).toEqual([4, 3, 2, 1, 0])
    expect(left[4].retry_after_seconds).toBe(3600)
    const refused = await recover(user_id, recovery_codes[0])
    expect([refused.status, refused.body.error_type]).toEqual([429, 'user_lock_limit_reached'])
    expect(refused.headers.get('retry-after')).toBe('3600')
    const totp_code = codeOf(secret, world.clock.nowMs)
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
    world.clock.nowMs += 3_600_000
    expect((await recover(user_id, recovery_codes[0])).status).toBe(200)
  })

  test('T25: every spelling of a person is one budget of recovery codes', async () => {
    const world = worldOf()
    const { user_id } = await enrol(world)
    const { external_id } = (await world.get(`/v1/users/${user_id}`)).body
    const statuses = []
    for (const spelling of [user_id, external_id, user_id, external_id, user_id, external_id]) {
      statuses.push((await recover(spelling, '0000-0000-0000-0000')).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  })

  test('T53: after twenty wrong ones in a row a day of waiting', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    const left: number[] = []
    for (let attempt = 1; attempt <= 20; attempt++) {
      const { status, body } = await recover(user_id, '0000-0000-0000-0000')
      expect(status).toBe(401)
      left.push(body.error_details.attempts_left)
      if (attempt % 4 === 0 && attempt < 20) world.clock.nowMs += 3_600_000
    }
    expect(left.slice(-8)).toEqual([4, 3, 2, 1, 3, 2, 1, 0])
    expect((await recover(user_id, recovery_codes[0])).headers.get('retry-after')).toBe('86400')
    world.clock.nowMs += 86_400_000
    expect((await recover(user_id, recovery_codes[0])).status).toBe(200)
  })

  test('T29: codes and recovery codes have budgets of their own', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    for (let attempt = 0; attempt < 6; attempt++) {
      await world.post('/v1/totps/authenticate', { user_id, totp_code: 'abcdef' })
    }
    expect((await recover(user_id, recovery_codes[0])).status).toBe(200)
  })

  test('T30: a recovery code opens a locked factor', async () => {
    const world = worldOf()
    const { user_id, recovery_codes, secret } = await enrol(world)
    const guess = (totp_code: string) => world.post('/v1/totps/authenticate', { user_id, totp_code })
    for (let attempt = 0; attempt < 5; attempt++) await guess('abcdef')
    expect((await guess(codeOf(secret, world.clock.nowMs))).status).toBe(429)
    expect((await recover(user_id, recovery_codes[0])).body.user.is_locked).toBe(false)
    expect((await guess(codeOf(secret, world.clock.nowMs))).status).toBe(200)
  })

  test('T40: codes of a registration that was never confirmed open nothing', async () => {
    const { user_id, recovery_codes } = await register(worldOf())
    const { status, body } = await recover(user_id, recovery_codes[0])
    expect([status, body.error_type]).toEqual([400, 'no_active_recovery_code_backed_factor'])
  })

  test('T40: codes die with their registration', async () => {
    const world = worldOf()
    const old = await enrol(world)
    await world.call('DELETE', `/v1/users/totps/${old.totp_id}`)
    const { user_id } = old
    const { body } = await world.post('/v1/totps', { user_id })
    const totp_code = codeOf(body.secret, world.clock.nowMs)
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
    expect((await recover(user_id, old.recovery_codes[0])).status).toBe(401)
    expect((await recover(user_id, body.recovery_codes[0])).status).toBe(200)
  })

  test('T55: after a rotation the old codes are void and the new ones work, for a user', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    const { status, body } = await world.post('/v1/kit/totps/recovery_codes/rotate', { user_id })
    expect(status).toBe(200)
    expect(body.recovery_codes).toHaveLength(10)
    expect((await recover(user_id, recovery_codes[0])).status).toBe(401)
    expect((await recover(user_id, body.recovery_codes[0])).status).toBe(200)
    expect(await list(user_id)).toEqual(body.recovery_codes.slice(1))
  })

  test('T55: of parallel rotations one set stays, whole', async () => {
    const world = worldOf()
    const { user_id } = await enrol(world)
    const rotate = () => world.post('/v1/kit/totps/recovery_codes/rotate', { user_id })
    const sets = (await Promise.all([rotate(), rotate(), rotate(), rotate()])).map(
      ({ body }) => body.recovery_codes,
    )
    expect(sets).toContainEqual(await list(user_id))
  })

  test('T55: after a rotation the old codes are void and the new ones work, for a member', async () => {
    const world = worldOf()
    const { organization_id, member_id, recovery_codes } = await enrolMember(world)
    const ids = { organization_id, member_id }
    const path = `/v1/b2b/recovery_codes/${organization_id}/${member_id}`
    expect((await world.get(path)).body.recovery_codes).toEqual(recovery_codes)
    const { body } = await world.post('/v1/b2b/recovery_codes/rotate', ids)
    expect((await world.get(path)).body.recovery_codes).toEqual(body.recovery_codes)
    const recoverMember = (recovery_code: unknown) =>
      world.post('/v1/b2b/recovery_codes/recover', { ...ids, recovery_code })
    expect((await recoverMember(recovery_codes[0])).status).toBe(401)
    const recovered = await recoverMember(body.recovery_codes[0])
    expect(recovered.body).toMatchObject({
      recovery_codes_remaining: 9,
      member: { mfa_enrolled: false },
      member_session: {
        authentication_factors: [{ type: 'recovery_codes', delivery_method: 'recovery_code' }],
      },
    })
  })

  test('T56: case, dashes, spaces and letters that look like digits do not matter; anything else does', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    for (const code of recovery_codes.slice(0, 4)) {
      const [{ spelled } = { spelled: code }] = fc.sample(
        fc
          .array(fc.record({ upper: fc.boolean(), gap: fc.constantFrom('', '-', ' ') }), {
            minLength: 16,
            maxLength: 16,
          })
          .map((marks) => {
            const letters = code.replaceAll('-', '').replaceAll('0', 'o').replaceAll('1', 'l')
            const spelled = [...letters].map((letter, index) => {
              const { upper, gap } = marks[index] ?? { upper: false, gap: '' }
              return (upper ? letter.toUpperCase() : letter) + gap
            })
            return { spelled: spelled.join('') }
          }),
        1,
      )
      expect([spelled, (await recover(user_id, spelled)).status]).toEqual([spelled, 200])
    }
    const [, , , , last = ''] = recovery_codes
    expect((await recover(user_id, `${last}a`)).status).toBe(401)
    expect((await recover(user_id, last.slice(1))).status).toBe(401)
    expect((await recover(user_id, last)).status).toBe(200)
  })

  test('what can be no recovery code is refused as such, and costs an attempt', async () => {
    const world = worldOf()
    const { user_id, recovery_codes } = await enrol(world)
    const types = []
    for (const code of ['123456', 'é', '', '123', `${recovery_codes[0]}_`]) {
      types.push((await recover(user_id, code)).body.error_type)
    }
    expect(types).toEqual([
      'totp_code_used_as_recovery_code',
      'invalid_recovery_code',
      'invalid_recovery_code',
      'invalid_recovery_code',
      'invalid_recovery_code',
    ])
    expect((await recover(user_id, recovery_codes[0])).status).toBe(429)
  })

  test('without a registration there are no codes to list, get or rotate', async () => {
    const world = worldOf()
    const user_id = await makeUser(world)
    expect((await world.post('/v1/totps/recovery_codes', { user_id })).body.totps).toEqual([])
    const ids = await makeMember(world)
    const refused = [
      await world.get(`/v1/b2b/recovery_codes/${ids.organization_id}/${ids.member_id}`),
      await world.post('/v1/b2b/recovery_codes/rotate', ids),
      await world.post('/v1/b2b/recovery_codes/recover', { ...ids, recovery_code: '0000-0000-0000-0000' }),
      await world.post('/v1/kit/totps/recovery_codes/rotate', { user_id }),
    ]
    for (const { status, body } of refused) {
      expect([status, body.error_type]).toEqual([400, 'no_active_recovery_code_backed_factor'])
    }
  })
}
