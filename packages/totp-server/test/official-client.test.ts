import { B2BClient, Client } from 'stytch'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openPostgres, openSqlite, type Served, type Store, serve, type TotpServer } from '../src/index.js'
import { startPostgres, type TestPostgres } from './postgres.js'
import { codeOf, createServer, projectId, secret, uniqueName, wrongCode } from './world.js'

// The vendor's own client for Node, which nobody here wrote, walks every endpoint that it has a method for.

const engines: Record<string, () => Promise<{ store: Store; postgres?: TestPostgres }>> = {
  SQLite: async () => ({ store: await openSqlite({ dataDir: ':memory:' }) }),
  PostgreSQL: async () => {
    const postgres = await startPostgres()
    return { store: await openPostgres(postgres), postgres }
  },
}

/** Every subset of an object's fields. */
function subsets<Fields extends object>(fields: Fields): Partial<Fields>[] {
  return Object.entries(fields).reduce<Partial<Fields>[]>(
    (all, [name, value]) => all.flatMap((subset) => [subset, { ...subset, [name]: value }]),
    [{}],
  )
}

describe.each(Object.entries(engines))('the official client, against a server on %s', (_name, open) => {
  const clock = { nowMs: Date.now() }
  let postgres: TestPostgres | undefined
  let server: TotpServer
  let served: Served
  let client: Client
  let b2b: B2BClient

  beforeAll(async () => {
    const engine = await open()
    postgres = engine.postgres
    server = createServer(engine.store, clock, { sessionJwtAlgorithm: 'RS256' })
    served = await serve({ ...server, host: '127.0.0.1', port: 0 })
    // It warns of an address that is not the vendor's.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    client = new Client({ project_id: projectId, secret, env: served.url })
    b2b = new B2BClient({ project_id: projectId, secret, env: served.url })
    warn.mockRestore()
  })
  afterAll(async () => {
    await served.close()
    await server.close()
    await postgres?.stop()
  })

  const now = () => new Date(clock.nowMs)

  async function enrolled() {
    const { user_id } = await client.users.create({ email: `${uniqueName('ada')}@example.com` })
    const made = await client.totps.create({ user_id, expiration_minutes: 5 })
    await client.totps.authenticate({ user_id, totp_code: codeOf(made.secret, clock.nowMs) })
    return { user_id, made }
  }

  async function enrolledMember() {
    const { organization } = await b2b.organizations.create({
      organization_name: 'Acme',
      organization_slug: uniqueName('acme'),
    })
    const { organization_id } = organization
    const email_address = `${uniqueName('bob')}@example.com`
    const { member_id } = await b2b.organizations.members.create({ organization_id, email_address })
    const ids = { organization_id, member_id }
    const made = await b2b.totps.create(ids)
    const code = codeOf(made.secret, clock.nowMs)
    await b2b.totps.authenticate({ ...ids, code, set_mfa_enrollment: 'enroll' })
    return { ids, made, email_address }
  }

  test('consumer: create, authenticate, recover and list, with every subset of the optional fields', async () => {
    const { user_id, made } = await enrolled()
    const options = {
      session_duration_minutes: 60,
      session_custom_claims: { plan: 'gold' },
      telemetry_id: 'telemetry-1',
    }
    for (const option of subsets(options)) {
      clock.nowMs += 60_000
      const totp_code = codeOf(made.secret, clock.nowMs)
      const answer = await client.totps.authenticate({ user_id, totp_code, ...option })
      expect(answer).toMatchObject({ status_code: 200, user_id, totp_id: made.totp_id })
      expect(answer.session === null).toBe(option.session_duration_minutes === undefined)
      if (answer.session === null) continue
      expect(answer.session?.custom_claims).toEqual(option.session_custom_claims ?? {})

      clock.nowMs += 60_000
      const next = codeOf(made.secret, clock.nowMs)
      const { session_token, session_jwt } = answer
      const proof = option.telemetry_id === undefined ? { session_token } : { session_jwt }
      const again = await client.totps.authenticate({ user_id, totp_code: next, ...proof })
      expect(again.session_token).toBe(session_token)
    }
    for (const [index, option] of subsets(options).entries()) {
      const recovery_code = made.recovery_codes[index] ?? ''
      const answer = await client.totps.recover({ user_id, recovery_code, ...option })
      expect(answer).toMatchObject({ status_code: 200, totp_id: made.totp_id })
    }
    const { totps } = await client.totps.recoveryCodes({ user_id })
    expect(totps).toMatchObject([{ totp_id: made.totp_id, verified: true }])
    expect(totps[0]?.recovery_codes).toEqual(made.recovery_codes.slice(8))
  })

  test('consumer: the user, its sessions, and the removal of its registration', async () => {
    const { user_id, made } = await enrolled()
    clock.nowMs += 60_000
    const totp_code = codeOf(made.secret, clock.nowMs)
    const begun = await client.totps.authenticate({ user_id, totp_code, session_duration_minutes: 60 })
    const { session_token, session_jwt } = begun
    expect((await client.users.get({ user_id })).totps).toEqual([{ totp_id: made.totp_id, verified: true }])
    for (const option of subsets({ session_duration_minutes: 90, session_custom_claims: { a: 1 } })) {
      expect((await client.sessions.authenticate({ session_token, ...option })).session_token).toBe(
        session_token,
      )
      expect((await client.sessions.authenticate({ session_jwt, ...option })).session_token).toBe(
        session_token,
      )
    }
    expect((await client.sessions.getJWKS({ project_id: projectId })).keys[0]?.alg).toBe('RS256')
    expect((await client.users.deleteTOTP({ totp_id: made.totp_id })).user.totps).toEqual([])
    await client.sessions.revoke({ session_id: begun.session?.session_id ?? '' })
    await expect(client.sessions.authenticate({ session_token })).rejects.toMatchObject({
      status_code: 404,
      error_type: 'session_not_found',
    })
  })

  test('consumer: its local check accepts our JWTs, and refuses them after five minutes', async () => {
    const { user_id, made } = await enrolled()
    clock.nowMs += 60_000
    const { session_jwt, session } = await client.totps.authenticate({
      user_id,
      totp_code: codeOf(made.secret, clock.nowMs),
      session_duration_minutes: 60,
      session_custom_claims: { plan: 'gold' },
    })
    const local = await client.sessions.authenticateJwtLocal({ session_jwt, current_date: now() })
    expect(local).toMatchObject({
      session_id: session?.session_id,
      user_id,
      custom_claims: { plan: 'gold' },
      authentication_factors: session?.authentication_factors,
    })
    const later = new Date(clock.nowMs + 301_000)
    await expect(
      client.sessions.authenticateJwtLocal({ session_jwt, current_date: later }),
    ).rejects.toMatchObject({
      code: 'jwt_invalid',
    })
  })

  test('B2B: create and authenticate, with every subset of the optional fields', async () => {
    const { ids, made } = await enrolledMember()
    const options = {
      session_duration_minutes: 30,
      session_custom_claims: { plan: 'gold' },
      set_mfa_enrollment: 'enroll',
      set_default_mfa: true,
      telemetry_id: 'telemetry-1',
    }
    for (const option of subsets(options)) {
      clock.nowMs += 60_000
      const code = codeOf(made.secret, clock.nowMs)
      const answer = await b2b.totps.authenticate({ ...ids, code, ...option })
      expect(answer).toMatchObject({
        status_code: 200,
        member: { default_mfa_method: 'totp', mfa_enrolled: true },
      })
      const minutes = option.session_duration_minutes ?? 60
      const lasts = Date.parse(answer.member_session?.expires_at ?? '') - clock.nowMs
      expect(Math.abs(lasts - minutes * 60_000)).toBeLessThan(1000)
    }
  })

  test('B2B: recovery codes, rotation, members, organizations and sessions', async () => {
    const { ids, made, email_address } = await enrolledMember()
    const { organization_id, member_id } = ids
    expect((await b2b.recoveryCodes.get(ids)).recovery_codes).toEqual(made.recovery_codes)
    for (const [index, option] of subsets({ session_duration_minutes: 30, telemetry_id: 't' }).entries()) {
      const recovery_code = made.recovery_codes[index] ?? ''
      const answer = await b2b.recoveryCodes.recover({ ...ids, recovery_code, ...option })
      expect(answer.recovery_codes_remaining).toBe(9 - index)
    }
    const { recovery_codes } = await b2b.recoveryCodes.rotate(ids)
    expect(recovery_codes).toHaveLength(10)
    const { session_token, session_jwt } = await b2b.recoveryCodes.recover({
      ...ids,
      recovery_code: recovery_codes[0] ?? '',
    })
    expect((await b2b.sessions.authenticate({ session_token })).member.member_id).toBe(member_id)
    expect((await b2b.sessions.authenticate({ session_jwt })).organization.organization_id).toBe(
      organization_id,
    )
    const local = await b2b.sessions.authenticateJwtLocal({ session_jwt, current_date: now() })
    expect(local).toMatchObject({ member_id, organization_id })
    expect((await b2b.organizations.get({ organization_id })).organization.mfa_policy).toBe('OPTIONAL')
    expect((await b2b.organizations.members.get({ organization_id, member_id })).member_id).toBe(member_id)
    expect((await b2b.organizations.members.get({ organization_id, email_address })).member_id).toBe(
      member_id,
    )
    expect((await b2b.sessions.getJWKS({ project_id: projectId })).keys[0]?.kid).toBeTruthy()
    const removed = await b2b.organizations.members.deleteTOTP(ids, { authorization: { session_token } })
    expect(removed.member.totp_registration_id).toBe('')
    await b2b.sessions.revoke({ member_id })
    await expect(b2b.sessions.authenticate({ session_token })).rejects.toMatchObject({ status_code: 404 })
  })

  test('B2B: migrate, and create with a session of the member', async () => {
    const { organization } = await b2b.organizations.create({
      organization_name: 'Acme',
      organization_slug: uniqueName('acme'),
    })
    const { organization_id } = organization
    const member = (index: number) =>
      b2b.organizations.members.create({ organization_id, email_address: `${index}@example.com` })
    const given = ['aaaa-bbbb-cccc', 'dddd-eeee-ffff']
    for (const [index, recovery_codes] of [given, []].entries()) {
      const { member_id } = await member(index)
      const ids = { organization_id, member_id }
      const moved = await b2b.totps.migrate({
        ...ids,
        secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
        recovery_codes,
      })
      expect(moved.recovery_codes).toHaveLength(recovery_codes.length || 10)
    }
    const { member_id } = await member(3)
    const ids = { organization_id, member_id }
    const first = await b2b.totps.create({ ...ids, expiration_minutes: 10 })
    const { session_token } = await b2b.totps.authenticate({
      ...ids,
      code: codeOf(first.secret, clock.nowMs),
    })
    await expect(b2b.totps.create({ ...ids, session_token })).rejects.toMatchObject({
      error_type: 'active_totp_exists',
    })
  })

  test('its errors carry what ours say', async () => {
    const { user_id, made } = await enrolled()
    const totp_code = wrongCode(made.secret, clock.nowMs)
    await expect(client.totps.authenticate({ user_id, totp_code })).rejects.toMatchObject({
      status_code: 401,
      error_type: 'unable_to_authenticate_totp',
      error_url: 'https://stytch.com/docs/api/errors/401#unable_to_authenticate_totp',
      error_details: { attempts_left: 4 },
    })
    await expect(client.users.get({ user_id: 'nobody' })).rejects.toMatchObject({
      status_code: 404,
      error_type: 'user_not_found',
    })
  })
})
