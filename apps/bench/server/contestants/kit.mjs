// Kit's server as its program runs it, with the log and the metrics, and a clock that stands still.
import { createTotpServer, openPostgres, openSqlite, serve } from '@kit/totp-server'
import { pino } from 'pino'
import { createMetrics } from '../../../../packages/totp-server/dist/metrics.js'
import { encryptionKeys, nowMs, projectId, projectSecret } from '../../lib/people.mjs'

const { DATABASE_URL, DATA_DIR, SESSION_JWT_ALG = 'RS256' } = process.env
const metrics = createMetrics()
const server = createTotpServer({
  store: DATABASE_URL
    ? await openPostgres({ connectionString: DATABASE_URL })
    : await openSqlite({ dataDir: DATA_DIR }),
  projectId,
  secrets: [projectSecret],
  encryptionKeys,
  sessionJwtAlgorithm: SESSION_JWT_ALG,
  clock: () => nowMs,
  logger: pino({ level: 'info', base: null }, pino.destination({ dest: '/dev/null', sync: false })),
  onRequest: (facts) => metrics.observe(facts),
})
const { url } = await serve({ fetch: server.fetch, handle: server.handle, port: 0, host: '127.0.0.1' })
process.once('SIGTERM', () => process.exit())
console.log(`listening on ${url}`)
