import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import type { Database } from './database.js'
import { createRateLimit, defaultRateLimits, type RateLimitOptions } from './rate-limit.js'

function setUp(options: Omit<RateLimitOptions, 'clock'> = {}) {
  const clock = { ms: 0 }
  return { clock, limiter: createRateLimit({ ...options, clock: () => clock.ms }) }
}

const from = (name: string) => ({ operation: 'authenticate', addressKey: name }) as const

it('T28: thirty codes in ten minutes from an address, and the rest waits until the window ends', async () => {
  const { clock, limiter } = setUp()
  for (let i = 0; i < 30; i++) expect(await limiter.consume(from('192.0.2.1'))).toBeNull()
  clock.ms = 60_000
  expect(await limiter.consume(from('192.0.2.1'))).toEqual({ retryAfterSeconds: 540 })
  expect(await limiter.consume({ ...from('192.0.2.1'), operation: 'recover' })).not.toBeNull()
  expect(await limiter.consume(from('192.0.2.2'))).toBeNull()
  clock.ms = 600_000
  expect(await limiter.consume(from('192.0.2.1'))).toBeNull()
})

it('T28: ten codes in a minute from a session, thirty in ten minutes for a person over all sessions', async () => {
  const { clock, limiter } = setUp()
  const code = (sessionKey: string) =>
    limiter.consume({ operation: 'authenticate', subjectKey: 'user:1', sessionKey })
  for (let i = 0; i < 10; i++) expect(await code('a')).toBeNull()
  expect(await code('a')).toEqual({ retryAfterSeconds: 60 })
  for (let i = 0; i < 10; i++) await code('b')
  for (let i = 0; i < 9; i++) expect(await code('c')).toBeNull()
  expect(await code('d')).not.toBeNull()
  clock.ms = 600_000
  expect(await code('d')).toBeNull()
})

it('T29, T30, T53: wrong codes leave a person’s recovery codes their own room, also where processes share counts', async () => {
  for (const options of [{}, { database: fakeDatabase().database }]) {
    const { limiter } = setUp(options)
    const request = (operation: 'authenticate' | 'recover') =>
      limiter.consume({ operation, subjectKey: 'user:1', sessionKey: 's' })
    for (let i = 0; i < 40; i++) await request('authenticate')
    expect(await request('authenticate')).not.toBeNull()
    for (let i = 0; i < 10; i++) expect(await request('recover')).toBeNull()
    expect(await request('recover')).not.toBeNull()
  }
})

it('T33: one code on each of many people from one network is stopped at its edge', async () => {
  const { limiter } = setUp()
  let admitted = 0
  for (let person = 0; person < 5_000; person++) {
    const request = {
      operation: 'authenticate',
      subjectKey: `user:${person}`,
      sessionKey: `s${person}`,
    } as const
    for (let guess = 0; guess < 2; guess++) {
      if ((await limiter.consume({ ...request, addressKey: '2001:db8:1:2::/64' })) === null) admitted++
    }
  }
  expect(admitted).toBe(30)
})

it('T24: an accepted code gives back its own request and no other', async () => {
  const { limiter } = setUp()
  for (let i = 0; i < 29; i++) await limiter.consume(from('192.0.2.1'))
  for (let i = 0; i < 100; i++) {
    expect(await limiter.consume(from('192.0.2.1'))).toBeNull()
    await limiter.refund(from('192.0.2.1'))
  }
  expect(await limiter.consume(from('192.0.2.1'))).toBeNull()
  expect(await limiter.consume(from('192.0.2.1'))).not.toBeNull()
})

it('lets reads and codes each have their own room, and never stops a sign-out', async () => {
  const { limiter } = setUp({ limits: { other: { session: { max: 2, windowSeconds: 60 } } } })
  const request = (operation: 'status' | 'create' | 'signOut' | 'authenticate') =>
    limiter.consume({ operation, sessionKey: 's' })
  expect(await request('status')).toBeNull()
  expect(await request('create')).toBeNull()
  expect(await request('status')).not.toBeNull()
  expect(await request('authenticate')).toBeNull()
  for (let i = 0; i < 1_000; i++) expect(await request('signOut')).toBeNull()
})

it('T34: names without end cost a bounded memory', async () => {
  const { limiter } = setUp()
  // What is garbage already is not what the limiter keeps.
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 200_000; i++) await limiter.consume(from(`${i}-${'long name '.repeat(5)}`))
  collect()
  expect(await limiter.consume(from('192.0.2.1'))).toBeNull()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 1024 * 1024)
})

it('refuses limits that make no sense', () => {
  const judged = (limit: object) =>
    createRateLimit({ limits: { judged: { address: { max: 1, windowSeconds: 1, ...limit } } } })
  for (const limit of [
    { max: 0 },
    { max: -1 },
    { max: 1.5 },
    { max: Number.NaN },
    { max: Number.POSITIVE_INFINITY },
    { windowSeconds: 0 },
  ]) {
    expect(() => judged(limit)).toThrow(/limits.judged.address/)
  }
  const misspelled = { judged: {}, judge: { address: defaultRateLimits.judged.address } }
  expect(() => createRateLimit({ limits: misspelled })).toThrow(/limits.judge.address/)
})

/** A shared store in memory that can be switched off, or filled with nonsense. */
function fakeDatabase() {
  const rows = new Map<string, number>()
  const state = { down: false, nonsense: false, queries: 0 }
  const database: Database = {
    async query<Row extends object>(name: string, _text: string, values: readonly unknown[]) {
      state.queries++
      if (state.down) throw new Error('down')
      if (name !== 'kit_bff_add') return []
      const keys = values[0] as string[]
      const answer = keys.map((key) => {
        const count = (rows.get(key) ?? 0) + 1
        rows.set(key, count)
        return { key, count: state.nonsense ? 'NaN' : count, left_ms: 60_000 }
      })
      return answer as object[] as Row[]
    },
    close: async () => {},
  }
  return { state, database }
}

it('T28, F42: with the shared counts gone each process counts alone, from what it has seen, and comes back', async () => {
  const { state, database } = fakeDatabase()
  const degraded: boolean[] = []
  const one = setUp({ database, onDegraded: (value) => degraded.push(value) })
  const two = setUp({ database })
  for (let i = 0; i < 10; i++) expect(await one.limiter.consume(from('192.0.2.1'))).toBeNull()
  for (let i = 0; i < 15; i++) expect(await two.limiter.consume(from('192.0.2.1'))).toBeNull()
  state.down = true
  let admitted = 0
  for (let i = 0; i < 100; i++) if ((await one.limiter.consume(from('192.0.2.1'))) === null) admitted++
  expect(admitted).toBe(20)
  expect(degraded).toEqual([true])
  state.down = false
  one.clock.ms = 5_001
  expect(await one.limiter.consume(from('192.0.2.1'))).toBeNull()
  expect(degraded).toEqual([true, false])
})

it('F42: a database that failed is left alone for five seconds', async () => {
  const { state, database } = fakeDatabase()
  const { clock, limiter } = setUp({ database })
  state.down = true
  for (let i = 0; i < 50; i++) await limiter.consume(from(`192.0.2.${i}`))
  expect(state.queries).toBe(1)
  clock.ms = 5_001
  await limiter.consume(from('192.0.2.1'))
  expect(state.queries).toBe(2)
})

it('T32: a shared count that cannot be read is a full one', async () => {
  const { state, database } = fakeDatabase()
  const { limiter } = setUp({ database })
  state.nonsense = true
  expect(await limiter.consume(from('192.0.2.1'))).toEqual({ retryAfterSeconds: 60 })
})
