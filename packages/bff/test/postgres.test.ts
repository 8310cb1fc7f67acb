import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startPostgres, type TestPostgres } from '../../totp-server/test/postgres.js'
import { createDatabase, type Database } from '../src/database.js'
import { createMarks } from '../src/marks.js'
import { createRateLimit, type RateLimitOptions } from '../src/rate-limit.js'
import { createSpentCodes } from '../src/spent-codes.js'

let postgres: TestPostgres
let admin: pg.Pool
const opened: Database[] = []

/** What one process has: its own pool. */
function connect(): Database {
  const database = createDatabase(postgres.connectionString)
  opened.push(database)
  return database
}

beforeAll(async () => {
  postgres = await startPostgres()
  admin = new pg.Pool({ connectionString: postgres.connectionString, max: 1 })
  admin.on('error', () => {})
}, 120_000)
afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()))
  await admin.end()
  await postgres.stop()
})
beforeEach(async () => {
  await admin.query('DROP TABLE IF EXISTS kit_bff_counts, kit_bff_marks')
  await Promise.all(opened.splice(0).map((database) => database.close()))
})

const guess = { operation: 'authenticate', addressKey: '192.0.2.1', subjectKey: 'user:1' } as const
const process = (options: RateLimitOptions = {}) => createRateLimit({ database: connect(), ...options })

it('makes its tables when several processes start at once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => connect().query<{ one: number }>('one', 'SELECT 1 AS one', [])),
  )
  expect(answers).toEqual(Array(8).fill([{ one: 1 }]))
})

describe('T28: processes with one database', () => {
  it('share one budget, exactly, when all of them are asked at once', async () => {
    const four = Array.from({ length: 4 }, () => process())
    const verdicts = await Promise.all(Array.from({ length: 200 }, (_, i) => four[i % 4]?.consume(guess)))
    expect(verdicts.filter((verdict) => verdict === null)).toHaveLength(30)
    for (const verdict of verdicts) {
      if (verdict) expect(verdict.retryAfterSeconds).toBeGreaterThan(590)
    }
  })

  it('begin anew when the window is over, by the clock of the database', async () => {
    const limits = { judged: { address: { max: 1, windowSeconds: 1 } } }
    const [one, two] = [process({ limits }), process({ limits })]
    expect(await one.consume(guess)).toBeNull()
    expect(await two.consume(guess)).toEqual({ retryAfterSeconds: 1 })
    await admin.query("UPDATE kit_bff_counts SET reset_at = now() - interval '1 millisecond'")
    expect(await two.consume(guess)).toBeNull()
    expect(await one.consume(guess)).not.toBeNull()
  })

  it('give back what an accepted code took', async () => {
    const [one, two] = [process(), process()]
    for (let i = 0; i < 60; i++) {
      expect(await one.consume(guess)).toBeNull()
      await two.refund(guess)
    }
  })

  it('keep neither addresses nor people in clear', async () => {
    await process().consume(guess)
    const { rows } = await admin.query('SELECT key FROM kit_bff_counts')
    expect(rows).toHaveLength(2)
    for (const { key } of rows) expect(key).toMatch(/^[\w-]{22}$/)
  })
})

describe('F42: while the database is away', () => {
  it('each process counts alone, from what it has seen, and shares again when it is back', async () => {
    const clock = { ms: 0 }
    const degraded: boolean[] = []
    const one = process({ clock: () => clock.ms, onDegraded: (value) => degraded.push(value) })
    for (let i = 0; i < 20; i++) expect(await one.consume(guess)).toBeNull()
    await admin.query('ALTER TABLE kit_bff_counts RENAME TO away')
    let admitted = 0
    for (let i = 0; i < 50; i++) if ((await one.consume(guess)) === null) admitted++
    expect(admitted).toBe(10)
    await admin.query('ALTER TABLE away RENAME TO kit_bff_counts')
    clock.ms += 5_001
    await one.consume(guess)
    expect(degraded).toEqual([true, false])
  })

  it('a database that is not there at all costs no request more than its patience', async () => {
    const limiter = createRateLimit({ database: createDatabase('postgres://127.0.0.1:9/none') })
    const begun = performance.now()
    let admitted = 0
    for (let i = 0; i < 100; i++) if ((await limiter.consume(guess)) === null) admitted++
    expect(admitted).toBe(30)
    expect(performance.now() - begun).toBeLessThan(2_500)
  })

  it('a crash of the database is survived', async () => {
    const clock = { ms: 0 }
    const limiter = process({ clock: () => clock.ms })
    await limiter.consume(guess)
    await postgres.restart('immediate')
    expect(await limiter.consume(guess)).toBeNull()
    clock.ms += 5_001
    await limiter.consume(guess)
    const { rows } = await admin.query('SELECT count(*)::int AS n FROM kit_bff_counts')
    expect(rows[0].n).toBe(2)
  })
})

it('T69: what one process marks, the others know at once', async () => {
  const [one, two] = [createMarks(Date.now, connect()), createMarks(Date.now, connect())]
  const until = Date.now() + 60_000
  expect(await one.add('signed out', until)).toBe(true)
  expect(await two.has('signed out')).toBe(true)
  expect(await two.has('another')).toBe(false)
  const winners = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).add('spent code', until)),
  )
  expect(winners.filter(Boolean)).toHaveLength(1)
})

it('T69: of several processes that mark one session, the longest mark counts', async () => {
  const [one, two] = [createMarks(Date.now, connect()), createMarks(Date.now, connect())]
  const lasts = async () => {
    const { rows } = await admin.query(
      'SELECT round(extract(epoch FROM until_at - now()) / 60)::int AS minutes FROM kit_bff_marks',
    )
    return rows.map(({ minutes }) => minutes)
  }
  const inMinutes = (minutes: number) => Date.now() + minutes * 60_000
  await one.keep('signed out', inMinutes(60))
  expect(await lasts()).toEqual([60])
  await two.keep('signed out', inMinutes(600))
  expect(await lasts()).toEqual([600])
  await one.keep('signed out', inMinutes(60))
  expect(await lasts()).toEqual([600])
  expect(await two.add('signed out', inMinutes(60))).toBe(false)
})

it.each([
  ['in another order', 2, 2],
  ['of which one has none but the older', 2, 1],
])('T3, F43: a spent code is spent for processes with cookie keys %s', async (_how, first, second) => {
  const keys = [randomBytes(32), randomBytes(32)]
  const spentIn = (ring: readonly Uint8Array[]) =>
    createSpentCodes(createMarks(Date.now, connect()), ring, Date.now)
  const [one, two] = [spentIn(keys.slice(0, first)), spentIn(keys.toReversed().slice(-second))]
  const names = [one, two].map((spent) => spent.names('user:1', '123456'))
  expect(await one.has(names[0] ?? [])).toBe(false)
  const added = await Promise.all([one.add(names[0] ?? []), two.add(names[1] ?? [])])
  expect(added.filter(Boolean)).toHaveLength(1)
  expect([await one.has(names[0] ?? []), await two.has(names[1] ?? [])]).toEqual([true, true])
})
