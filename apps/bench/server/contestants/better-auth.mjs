// better-auth with its two-factor plugin as its documentation sets it up, rate limit off.
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { twoFactor } from 'better-auth/plugins'
import pg from 'pg'

const server = createServer()
server.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${server.address().port}`
const options = {
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL }),
  baseURL: url,
  secret: 'a-secret-of-the-bench-that-is-long-enough',
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [twoFactor({ issuer: 'Bench' })],
}
await (await getMigrations(options)).runMigrations()
server.on('request', toNodeHandler(betterAuth(options)))
process.once('SIGTERM', () => process.exit())
console.log(`listening on ${url}`)
