import { openPostgres, openSqlite, serve } from '../src/index.js'
import { createServer, startMs } from './world.js'

// A server in a process of its own, for suites that need more than one: the first line it prints is its address.
// Its clock is what the last request said.

/** Header that turns the clock, in milliseconds since 1970. */
const clockHeader = 'x-test-now'

const {
  TEST_CONNECTION_STRING: connectionString,
  TEST_DATA_DIR: dataDir = ':memory:',
  TEST_LIMITS: limits = '{}',
} = process.env
const store = connectionString ? await openPostgres({ connectionString }) : await openSqlite({ dataDir })
const clock = { nowMs: startMs }
const server = createServer(store, clock, { limits: JSON.parse(limits) })
const served = await serve({
  host: '127.0.0.1',
  port: 0,
  fetch: server.fetch,
  handle: (request) => {
    const now = request.headers[clockHeader]
    if (now !== undefined) clock.nowMs = Number(now)
    return server.handle(request)
  },
})
process.stdout.write(`${served.url}\n`)
