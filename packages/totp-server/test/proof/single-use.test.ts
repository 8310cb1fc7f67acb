import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../postgres.js'
import { type ServerProcess, startProcess, temporaryFolder } from '../processes.js'
import { type Body, codeOf, startMs, uniqueName } from '../world.js'
import { post, proofTimeoutMs, report, size, startTimer } from './proof.js'
import { createSweep, type Sweep } from './secrecy.js'

/** Submissions of one code at once. A factor is disabled by a hundred in a row, which two races' losers stay below. */
const width = 48
const people = 12

// What a factor's budget admits is proven elsewhere; here it would end each race after five submissions.
const TEST_LIMITS = JSON.stringify({
  freeFailures: 99,
  maxConsecutiveFailures: 100,
  failLevelMax: 1e9,
  recoveryAttemptsPerHour: 1e9,
  recoveryMaxFailures: 1e9,
})

type Ask = (path: string, input: object) => Promise<{ status: number; body: Body }>

/** Somebody with a registration, and every way in which a code of theirs can be submitted. */
interface Racer {
  secret: string
  sessionToken: string
  recoveryCodes: string[]
  submit: ((code: string) => [path: string, input: object])[]
  recover: ((code: string) => [path: string, input: object])[]
  rotate: [path: string, input: object]
}

async function makeUser(ask: Ask): Promise<Racer> {
  const { user_id } = (await ask('/v1/users', { email: `${uniqueName('eve')}@example.com` })).body
  const { secret, recovery_codes } = (await ask('/v1/totps', { user_id })).body
  const { session_token } = (await ask('/v1/kit/sessions', { user_id, session_duration_minutes: 500_000 }))
    .body
  const ways = [{}, { session_duration_minutes: 5 }, { session_token }]
  return {
    secret,
    sessionToken: session_token,
    recoveryCodes: recovery_codes,
    submit: ways.map((way) => (totp_code) => ['/v1/totps/authenticate', { user_id, totp_code, ...way }]),
    recover: ways.map((way) => (recovery_code) => ['/v1/totps/recover', { user_id, recovery_code, ...way }]),
    rotate: ['/v1/kit/totps/recovery_codes/rotate', { user_id }],
  }
}

async function makeMember(ask: Ask): Promise<Racer> {
  const name = { organization_name: 'Acme', organization_slug: uniqueName('acme') }
  const { organization_id } = (await ask('/v1/b2b/organizations', name)).body.organization
  const email_address = `${uniqueName('mallory')}@example.com`
  const { member_id } = (await ask(`/v1/b2b/organizations/${organization_id}/members`, { email_address }))
    .body
  const ids = { organization_id, member_id }
  const { secret, recovery_codes } = (await ask('/v1/b2b/totp', ids)).body
  const { session_token } = (await ask('/v1/kit/sessions', { ...ids, session_duration_minutes: 500_000 }))
    .body
  const ways = [{}, { session_token }]
  return {
    secret,
    sessionToken: session_token,
    recoveryCodes: recovery_codes,
    submit: ways.map((way) => (code) => ['/v1/b2b/totp/authenticate', { ...ids, code, ...way }]),
    recover: ways.map((way) => (code) => [
      '/v1/b2b/recovery_codes/recover',
      { ...ids, recovery_code: code, ...way },
    ]),
    rotate: ['/v1/b2b/recovery_codes/rotate', ids],
  }
}

let postgres: TestPostgres
let dataDir: string
const running: ServerProcess[] = []
beforeAll(async () => {
  postgres = await startPostgres()
  dataDir = temporaryFolder()
})
afterAll(async () => {
  for (const process of running) await process.kill()
  await postgres.stop()
})

describe.each([
  [
    'one process on SQLite',
    1,
    size(30_000, 600_000),
    () => ({ TEST_DATA_DIR: dataDir }),
    async (sweep: Sweep) => sweep.lookIntoFolder('database', dataDir),
  ],
  [
    'two processes on PostgreSQL',
    2,
    size(20_000, 400_000),
    () => ({ TEST_CONNECTION_STRING: postgres.connectionString }),
    (sweep: Sweep) => sweep.lookIntoPostgres('database', postgres.connectionString),
  ],
] as const)('%s', (name, count, submissions, env, lookIntoDatabase) => {
  test(
    'T3, T4, T7, T50: of every code raced over all routes that judge one, one submission is accepted',
    async () => {
      const processes = await Promise.all(
        Array.from({ length: count }, () => startProcess({ ...env(), TEST_LIMITS })),
      )
      running.push(...processes)
      let nowMs = startMs
      let turn = 0
      const statuses = new Map<number, number>()
      const ask: Ask = async (path, input) => {
        const reply = await post(processes[turn++ % count]?.url ?? '', path, input, nowMs)
        if (reply === null) throw new Error(`${path} was not answered.`)
        return reply
      }
      const racers = await Promise.all(
        Array.from({ length: people }, (_, index) => (index % 2 === 0 ? makeUser(ask) : makeMember(ask))),
      )
      const sweep = createSweep()
      for (const { secret, sessionToken, recoveryCodes } of racers)
        sweep.plant(secret, sessionToken, ...recoveryCodes)
      let done = 0
      let races = 0
      let untold = 0
      const wrong: string[] = []
      const race = async (code: string, ways: Racer['submit']) => {
        sweep.plant(code)
        const lanes: ReturnType<Racer['submit'][number]>[][] = processes.map(() => [])
        // By every way at every process.
        for (let index = 0; index < width; index++) {
          lanes[index % count]?.push(ways[Math.floor(index / count) % ways.length]!(code))
        }
        const asked = await Promise.all(
          processes.map(({ url }, index) => post(url, '/batch', { batch: lanes[index] }, nowMs)),
        )
        const replies: number[] = asked.flatMap((reply) => reply?.body.statuses ?? [])
        expect(replies).toHaveLength(width)
        for (const status of replies) statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const accepted = replies.filter((status) => status === 200).length
        // A 503 has an outcome that nobody was told: it may have been the one.
        const isUnknown = replies.some((status) => status === 503)
        if (accepted > 1 || (accepted === 0 && !isUnknown)) wrong.push(`${accepted} of ${width} accepted`)
        untold += accepted === 0 ? 1 : 0
        done += width
        races++
      }
      const isOver = startTimer()
      while (done < submissions && !isOver()) {
        // The first round confirms the registrations; a code spent by that opens nothing afterwards either.
        await Promise.all(racers.map(({ secret, submit }) => race(codeOf(secret, nowMs), submit)))
        await Promise.all(
          racers.map(async (racer) => {
            const code = racer.recoveryCodes.pop()
            if (code !== undefined) return race(code, racer.recover)
            const { body } = await ask(...racer.rotate)
            racer.recoveryCodes = body.recovery_codes
            sweep.plant(...racer.recoveryCodes)
          }),
        )
        nowMs += 30_000
      }
      expect(wrong).toEqual([])
      for (const { url, outputs } of processes) {
        sweep.look('metrics', await (await fetch(`${url}/metrics`)).text())
        sweep.lookIntoFolder('outputs', outputs)
      }
      const told = [...statuses].map(([status, times]) => `${status}: ${times}`).join(', ')
      await lookIntoDatabase(sweep)
      report('Secrecy', `${name}, raced: ${sweep.end()}`)
      report(
        'Single use',
        `${name}: ${done} submissions in ${races} races of ${width}, 0 accepted twice, ${untold} with an outcome that nobody was told (${told})`,
      )
    },
    proofTimeoutMs,
  )
})
