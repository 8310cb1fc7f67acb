import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, openSqlite, type Store } from '../../src/index.js'
import { startPostgres, type TestPostgres } from '../postgres.js'
import { temporaryFolder } from '../processes.js'
import {
  type Answer,
  codeOf,
  createServer,
  makeMember,
  makeUser,
  projectId,
  type World,
  worldOver,
} from '../world.js'
import { limitMs, proofTimeoutMs, report, seed, size } from './proof.js'
import { type Factor, newFactor, newPerson, type Person, recover, verify } from './reference-model.js'
import { createSweep, type Sweep } from './secrecy.js'

/** What changes a registration, and may happen at the same time as a code is judged. */
type Change = 'create' | 'rotate' | 'remove'

/** A code that is judged while something is changed. */
const races = [
  { judged: 'verify', change: 'create' },
  { judged: 'verify', change: 'rotate' },
  { judged: 'verify', change: 'remove' },
  { judged: 'recover', change: 'create' },
  { judged: 'recover', change: 'rotate' },
  { judged: 'recover', change: 'remove' },
] as const satisfies { judged: 'verify' | 'recover'; change: Change }[]

/** What may happen in a history. `twice`: by two calls at once. */
type Deed =
  | { do: 'create' | 'rotate' | 'remove' | 'crash' }
  | { do: 'wait'; seconds: number }
  | { do: 'verify'; offset: number; twice: boolean }
  | { do: 'recover'; place: number; twice: boolean }
  | { do: 'race'; race: (typeof races)[number]; place: number }

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Deed>({ do: 'create' }) },
  { weight: 1, arbitrary: fc.constantFrom<Deed>({ do: 'rotate' }, { do: 'remove' }, { do: 'crash' }) },
  {
    weight: 6,
    // Also back: clocks are set.
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(-61, -30, 1, 29, 30, 31, 300, 900, 3600, 86_400, 3_000_000),
    }),
  },
  {
    weight: 12,
    // 99 steps away is a wrong code.
    arbitrary: fc.record({
      do: fc.constant('verify' as const),
      offset: fc.constantFrom(-2, -1, 0, 0, 0, 1, 2, 99),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    // 10 and above is nobody's.
    arbitrary: fc.record({
      do: fc.constant('recover' as const),
      place: fc.nat({ max: 12 }),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('race' as const),
      race: fc.constantFrom(...races),
      place: fc.nat({ max: 12 }),
    }),
  },
)

/** One person of either kind, by the endpoints of that kind. */
async function meetUser(world: World) {
  const user_id = await makeUser(world)
  return {
    isMember: false,
    pendingMinutes: 1440,
    row: async (store: Store) => (await store.findUser(projectId, user_id))?.totps[0],
    budget: (store: Store) => store.findRecoveryBudget(user_id),
    create: () => world.post('/v1/totps', { user_id }),
    verify: (totp_code: string) => world.post('/v1/totps/authenticate', { user_id, totp_code }),
    recover: (recovery_code: string) => world.post('/v1/totps/recover', { user_id, recovery_code }),
    rotate: () => world.post('/v1/kit/totps/recovery_codes/rotate', { user_id }),
    remove: (totpId: string) => world.call('DELETE', `/v1/users/totps/${totpId}`),
  }
}

async function meetMember(world: World): Promise<Awaited<ReturnType<typeof meetUser>>> {
  const ids = await makeMember(world)
  const { organization_id, member_id } = ids
  const codes = '/v1/b2b/recovery_codes'
  return {
    isMember: true,
    pendingMinutes: 60,
    row: async (store) => (await store.findMember(projectId, organization_id, member_id))?.totps[0],
    budget: (store) => store.findRecoveryBudget(member_id),
    create: () => world.post('/v1/b2b/totp', ids),
    verify: (code) => world.post('/v1/b2b/totp/authenticate', { ...ids, code }),
    recover: (recovery_code) => world.post(`${codes}/recover`, { ...ids, recovery_code }),
    rotate: () => world.post(`${codes}/rotate`, ids),
    remove: () => world.call('DELETE', `/v1/b2b/organizations/${organization_id}/members/${member_id}/totp`),
  }
}

const verdictOf = ({ status, body }: Answer): string => (status === 200 ? 'right' : body.error_type)
const wins = (verdicts: string[]) => verdicts.filter((verdict) => verdict === 'right').length

/** As the server should change a registration. False: it refuses. */
function changeOf(person: Person, change: Change, made: () => Factor): boolean {
  const { factor } = person
  const isInUse = factor !== null && factor.status !== 'pending'
  if (change === 'create' ? isInUse : change === 'rotate' ? !isInUse : factor === null) return false
  if (change === 'create') person.factor = made()
  if (change === 'rotate' && factor !== null) factor.codes = made().codes
  if (change === 'remove') person.factor = null
  return true
}

const stateOf = ({ factor }: Person) => (factor === null ? undefined : [factor.status, factor.lastStep])

/** Lives a history with the server and with the model, and compares every answer. `plant` is told what was shown. */
async function live(
  open: () => Promise<Store>,
  isMember: boolean,
  history: Deed[],
  plant: Sweep['plant'],
): Promise<void> {
  const clock = { nowMs: 1_800_000_000_000 }
  let store = await open()
  let server = createServer(store, clock)
  const world = worldOver(
    clock,
    (request) => server.fetch(request),
    () => server.close(),
  )
  const person = newPerson()
  const somebody = await (isMember ? meetMember(world) : meetUser(world))
  const isInUse = () => person.factor !== null && person.factor.status !== 'pending'
  let totpId = ''

  /** One call or two at once. Of two right ones the order decides what is counted: that is then read back. */
  const judged = async (ask: () => Promise<Answer>, judge: () => string, isTwice: boolean) => {
    const answers = await Promise.all(isTwice ? [ask(), ask()] : [ask()])
    const expected = answers.map(judge)
    const verdicts = answers.map(verdictOf)
    if (!isTwice || wins(expected) === 0) return expect(verdicts.sort()).toEqual(expected.sort())
    expect(wins(verdicts)).toBe(1)
    const row = await somebody.row(store)
    const budget = await somebody.budget(store)
    const { factor } = person
    if (row === undefined || factor === null) throw new Error('A code was right of no registration.')
    expect([row.status, row.last_step]).toEqual([factor.status, factor.lastStep])
    expect(row.fail_level).toBeLessThanOrEqual(factor.level + 1e-6)
    expect(row.fail_level).toBeGreaterThanOrEqual(factor.level - 1 - 1e-6)
    factor.failures = row.consecutive_failures
    factor.level = row.fail_level
    factor.lockedUntil = row.locked_until ?? 0
    person.budget.failures = budget?.consecutive_failures ?? person.budget.failures
    person.budget.attempts = budget?.window_attempts ?? person.budget.attempts
    person.budget.lockedUntil = budget?.locked_until ?? 0
  }

  /** What the store counts, where two calls at once may have been counted in either order. */
  const readCounts = async () => {
    const row = await somebody.row(store)
    const budget = await somebody.budget(store)
    if (row !== undefined && person.factor !== null) {
      person.factor.failures = row.consecutive_failures
      person.factor.level = row.fail_level
      person.factor.levelAt = row.fail_level_at
      person.factor.lockedUntil = row.locked_until ?? 0
    }
    if (budget === null) return
    const { window_started_at: start, window_attempts: attempts, consecutive_failures: failures } = budget
    person.budget = { start, attempts, failures, lockedUntil: budget.locked_until ?? 0 }
  }

  const deeds: { [Do in Deed['do']]: (deed: Extract<Deed, { do: Do }>) => Promise<void> } = {
    async wait({ seconds }) {
      clock.nowMs += seconds * 1000
    },
    async crash() {
      // The next one opens while the first is still there, which gets no chance to put anything in order.
      const [before, next] = [server, await open()]
      store = next
      server = createServer(next, clock)
      await before.close()
    },
    async create() {
      const answer = await somebody.create()
      if (isInUse()) {
        const refusal = isMember ? 'insufficient_factors' : 'active_totp_exists'
        return expect(answer.body.error_type).toBe(refusal)
      }
      const { secret, recovery_codes, totp_id, totp_registration_id } = answer.body
      totpId = totp_id ?? totp_registration_id
      plant(secret, ...recovery_codes)
      person.factor = newFactor(secret, recovery_codes, clock.nowMs + somebody.pendingMinutes * 60_000)
    },
    async verify({ offset, twice }) {
      const at = clock.nowMs + offset * 30_000
      const code = person.factor === null ? '123456' : codeOf(person.factor.secret, at)
      await judged(
        () => somebody.verify(code),
        () => verify(person, code, clock.nowMs),
        twice,
      )
    },
    async recover({ place, twice }) {
      const code = person.factor?.codes[place] ?? '0000-0000-0000-0000'
      await judged(
        () => somebody.recover(code),
        () => recover(person, code, clock.nowMs),
        twice,
      )
    },
    async rotate() {
      const { status, body } = await somebody.rotate()
      expect(status === 200).toBe(isInUse())
      if (person.factor === null || !isInUse()) return
      person.factor.codes = body.recovery_codes
      plant(...body.recovery_codes)
    },
    async remove() {
      const { status } = await somebody.remove(totpId)
      expect(status === 200).toBe(person.factor !== null)
      person.factor = null
    },
    async race({ race: { judged, change }, place }) {
      const { factor } = person
      const rightCode = factor === null ? '123456' : codeOf(factor.secret, clock.nowMs)
      const code = judged === 'verify' ? rightCode : (factor?.codes[place] ?? '0000-0000-0000-0000')
      const [verdict, changed] = await Promise.all([somebody[judged](code), somebody[change](totpId)])
      const { secret = '', recovery_codes = [] } = changed.status === 200 ? changed.body : {}
      const expiresAt = clock.nowMs + somebody.pendingMinutes * 60_000
      const isRight = (one: Person) =>
        (judged === 'verify' ? verify : recover)(one, code, clock.nowMs) === 'right'
      const isChanged = (one: Person) =>
        changeOf(one, change, () => newFactor(secret, recovery_codes, expiresAt))
      const inOrder = (isJudgedFirst: boolean) => {
        const then = structuredClone(person)
        const early = isJudgedFirst && isRight(then)
        const done = isChanged(then)
        return { then, seen: [isJudgedFirst ? early : isRight(then), done, stateOf(then)] }
      }
      const orders = [inOrder(true), inOrder(false)]
      const row = await somebody.row(store)
      const seen = [verdict.status === 200, changed.status === 200, row && [row.status, row.last_step]]
      expect(orders.map((order) => order.seen)).toContainEqual(seen)
      Object.assign(person, orders.find((order) => isDeepStrictEqual(order.seen, seen))?.then)
      if (change === 'create' && changed.status === 200) totpId = row?.totp_id ?? totpId
      plant(...(secret === '' ? [] : [secret]), ...recovery_codes)
      await readCounts()
    },
  }

  for (const deed of history) await (deeds[deed.do] as (deed: Deed) => Promise<void>)(deed)
  await world.close()
}

let postgres: TestPostgres
const dataDir = temporaryFolder()
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

describe.each([
  [
    'SQLite',
    () => openSqlite({ dataDir }),
    size(80, 5_000),
    async (sweep: Sweep) => sweep.lookIntoFolder('database', dataDir),
  ],
  [
    'PostgreSQL',
    () => openPostgres(postgres),
    size(40, 2_000),
    (sweep: Sweep) => sweep.lookIntoPostgres('database', postgres.connectionString),
  ],
] as const)('on %s', (name, open, numRuns, lookIntoDatabase) => {
  test(
    'T3–T7, T19, T24, T35, T39, T40, T49–T53: any history goes as the reference model says',
    async () => {
      // `PROOF_SEED` repeats a run; a failing one prints its seed and the shortest history that fails.
      let [deeds, histories] = [0, 0]
      const sweep = createSweep()
      await fc.assert(
        fc.asyncProperty(
          fc.boolean(),
          fc.array(deed, { maxLength: size(40, 80), size: 'max' }),
          (isMember, history) => {
            deeds += history.length
            histories++
            // One of twenty: looking for everybody's secrets would take longer than all else.
            return live(open, isMember, history, histories % 20 === 1 ? sweep.plant : () => {})
          },
        ),
        { numRuns, seed, interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false },
      )
      await lookIntoDatabase(sweep)
      report('Secrecy', `${name}, after random histories: ${sweep.end()}`)
      report('Model', `${name}: ${histories} histories of ${deeds} deeds go as the model says (seed ${seed})`)
    },
    proofTimeoutMs,
  )
})
