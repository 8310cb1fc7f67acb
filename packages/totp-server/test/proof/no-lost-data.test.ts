import { randomUUID } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'libsql'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openPostgres, openSqlite, type Store } from '../../src/index.js'
import { startPostgres, type TestPostgres } from '../postgres.js'
import { type ServerProcess, startProcess, temporaryFolder } from '../processes.js'
import { type Answer, type Body, codeOf, createWorld, startMs, type World } from '../world.js'
import { post, proofTimeoutMs, report, size, startTimer } from './proof.js'
import { createSweep, type Sweep } from './secrecy.js'

/** What somebody did, as far as it was answered. Steps: create, confirm, recover, rotate. */
interface Life {
  readonly user_id: string
  readonly bornMs: number
  tried: number
  acknowledged: number
  totp_id: string
  secret: string
  code: string
  codes: string[]
  rotated: string[]
}

const newLife = (user_id: string, bornMs: number): Life => {
  const nothing = { totp_id: '', secret: '', code: '', codes: [], rotated: [] }
  return { user_id, bornMs, tried: 0, acknowledged: 0, ...nothing }
}

/** Takes the four steps, and stops where one is not answered with success. */
async function live(life: Life, url: string): Promise<void> {
  const { user_id, bornMs } = life
  const steps: [string, () => object, (body: Body) => void][] = [
    [
      '/v1/totps',
      () => ({}),
      (body) => {
        life.totp_id = body.totp_id
        life.codes = body.recovery_codes
        life.secret = body.secret
        life.code = codeOf(body.secret, bornMs)
      },
    ],
    ['/v1/totps/authenticate', () => ({ totp_code: life.code, session_duration_minutes: 60 }), () => {}],
    ['/v1/totps/recover', () => ({ recovery_code: life.codes[0] }), () => {}],
    [
      '/v1/kit/totps/recovery_codes/rotate',
      () => ({}),
      (body) => {
        life.rotated = body.recovery_codes
      },
    ],
  ]
  for (const [path, input, learn] of steps) {
    life.tried++
    const answer = await post(url, path, { user_id, ...input() }, bornMs)
    if (answer?.status !== 200) return
    learn(answer.body)
    life.acknowledged++
  }
}

/** Compares what is there with what was answered: nothing missing, nothing half, nothing spent twice. */
async function check(life: Life, ask: Ask): Promise<void> {
  const { user_id, tried, acknowledged, totp_id, code, codes, rotated } = life
  const { totps } = (await ask('/v1/totps/recovery_codes', { user_id })).body
  const [totp] = totps
  if (acknowledged === 0) {
    expect(totps.length).toBeLessThanOrEqual(tried)
    if (totp !== undefined) expect([totp.verified, totp.recovery_codes.length]).toEqual([false, 10])
    return
  }
  expect(totp.totp_id).toBe(totp_id)
  if (acknowledged >= 2) expect(totp.verified).toBe(true)
  // The last step that was tried may have been taken or not, where nobody heard of it.
  const states = [[], codes, codes, codes.slice(1), rotated].map((list) => list.join())
  const isFresh = totp.recovery_codes.length === 10 && !totp.recovery_codes.includes(codes[1])
  const state = tried === 4 && acknowledged === 3 && isFresh ? states[3] : totp.recovery_codes.join()
  expect(states.slice(acknowledged, tried + 1)).toContain(state)
  if (acknowledged >= 2) {
    expect((await ask('/v1/totps/authenticate', { user_id, totp_code: code })).status).toBe(401)
  }
  if (acknowledged >= 3) {
    expect((await ask('/v1/totps/recover', { user_id, recovery_code: codes[0] })).status).toBe(401)
  }
}

type Ask = (path: string, input: object) => Promise<Answer>

/** Asks until the database is there again, which must be within five seconds. */
const patiently =
  (world: World): Ask =>
  async (path, input) => {
    const end = Date.now() + 5000
    for (;;) {
      const answer = await world.post(path, input)
      if (answer.status !== 503 || Date.now() > end) return answer
      await sleep(20)
    }
  }

const acknowledgedOf = (lives: Life[]) => lives.reduce((sum, { acknowledged }) => sum + acknowledged, 0)

let postgres: TestPostgres
const processes: ServerProcess[] = []
beforeAll(async () => {
  postgres = await startPostgres({ own: true })
})
afterEach(async () => {
  for (const process of processes.splice(0)) await process.kill()
})
afterAll(() => postgres.stop())

const start = async (env: Parameters<typeof startProcess>[0]) => {
  const process = await startProcess({ TEST_CONNECTION_STRING: '', ...env })
  processes.push(process)
  return process
}

interface Engine {
  env: Parameters<typeof startProcess>[0]
  open(): Promise<Store>
  lookInto(sweep: Sweep): Promise<void>
}

const engines: [string, () => Engine][] = [
  [
    'SQLite',
    () => {
      const dataDir = temporaryFolder()
      return {
        env: { TEST_DATA_DIR: dataDir },
        open: () => openSqlite({ dataDir }),
        lookInto: async (sweep) => sweep.lookIntoFolder('database', dataDir),
      }
    },
  ],
  [
    'PostgreSQL',
    () => ({
      env: { TEST_CONNECTION_STRING: postgres.connectionString },
      open: () => openPostgres(postgres),
      lookInto: (sweep) => sweep.lookIntoPostgres('database', postgres.connectionString),
    }),
  ],
]

const atOnce = 16

/** What somebody was shown, or sent. */
const secretsOf = ({ secret, code, codes, rotated }: Life) =>
  [secret, code, ...codes, ...rotated].filter((text) => text !== '')

/** Of some hundred people, from first to last: looking for everybody's would take longer than all else. */
const someSecrets = (all: Life[]) =>
  all.filter((_, index) => index % Math.ceil(all.length / 300) === 0).flatMap(secretsOf)

/** Sixteen at a time live one life after the other, until they are told to stop or nobody answers any more. */
function startLoad(url: string, nowMs: number) {
  const lives: Life[] = []
  let isRunning = true
  const workers = Array.from({ length: atOnce }, async () => {
    while (isRunning) {
      const made = await post(url, '/v1/users', { email: `${randomUUID()}@example.com` }, nowMs)
      if (made?.status !== 200) {
        await sleep(5)
        continue
      }
      const life = newLife(made.body.user_id, nowMs)
      lives.push(life)
      await live(life, url)
    }
  })
  return {
    lives,
    async stop() {
      isRunning = false
      await Promise.all(workers)
    },
  }
}

async function inTurns(lives: Life[], work: (life: Life) => Promise<void>): Promise<void> {
  for (let at = 0; at < lives.length; at += atOnce) await Promise.all(lives.slice(at, at + atOnce).map(work))
}

const checkAll = (lives: Life[], ask: Ask) => inTurns(lives, (life) => check(life, ask))

test.each(engines)(
  'F22, F27, F32, T43, T55: on %s, a server killed at any moment loses nothing it acknowledged, and leaves nothing half',
  async (name, make) => {
    // Every eleventh ends by a fault of its own, which leaves a report: of 220 that makes 200 kills.
    const deaths = size(4, 220)
    const isCrash = (death: number) => death % 11 === 2
    const { env, open, lookInto } = make()
    const sweep = createSweep()
    const outputs: string[] = []
    const world = createWorld(await open())
    const all: Life[] = []
    const isOver = startTimer()
    let [death, crashes] = [0, 0]
    for (; death < deaths && !isOver(); death++) {
      const server = await start(env)
      world.clock.nowMs = startMs + death * 3_600_000
      const { lives, stop } = startLoad(server.url, world.clock.nowMs)
      // In the middle of something: sixteen calls are under way whenever one is answered.
      while (acknowledgedOf(lives) <= (death * 7) % 60) await sleep(1)
      if (isCrash(death)) crashes++
      await (isCrash(death) ? server.crash() : server.kill())
      await stop()
      await checkAll(lives, world.post)
      all.push(...lives)
      outputs.push(server.outputs)
    }
    const acknowledged = acknowledgedOf(all)
    // Once more, when all the deaths are over.
    await inTurns(all, async ({ user_id, totp_id, acknowledged }) => {
      const { totps } = (await world.post('/v1/totps/recovery_codes', { user_id })).body
      if (acknowledged >= 2) expect(totps).toMatchObject([{ totp_id, verified: true }])
    })
    await world.close()
    sweep.plant(...someSecrets(all))
    for (const folder of outputs) sweep.lookIntoFolder('outputs', folder)
    await lookInto(sweep)
    report('Secrecy', `${name}, killed and crashed: ${sweep.end()}`)
    report(
      'No lost data',
      `${name}: ${death - crashes} times kill -9 and ${crashes} crashes, ${acknowledged} acknowledged changes, 0 lost, 0 half`,
    )
  },
  proofTimeoutMs,
)

test(
  'F21, F22: immediate restarts of PostgreSQL under load lose nothing acknowledged',
  async () => {
    const restarts = size(1, 20)
    const server = await start({ TEST_CONNECTION_STRING: postgres.connectionString })
    const world = createWorld(await openPostgres(postgres))
    const all: Life[] = []
    const isOver = startTimer()
    let restart = 0
    for (; restart < restarts && !isOver(); restart++) {
      world.clock.nowMs = startMs + restart * 3_600_000
      const { lives, stop } = startLoad(server.url, world.clock.nowMs)
      while (acknowledgedOf(lives) < size(60, 600)) await sleep(1)
      await postgres.restart('immediate')
      await sleep(100)
      await stop()
      await checkAll(lives, patiently(world))
      all.push(...lives)
    }
    await world.close()
    const acknowledged = acknowledgedOf(all)
    const sweep = createSweep()
    sweep.plant(...someSecrets(all))
    sweep.look('metrics', await (await fetch(`${server.url}/metrics`)).text())
    sweep.lookIntoFolder('outputs', server.outputs)
    await sweep.lookIntoPostgres('database', postgres.connectionString)
    report('Secrecy', `PostgreSQL, restarted: ${sweep.end()}`)
    report(
      'No lost data',
      `PostgreSQL: ${restart} immediate restarts under load, ${acknowledged} acknowledged changes, 0 lost, 0 half`,
    )
  },
  proofTimeoutMs,
)

test(
  'F29: a copy of the data folder taken while the server runs is whole, or refused in words',
  async () => {
    const copies = size(2, 50)
    const dataDir = temporaryFolder()
    const server = await start({ TEST_DATA_DIR: dataDir })
    const { lives, stop } = startLoad(server.url, startMs)
    const targets: string[] = []
    let [whole, refused] = [0, 0]
    const isOver = startTimer()
    for (let copy = 0; copy < copies && !isOver(); copy++) {
      await sleep(150)
      // The last ones: what is older is in pages that a copy finds at rest, and the check of the file sees those too.
      const there = lives.filter(({ acknowledged }) => acknowledged === 4).slice(-200)
      const target = temporaryFolder()
      targets.push(target)
      cpSync(dataDir, target, { recursive: true })
      try {
        const copied = createWorld(await openSqlite({ dataDir: target }))
        const file = new Database(join(target, 'totp.sqlite'))
        expect(file.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
        file.close()
        await checkAll(there, copied.post)
        await copied.close()
        whole++
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringContaining('DATA_DIR') })
        refused++
      }
    }
    await stop()
    expect(whole).toBeGreaterThan(0)
    const sweep = createSweep()
    sweep.plant(...someSecrets(lives))
    sweep.lookIntoFolder('outputs', server.outputs)
    for (const target of targets) sweep.lookIntoFolder('copy', target)
    report('Secrecy', `SQLite, copied: ${sweep.end()}`)
    report(
      'No lost data',
      `SQLite: ${whole + refused} copies of the folder while running, ${whole} whole, ${refused} refused in words`,
    )
  },
  proofTimeoutMs,
)
