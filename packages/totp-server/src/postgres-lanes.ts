import type pg from 'pg'
import { TotpServerError } from './error.js'
import { type Many, place, type Run, type Statement, type Values } from './statement.js'

/** Most calls that one statement carries. */
const maxBatch = 64

/** Batches of one statement that are under way at once: while one waits for the disk or for a lock, others go on. */
const maxBatches = 3

export function unavailable(cause: unknown): TotpServerError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new TotpServerError('unavailable', `PostgreSQL did not carry out a statement${code}.`, { cause })
}

/** Named: parsed and planned once a connection, which halves PostgreSQL's share of the work. */
const queryOf = ({ name, sql, bind }: Statement<unknown>, values: Values) => ({
  name,
  text: sql,
  values: bind(values),
})

/** Each statement by itself. */
export const runOn =
  (client: pg.Pool | pg.PoolClient): Run =>
  async <Row>(statement: Statement<Row>, values: Values) => {
    try {
      return (await client.query(queryOf(statement, values))).rows as Row[]
    } catch (error) {
      throw unavailable(error)
    }
  }

/** @throws TotpServerError `unavailable` */
export const connect = (pool: pg.Pool): Promise<pg.PoolClient> =>
  pool.connect().catch((error: unknown) => {
    throw unavailable(error)
  })

/** One call that waits for its turn. */
interface Job {
  readonly values: Values
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (error: unknown) => void
}

/** PostgreSQL refused, and has written nothing: unlike a connection that ended, after which nobody knows. */
const isRefused = (error: unknown) =>
  error instanceof Error && 'severity' in error && error.severity === 'ERROR'

/** Collects the calls of one statement while others are under way, and sends those that have come by then as one. */
function createLane(
  pool: pg.Pool,
  statement: Statement<unknown>,
  { name, sql, bind }: Many,
): (values: Values) => Promise<unknown[]> {
  const { locks } = statement
  const runAlone = runOn(pool)
  let waiting: Job[] = []
  let underWay = 0
  const lockOf = ({ values }: Job) => String(values[locks ?? ''])

  /** The next to send. A row can be written once in a statement: who wants it again waits for the next. */
  function take(): Job[] {
    if (locks === undefined) return waiting.splice(0, maxBatch)
    const taken = new Map<string, Job>()
    const left: Job[] = []
    for (const job of waiting) {
      if (taken.size < maxBatch && !taken.has(lockOf(job))) taken.set(lockOf(job), job)
      else left.push(job)
    }
    waiting = left
    return [...taken].sort(([a], [b]) => Number(a > b) - Number(a < b)).map(([, job]) => job)
  }

  const sendAlone = ({ values, resolve, reject }: Job): Promise<void> =>
    runAlone(statement, values).then(resolve, reject)

  async function send(jobs: readonly Job[]): Promise<void> {
    const [first] = jobs
    if (first !== undefined && jobs.length === 1) return sendAlone(first)
    try {
      const { rows } = await pool.query({ name, text: sql, values: bind(jobs.map(({ values }) => values)) })
      const found: unknown[][] = jobs.map(() => [])
      for (const row of rows) found[row[place] - 1]?.push(row)
      for (const [index, { resolve }] of jobs.entries()) resolve(found[index] ?? [])
    } catch (error) {
      // What was wrong with one is not the others' affair: each is carried out by itself.
      const isOthers = isRefused(error)
      for (const job of jobs) {
        if (isOthers) void sendAlone(job)
        else job.reject(unavailable(error))
      }
    }
  }

  async function work(): Promise<void> {
    underWay++
    // Every request that is being answered in this turn of the event loop gets to ask first.
    await new Promise(setImmediate)
    while (waiting.length > 0) await send(take())
    underWay--
  }

  return (values) =>
    new Promise((resolve, reject) => {
      waiting.push({ values, resolve, reject })
      if (underWay < maxBatches) void work()
    })
}

/** Runs calls of one statement together that wait at the same time, where it takes many. */
export function createLanes(pool: pg.Pool): Run {
  const runAlone = runOn(pool)
  const lanes = new Map<string, ReturnType<typeof createLane>>()
  return <Row>(statement: Statement<Row>, values: Values) => {
    if (statement.many === undefined) return runAlone(statement, values)
    const lane = lanes.get(statement.name) ?? createLane(pool, statement, statement.many)
    lanes.set(statement.name, lane)
    return lane(values) as Promise<Row[]>
  }
}
