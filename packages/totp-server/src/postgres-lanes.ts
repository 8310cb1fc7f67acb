import type pg from 'pg'
import { TotpServerError } from './error.js'
import type { Run, Statement, Values } from './statement.js'

/** Most statements that are sent together. */
const maxBatch = 64

/** Batches of one lane that are under way at once: while one waits for the disk or for a lock, others go on. */
const maxBatches = 3

export function unavailable(cause: unknown): TotpServerError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new TotpServerError('unavailable', `PostgreSQL did not carry out a statement${code}.`, { cause })
}

/** Named: parsed and planned once a connection, which halves PostgreSQL's share of the work. */
const queryOf = <Row>({ name, sql, bind }: Statement<Row>, values: Values) => ({
  name,
  text: sql,
  values: bind(values),
})

async function rowsOf(client: pg.Pool | pg.PoolClient, query: pg.QueryConfig): Promise<unknown[]> {
  try {
    return (await client.query(query)).rows
  } catch (error) {
    throw unavailable(error)
  }
}

/** Each statement by itself. */
export const runOn =
  (client: pg.Pool | pg.PoolClient): Run =>
  async <Row>(statement: Statement<Row>, values: Values) =>
    (await rowsOf(client, queryOf(statement, values))) as Row[]

/** @throws TotpServerError `unavailable` */
export const connect = (pool: pg.Pool): Promise<pg.PoolClient> =>
  pool.connect().catch((error: unknown) => {
    throw unavailable(error)
  })

/** One statement that waits for its turn. */
interface Job {
  readonly query: pg.QueryConfig
  /** The row that others wait for because of it. */
  readonly lock: string
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (error: unknown) => void
}

/** Collects statements while others are under way, and hands over together what has come by then. */
function createLane(sendAll: (jobs: readonly Job[]) => Promise<void>): Run {
  let waiting: Job[] = []
  let underWay = 0

  async function work(): Promise<void> {
    underWay++
    // Every request that is being answered in this turn of the event loop gets to ask first.
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const jobs = waiting.slice(0, maxBatch)
      waiting = waiting.slice(maxBatch)
      await sendAll(jobs).catch((error: unknown) => {
        for (const { reject } of jobs) reject(error)
      })
    }
    underWay--
  }

  return <Row>(statement: Statement<Row>, values: Values) =>
    new Promise<Row[]>((resolve, reject) => {
      const query = queryOf(statement, values)
      const lock = String(values[statement.locks ?? ''])
      waiting.push({ query, lock, resolve: (rows) => resolve(rows as Row[]), reject })
      if (underWay < maxBatches) void work()
    })
}

const settleEach = (client: pg.Pool | pg.PoolClient, jobs: readonly Job[]) =>
  Promise.all(jobs.map(({ query, resolve, reject }) => rowsOf(client, query).then(resolve, reject)))

/** On one connection, all sent before the first answer is there. */
async function readTogether(pool: pg.Pool, jobs: readonly Job[]): Promise<void> {
  const client = await connect(pool)
  await settleEach(client, jobs)
  client.release()
}

/**
 * In one transaction, so that the disk is waited for once, and nobody is answered before it. Where a statement
 * fails PostgreSQL undoes the others with it: then each is carried out by itself.
 */
async function writeTogether(pool: pg.Pool, jobs: readonly Job[]): Promise<void> {
  if (jobs.length === 1) {
    await settleEach(pool, jobs)
    return
  }
  const inOrder = jobs.toSorted((a, b) => Number(a.lock > b.lock) - Number(a.lock < b.lock))
  const client = await connect(pool)
  const begun = client.query('BEGIN')
  const written = inOrder.map(({ query }) => client.query(query))
  const ended = client.query('COMMIT')
  const [end, , ...results] = await Promise.allSettled([ended, begun, ...written])
  const failed = results.find((result) => result.status === 'rejected')
  if (end.status === 'fulfilled' && failed === undefined) {
    client.release()
    for (const [index, result] of results.entries())
      if (result.status === 'fulfilled') inOrder[index]?.resolve(result.value.rows)
    return
  }
  // A COMMIT of a transaction in which a statement has failed is answered with ROLLBACK. Without an answer
  // nobody knows what was written.
  const isUndone = end.status === 'fulfilled' && end.value.command === 'ROLLBACK'
  client.release(!isUndone)
  if (!isUndone) throw unavailable(end.status === 'rejected' ? end.reason : failed?.reason)
  await settleEach(pool, inOrder)
}

/** Runs statements together that wait at the same time: reads, and writes that lock one row each. */
export function createLanes(pool: pg.Pool): Run {
  const runAlone = runOn(pool)
  const read = createLane((jobs) => readTogether(pool, jobs))
  const write = createLane((jobs) => writeTogether(pool, jobs))
  return (statement, values) => {
    if (statement.isRead) return read(statement, values)
    return statement.locks === undefined ? runAlone(statement, values) : write(statement, values)
  }
}
