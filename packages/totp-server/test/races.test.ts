import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, openSqlite, type Store } from '../src/index.js'
import type { Queries } from '../src/store.js'
import { startPostgres, type TestPostgres } from './postgres.js'
import {
  altered,
  basic,
  codeOf,
  createWorld,
  enrol,
  enrolMember,
  makeMember,
  projectId,
  secret as projectSecret,
  register,
  registerMember,
  type World,
  wrongCode,
} from './world.js'

const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

/** Somebody with a registration, and the calls that are about it. */
interface Person {
  secret: string
  authenticate(code: string): ReturnType<World['post']>
  create(): ReturnType<World['post']>
  remove(): ReturnType<World['post']>
  isLocked(): Promise<boolean>
}

const kinds: Record<string, (world: World, state: 'pending' | 'active') => Promise<Person>> = {
  'a user': async (world, state) => {
    const { user_id, totp_id, secret } = await (state === 'pending' ? register : enrol)(world)
    return {
      secret,
      authenticate: (totp_code) => world.post('/v1/totps/authenticate', { user_id, totp_code }),
      create: () => world.post('/v1/totps', { user_id }),
      remove: () => world.call('DELETE', `/v1/users/totps/${totp_id}`),
      isLocked: async () => (await world.get(`/v1/users/${user_id}`)).body.is_locked,
    }
  },
  'a member': async (world, state) => {
    const member = await (state === 'pending' ? registerMember : enrolMember)(world)
    const { organization_id, member_id } = member
    const ids = { organization_id, member_id }
    const path = `/v1/b2b/organizations/${organization_id}`
    return {
      secret: member.secret,
      authenticate: (code) => world.post('/v1/b2b/totp/authenticate', { ...ids, code }),
      create: () => world.post('/v1/b2b/totp', ids),
      remove: () => world.call('DELETE', `${path}/members/${member_id}/totp`),
      isLocked: async () => (await world.get(`${path}/member?member_id=${member_id}`)).body.member.is_locked,
    }
  },
}

const engines: Record<string, () => Promise<Store>> = {
  SQLite: () => openSqlite({ dataDir: ':memory:' }),
  PostgreSQL: () => openPostgres(postgres),
}

test('a registration that is never as it was read is called locked, and not read for ever', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  const world = createWorld(altered(store, () => ({ reserveAttempt: async () => null })))
  const { user_id, secret } = await register(world)
  const totp_code = codeOf(secret, world.clock.nowMs)
  const answer = await world.post('/v1/totps/authenticate', { user_id, totp_code })
  expect([answer.status, answer.body.error_type]).toEqual([429, 'user_lock_limit_reached'])
  await world.close()
})

test.each(Object.entries(engines))('who has just passed is not called locked, on %s', async (_name, open) => {
  const world = createWorld(await open(), { limits: { failLevelMax: 3, failLevelDrainDays: 3 } })
  const { user_id, secret } = await enrol(world)
  const guess = async (totp_code: string) =>
    (await world.post('/v1/totps/authenticate', { user_id, totp_code })).body
  const told = []
  for (let attempt = 0; attempt < 3; attempt++) {
    told.push((await guess(wrongCode(secret, world.clock.nowMs))).error_details)
  }
  const untilFullSeconds = told[2].retry_after_seconds
  expect(told).toEqual([
    { attempts_left: 2 },
    { attempts_left: 1 },
    { attempts_left: 0, retry_after_seconds: untilFullSeconds },
  ])
  expect((await guess(codeOf(secret, world.clock.nowMs))).error_type).toBe('user_lock_limit_reached')
  world.clock.nowMs += untilFullSeconds * 1_000
  const { user } = await guess(codeOf(secret, world.clock.nowMs))
  expect(user).toMatchObject({ is_locked: false, lock_expires_at: null })
  await world.close()
})

test.each(Object.entries(engines))(
  'a clock may count fractions of a millisecond, on %s',
  async (_name, open) => {
    const nowMs = Date.UTC(2026, 0, 2) + 0.25
    const world = createWorld(await open(), { clock: () => nowMs, projectId: 'project-test-fractions' })
    const authorization = basic('project-test-fractions', projectSecret)
    const made = await world.call('POST', '/v1/users', { email: 'fay@example.com' }, { authorization })
    const { user_id } = made.body
    const started = await world.call('POST', '/v1/kit/sessions', { user_id }, { authorization })
    expect(started.status).toBe(200)
    await world.close()
  },
)

describe.each(Object.entries(engines))('while a code is judged on %s', (_name, open) => {
  describe.each(Object.entries(kinds))('%s', (_kind, make) => {
    let world: World
    /** Happens once, between the reading of a registration and the attempt on it. */
    let meanwhile: (() => Promise<unknown>) | undefined
    let admitted = 0
    beforeAll(async () => {
      const store = await open()
      const reserveAttempt: Queries['reserveAttempt'] = async (...values) => {
        const first = meanwhile
        meanwhile = undefined
        await first?.()
        const attempt = await store.reserveAttempt(...values)
        if (attempt !== null) admitted++
        return attempt
      }
      // Where finding and paying are one statement, nothing comes between them.
      const reserveForUser = async () => null
      world = createWorld({ ...altered(store, () => ({ reserveAttempt })), reserveForUser })
    })
    afterAll(() => world.close())

    /** The answer to a code that is judged after all that, and how many attempts it was charged. */
    async function judge(person: Person, code: string, change: () => Promise<unknown>) {
      meanwhile = async () => {
        await change()
        admitted = 0
      }
      const { status, body } = await person.authenticate(code)
      return { status, errorType: body.error_type, details: body.error_details, admitted }
    }

    test('C11, T7: a first code that another call has spent meanwhile is a spent one, not a lock', async () => {
      const person = await make(world, 'pending')
      const code = codeOf(person.secret, world.clock.nowMs)
      expect(await judge(person, code, () => person.authenticate(code))).toEqual({
        status: 401,
        errorType: 'totp_code_already_authenticated',
        details: { attempts_left: 4 },
        admitted: 1,
      })
      expect(await person.isLocked()).toBe(false)
    })

    test('a registration that is gone meanwhile is none', async () => {
      const person = await make(world, 'active')
      const code = codeOf(person.secret, world.clock.nowMs)
      expect(await judge(person, code, person.remove)).toMatchObject({
        status: 404,
        errorType: 'totps_not_found_for_user',
        admitted: 0,
      })
    })

    test('T48: a registration that was replaced meanwhile is judged as the new one', async () => {
      const person = await make(world, 'pending')
      const code = wrongCode(person.secret, world.clock.nowMs)
      expect(await judge(person, code, person.create)).toMatchObject({
        status: 401,
        errorType: 'unable_to_authenticate_totp',
        admitted: 1,
      })
    })

    test('T19: a registration that was locked meanwhile is locked, for as long as it is', async () => {
      const person = await make(world, 'active')
      const guess = () => person.authenticate(wrongCode(person.secret, world.clock.nowMs))
      const code = codeOf(person.secret, world.clock.nowMs)
      const lock = async () => {
        for (let attempt = 0; attempt < 5; attempt++) await guess()
        world.clock.nowMs += 10_000
      }
      expect(await judge(person, code, lock)).toEqual({
        status: 429,
        errorType: 'user_lock_limit_reached',
        details: { attempts_left: 0, retry_after_seconds: 20 },
        admitted: 0,
      })
      expect(await person.isLocked()).toBe(true)
    })
  })
})

describe('calls that meet on PostgreSQL', () => {
  async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(postgres)
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  /** Resolves when some transaction waits for another one. */
  async function someoneWaits(): Promise<'waiting'> {
    const waits =
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await withClient(async (client) => {
      while ((await client.query(waits)).rowCount === 0) await sleep(5)
    })
    return 'waiting'
  }

  test.each([
    ['locks it', 'UPDATE totps SET consecutive_failures = 5, locked_until = $2 WHERE subject_id = $1', 429],
    ['removes it', 'DELETE FROM totps WHERE subject_id = $1 AND created_at < $2', 404],
  ])('T21: who waits for a call that %s gets no attempt of before', async (_what, sql, status) => {
    const world = createWorld(await openPostgres(postgres))
    const { user_id, secret } = await enrol(world)
    world.clock.nowMs += 60_000
    const totp_code = codeOf(secret, world.clock.nowMs)
    const answer = await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query(sql, [user_id, world.clock.nowMs + 20_000])
      const waiting = world.post('/v1/totps/authenticate', { user_id, totp_code })
      await someoneWaits()
      await client.query('COMMIT')
      return waiting
    })
    expect(answer.status).toBe(status)
    await world.close()
  })

  test('attempts and spent codes of many at once, by names in another order than their ids, never wait in a circle', async () => {
    const [first, second] = [await openPostgres(postgres), await openPostgres(postgres)]
    const world = createWorld(first, { autoProvision: true })
    const other = createWorld(second)
    const people: { user_id: string; reference: string; secret: string }[] = []
    for (let index = 0; index < 60; index++) people.push({ ...(await enrol(world)), reference: '' })
    people.sort((a, b) => (a.user_id < b.user_id ? 1 : -1))
    await withClient(async (client) => {
      for (const [index, person] of people.entries()) {
        person.reference = `person-${String(index).padStart(3, '0')}`
        await client.query('UPDATE users SET external_id = $2 WHERE user_id = $1', [
          person.user_id,
          person.reference,
        ])
      }
    })
    const deadlocks = () =>
      withClient(async (client) => {
        const sql = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'
        return (await client.query(sql)).rows[0].deadlocks
      })
    const before = await deadlocks()
    for (let round = 1; round <= 10; round++) {
      world.clock.nowMs += 30_000
      other.clock.nowMs = world.clock.nowMs
      const statuses = await Promise.all(
        [world, other].flatMap((there) =>
          people.map(async ({ user_id, reference, secret }) => {
            const totp_code = codeOf(secret, there.clock.nowMs)
            const by = there === world ? user_id : reference
            return (await there.post('/v1/totps/authenticate', { user_id: by, totp_code })).status
          }),
        ),
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(60)
    }
    expect(await deadlocks()).toBe(before)
    await world.close()
    await other.close()
  })

  test('T35: of create and migrate at once none leaves a pending registration beside an active one', async () => {
    const store = await openPostgres(postgres)
    let migrating: ReturnType<World['post']> | undefined
    let ids: Awaited<ReturnType<typeof makeMember>>
    const meeting = altered(store, (queries) => ({
      async hasTotpInUse(subjectId) {
        const isThere = await queries.hasTotpInUse(subjectId)
        if (migrating === undefined) {
          migrating = world.post('/v1/b2b/totp/migrate', { ...ids, secret })
          await Promise.race([migrating, someoneWaits()])
        }
        return isThere
      },
    }))
    const world = createWorld(meeting)
    ids = await makeMember(world)
    const created = await world.post('/v1/b2b/totp', ids)
    expect([created.status, (await migrating)?.status]).toEqual([200, 200])
    const found = await store.findMember(projectId, ids.organization_id, ids.member_id)
    expect(found?.totps.map(({ status }) => status)).toEqual(['active'])
    await world.close()
  })

  test('T55: a recovery and a rotation at once wait for each other in one order, and neither is run again', async () => {
    const store = await openPostgres(postgres)
    let runs = 0
    let rotating: ReturnType<World['post']> | undefined
    let user_id = ''
    const meeting: Store = {
      ...store,
      transaction: (work) =>
        store.transaction((queries) => {
          runs++
          return work({
            ...queries,
            async spendRecoveryCode(code) {
              const spent = await queries.spendRecoveryCode(code)
              rotating = world.post('/v1/kit/totps/recovery_codes/rotate', { user_id })
              await someoneWaits()
              return spent
            },
          })
        }),
    }
    const world = createWorld(meeting)
    const enrolled = await enrol(world)
    user_id = enrolled.user_id
    const [recovery_code] = enrolled.recovery_codes
    runs = 0
    const recovered = await world.post('/v1/totps/recover', { user_id, recovery_code })
    expect([recovered.status, (await rotating)?.status, runs]).toEqual([200, 200, 2])
    await world.close()
  })
})
