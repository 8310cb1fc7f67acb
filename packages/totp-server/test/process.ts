import { pino } from 'pino'
import { openPostgres, openSqlite, serve } from '../src/index.js'
import { createMetrics } from '../src/metrics.js'
import type { WireRequest, WireResponse } from '../src/serve.js'
import { createServer, startMs } from './world.js'

// A server in a process of its own, for suites that need more than one: the first line it prints is its address.
// Its clock is what the last request said.

/** Header that turns the clock, in milliseconds since 1970. */
const clockHeader = 'x-test-now'

/** Turns of the event loop over which the requests of a batch are spread. */
const turns = 4

/** Many POSTs in one, all at once: what each crosses is the handler and the database, not the socket. */
async function answerBatch(request: WireRequest): Promise<WireResponse> {
  const batch: [path: string, input: object][] = JSON.parse(request.body).batch
  const statuses = await Promise.all(
    batch.map(async ([path, input], index) => {
      for (let turn = index % turns; turn > 0; turn--) await new Promise(setImmediate)
      return (await server.handle({ ...request, path, body: JSON.stringify(input) })).status
    }),
  )
  return { status: 200, body: JSON.stringify({ statuses }) }
}

const {
  TEST_CONNECTION_STRING: connectionString,
  TEST_DATA_DIR: dataDir = ':memory:',
  TEST_LIMITS: limits = '{}',
} = process.env
const store = connectionString ? await openPostgres({ connectionString }) : await openSqlite({ dataDir })
const clock = { nowMs: startMs }
const metrics = createMetrics()
// As the program is run where it tells most.
const logger = pino({ level: 'trace', base: null }, pino.destination({ dest: 2, sync: false }))
const server = createServer(store, clock, {
  limits: JSON.parse(limits),
  logger,
  onRequest: metrics.observe,
})
const served = await serve({
  host: '127.0.0.1',
  port: 0,
  fetch: server.fetch,
  refuse: server.refuse,
  handle: (request) => {
    const now = request.headers[clockHeader]
    if (now !== undefined) clock.nowMs = Number(now)
    if (request.path === '/batch') return answerBatch(request)
    if (request.path === '/metrics') return metrics.text().then((body) => ({ status: 200, body }))
    return server.handle(request)
  },
})
process.on('SIGUSR2', () => {
  throw new Error('A fault that nothing catches.')
})
process.stdout.write(`${served.url}\n`)
