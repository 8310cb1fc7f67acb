import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe } from 'vitest'
import { openPostgres, openSqlite, serve } from '../src/index.js'
import { startPostgres } from './postgres.js'
import { startProcess } from './processes.js'
import { recoverySuite } from './recovery-suite.js'
import { sessionsSuite } from './sessions-suite.js'
import { totpsSuite } from './totps-suite.js'
import { transportSuite } from './transport-suite.js'
import { createServer, createWorld, startMs, type World, worldOver } from './world.js'

/**
 * Comes back where the server says so, as clients do: on a busy machine a burst of two hundred may wait longer
 * for a connection than a second, which the server answers with 503, unjudged and uncharged.
 */
const patiently =
  (send: (request: Request) => Promise<Response>) =>
  async (request: Request): Promise<Response> => {
    for (let attempt = 0; ; attempt++) {
      const response = await send(request.clone())
      if (response.status !== 503 || attempt === 50) return response
      await sleep(50)
    }
  }

/** Ways to a server. Each promises the same. */
const ways: Record<string, () => Promise<World>> = {
  'SQLite in process': async () => createWorld(await openSqlite({ dataDir: ':memory:' })),

  'SQLite over HTTP': async () => {
    const clock = { nowMs: startMs }
    const server = createServer(await openSqlite({ dataDir: ':memory:' }), clock)
    const served = await serve({ ...server, host: '127.0.0.1', port: 0 })
    const send = (request: Request) => {
      const { pathname, search } = new URL(request.url)
      return fetch(new Request(`${served.url}${pathname}${search}`, request))
    }
    return worldOver(clock, send, async () => {
      await served.close()
      await server.close()
    })
  },

  'PostgreSQL in process': async () => {
    const postgres = await startPostgres()
    const clock = { nowMs: startMs }
    const server = createServer(await openPostgres(postgres), clock)
    return worldOver(clock, patiently(server.fetch), async () => {
      await server.close()
      await postgres.stop()
    })
  },

  'two processes on one PostgreSQL': async () => {
    const postgres = await startPostgres()
    const start = () => startProcess({ TEST_CONNECTION_STRING: postgres.connectionString })
    const processes = await Promise.all([start(), start()])
    const clock = { nowMs: startMs }
    let turn = 0
    const send = async (request: Request) => {
      const { url } = processes[turn++ % 2] ?? processes[0]
      const { pathname, search } = new URL(request.url)
      const headers = new Headers(request.headers)
      headers.set('x-test-now', String(clock.nowMs))
      const body = await request.text()
      return fetch(`${url}${pathname}${search}`, {
        method: request.method,
        headers,
        ...(body === '' ? {} : { body }),
      })
    }
    return worldOver(clock, patiently(send), async () => {
      await Promise.all(processes.map((process) => process.kill()))
      await postgres.stop()
    })
  },
}

describe.each(Object.entries(ways))('%s', (_name, open) => {
  let world: World
  const worldOf = () => world

  beforeAll(async () => {
    world = await open()
  })
  afterAll(() => world.close())

  describe('registrations and codes', () => totpsSuite(worldOf))
  describe('recovery codes', () => recoverySuite(worldOf))
  describe('sessions', () => sessionsSuite(worldOf))
  describe('requests', () => transportSuite(worldOf))
})
