import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultLimits, openPostgres, openSqlite } from '../../src/index.js'
import { startPostgres, type TestPostgres } from '../postgres.js'
import { startProcess } from '../processes.js'
import { codeOf, createWorld, enrol, enrolMember, type World, wrongCode } from '../world.js'
import { post, proofTimeoutMs, report, size, startTimer } from './proof.js'
import { createSweep } from './secrecy.js'

const hourMs = 3_600_000
const days = size(45, 365)

const { failLevelMax, failLevelDrainDays, freeFailures } = defaultLimits
/** What the leaky level admits in those days, whatever else happens. */
const bound = Math.ceil(failLevelMax + (failLevelMax / failLevelDrainDays) * days)

/** Three of a million codes are right at any moment. */
const chance = (guesses: number) => `${((1 - (1 - 3e-6) ** guesses) * 100).toFixed(3)} %`

/**
 * Guesses as soon as a guess is admitted, by every spelling and session, while the owner signs in every so often:
 * by code, or by a recovery code where the guesser has had the factor disabled.
 */
async function guessAllDays(world: World, everyHours: number) {
  const { user_id, secret, recovery_codes } = await enrol(world)
  const { external_id } = (await world.get(`/v1/users/${user_id}`)).body
  const begin = world.clock.nowMs
  let [admitted, signIns, recoveries, turn] = [0, 0, 0, 0]
  let ways: object[] = []
  /** Milliseconds until the next guess makes sense. */
  const guess = async (): Promise<number> => {
    const totp_code = wrongCode(secret, world.clock.nowMs)
    const input = { ...ways[turn++ % ways.length], totp_code }
    const { status, body } = await world.post('/v1/totps/authenticate', input)
    if (status === 401) admitted++
    return status === 401 ? (body.error_details.retry_after_seconds ?? 0) * 1000 : hourMs
  }
  for (let signIn = 1; signIn <= (days * 24) / everyHours; signIn++) {
    const signInMs = begin + signIn * everyHours * hourMs
    const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
    ways = [{ user_id }, { user_id: external_id }, { user_id: external_id, session_duration_minutes: 60 }]
    while (world.clock.nowMs < signInMs) {
      const waitMs = await guess()
      ways.push({ user_id, session_token })
      ways.splice(0, ways.length - 4)
      world.clock.nowMs = Math.min(world.clock.nowMs + waitMs, signInMs)
    }
    const totp_code = codeOf(secret, world.clock.nowMs)
    const { status } = await world.post('/v1/totps/authenticate', { user_id, totp_code })
    if (status === 200) signIns++
    const { is_locked, lock_expires_at } = (await world.get(`/v1/users/${user_id}`)).body
    if (!is_locked || lock_expires_at !== null) continue
    const recovery_code = recovery_codes.pop()
    const recovered = await world.post('/v1/totps/recover', { user_id, recovery_code })
    if (recovered.status === 200) recoveries++
  }
  return { admitted, signIns, recoveries }
}

describe('on a virtual clock', () => {
  test.each([8, 24, 72])(
    'T24: whoever has the first factor guesses all the time, and the owner signs in every %i hours',
    async (everyHours) => {
      const world = createWorld(await openSqlite({ dataDir: ':memory:' }))
      const { admitted, signIns, recoveries } = await guessAllDays(world, everyHours)
      // A recovery code empties the level: so often may the owner use one without having noticed anything.
      expect(admitted).toBeLessThanOrEqual(bound + recoveries * failLevelMax)
      report(
        'Guessing',
        `${days} days, the owner comes every ${everyHours} h: ${admitted} guesses admitted (bound ${bound} + ${failLevelMax} a recovery), chance ${chance(admitted)}; the owner got in ${signIns} times by code, ${recoveries} times by recovery code`,
      )
      await world.close()
    },
    proofTimeoutMs,
  )
})

describe('over two processes on one PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  test(
    'T20, T21, T23, T25, T28, F33: over processes, sessions and spellings, and with a process killed meanwhile, no more is judged than the budget has',
    async () => {
      const rounds = size(4, 200)
      const env = { TEST_CONNECTION_STRING: postgres.connectionString }
      const world = createWorld(await openPostgres(postgres))
      const other = await startProcess(env)
      const sweep = createSweep()
      let judged = 0
      const isOver = startTimer()
      let round = 0
      for (; round < rounds && !isOver(); round++) {
        const dying = await startProcess(env)
        const isMember = round % 2 === 1
        let inputs: [string, object][]
        if (isMember) {
          const { organization_id, member_id, secret } = await enrolMember(world)
          const code = wrongCode(secret, world.clock.nowMs)
          sweep.plant(secret, codeOf(secret, world.clock.nowMs))
          const { session_token } = (await world.post('/v1/kit/sessions', { organization_id, member_id }))
            .body
          const { body } = await world.get(`/v1/b2b/organizations/${organization_id}`)
          const slug = body.organization.organization_slug
          inputs = [{ organization_id }, { organization_id: slug }, { organization_id, session_token }].map(
            (way) => ['/v1/b2b/totp/authenticate', { ...way, member_id, code }],
          )
        } else {
          const { user_id, secret } = await enrol(world)
          const totp_code = wrongCode(secret, world.clock.nowMs)
          sweep.plant(secret, codeOf(secret, world.clock.nowMs))
          const { session_token } = (await world.post('/v1/kit/sessions', { user_id })).body
          const { external_id } = (await world.get(`/v1/users/${user_id}`)).body
          inputs = [{ user_id }, { user_id: external_id }, { user_id, session_token }].map((way) => [
            '/v1/totps/authenticate',
            { ...way, totp_code },
          ])
        }
        const barrage = (count: number) =>
          Promise.all(
            Array.from({ length: count }, (_, index) => {
              const [path, input] = inputs[index % inputs.length] ?? ['', {}]
              return post((index % 2 === 0 ? dying : other).url, path, input, world.clock.nowMs)
            }),
          )
        const killing = sleep(1 + (round % 20)).then(() => dying.kill())
        const first = await barrage(40)
        await killing
        sweep.lookIntoFolder('outputs', dying.outputs)
        const answers = [...first, ...(await barrage(20))]
        const statuses = answers.flatMap((answer) => (answer === null ? [] : [answer.status]))
        const wrong = statuses.filter((status) => status === 401).length
        expect(statuses.filter((status) => ![401, 429, 503].includes(status))).toEqual([])
        // What a killed process had paid for and never answered stays paid for.
        expect(wrong).toBeLessThanOrEqual(freeFailures + 1)
        judged += wrong
      }
      await other.kill()
      await world.close()
      sweep.lookIntoFolder('outputs', other.outputs)
      await sweep.lookIntoPostgres('database', postgres.connectionString)
      report('Secrecy', `servers that are guessed at: ${sweep.end()}`)
      report(
        'Guessing',
        `${round} barrages of 60 over two processes, three spellings and sessions, one process killed in each: ${judged} judged, at most ${freeFailures + 1} in each`,
      )
    },
    proofTimeoutMs,
  )
})
