// Start and memory: from a process being started until it listens, memory at rest, memory after many requests.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '@kit/totp-server'
import Database from 'libsql'
import { ensureWrk, load, visitors } from '../lib/load.mjs'
import { quick, wanted, wantedCase } from '../lib/options.mjs'
import {
  authorization,
  codeOf,
  encryptionKeys,
  enrol,
  person,
  projectId,
  projectSecret,
  stepsOfCodes,
} from '../lib/people.mjs'
import { start } from '../lib/processes.mjs'
import { median, report } from '../lib/report.mjs'

const rounds = quick ? 2 : 7
const restSeconds = quick ? 2 : 5
const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kit-bench-start-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const credentials = { PROJECT_ID: projectId, PROJECT_SECRET: projectSecret, ENCRYPTION_KEYS: encryptionKeys }
const contestants = [
  { name: 'bare node', file: 'bare.mjs' },
  {
    name: 'kit-bff',
    file: '../../../packages/bff/dist/main.js',
    goal: '300 ms, 75 MB',
    env: {
      PORT: '0',
      OPS_PORT: '0',
      ORIGIN: 'https://app.example.com',
      UPSTREAM: 'url',
      UPSTREAM_URL: 'http://127.0.0.1:1',
      COOKIE_KEYS: randomBytes(32).toString('base64'),
      ...credentials,
    },
  },
  {
    name: 'kit-totp-server, first start',
    file: '../../../packages/totp-server/dist/main.js',
    goal: '400 ms, 100 MB',
    env: { PORT: '0', ...credentials },
    dataDir: 'new',
  },
  {
    name: 'kit-totp-server, later start',
    file: '../../../packages/totp-server/dist/main.js',
    goal: '400 ms, 100 MB',
    env: { PORT: '0', ...credentials },
    dataDir: 'server',
  },
  {
    name: 'demo, all of it in one process',
    file: '../../demo/dist/server/main.js',
    goal: '3000 ms',
    env: { PORT: '4391', NODE_ENV: '' },
    dataDir: 'new',
  },
  { name: 'Express + official SDK', file: '../bff/contestants/express-sdk.mjs' },
  { name: 'Express + fetch + zod + helmet', file: '../bff/contestants/express-fetch.mjs' },
  { name: 'Fastify + undici', file: '../bff/contestants/fastify-undici.mjs' },
].filter(({ name }) => wanted(name))

async function starts() {
  const found = new Map(contestants.map((contestant) => [contestant, []]))
  // One round more, the first: it brings the files into the system's cache.
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const { dataDir, env } = contestant
      const data = dataDir && join(folder, dataDir === 'new' ? `new-${round}-${contestant.name}` : dataDir)
      const server = await start(file(contestant.file), { env: { ...env, ...(data && { DATA_DIR: data }) } })
      const cpuMs = server.cpuSeconds() * 1000
      await sleep(restSeconds * 1000)
      const run = { readyMs: server.readyMs, cpuMs, rssMb: server.rssMb() }
      await server.stop()
      if (round > 0) found.get(contestant).push(run)
    }
  }
  report('start', {
    title: 'Start: until it listens, and memory at rest',
    note: `Medians of ${rounds} starts, contestants in turn, files in the system's cache, one core. Memory ${restSeconds} s after the start. Built programs, started by node.`,
    columns: ['program', 'ms until it listens', 'least ms', 'CPU ms', 'RSS MB', 'goal'],
    rows: contestants.map((contestant) => {
      const list = found.get(contestant)
      const of = (key) => Math.round(median(list.map((run) => run[key])))
      const least = Math.round(Math.min(...list.map(({ readyMs }) => readyMs)))
      return [contestant.name, of('readyMs'), least, of('cpuMs'), of('rssMb'), contestant.goal ?? '']
    }),
    plot: { label: 'until it listens, less is better', unit: 'ms', column: 1, highlight: 'kit' },
  })
}

const chunks = quick ? 3 : 20
const perChunk = quick ? 5000 : 50_000
const peopleCount = 20_000

/** Codes are good for one request: between chunks what was spent is forgotten, by another process. */
async function serverMemory() {
  const dataDir = join(folder, 'memory')
  const store = await openSqlite({ dataDir })
  await enrol(store, 0, peopleCount)
  await store.close()
  // The last requests of a chunk may still be on their way into the file.
  const database = new Database(join(dataDir, 'totp.sqlite'), { timeout: 10_000 })
  const people = Array.from({ length: peopleCount }, (_, index) => person(index))
  const bodies = stepsOfCodes.flatMap((step) =>
    people.map(({ userId, secret }) => `${userId}","totp_code":"${codeOf(secret, step)}`),
  )
  writeFileSync(join(folder, 'bodies'), bodies.join('\n'))
  const lua = `
local bodies, at = {}, 0
for line in io.lines('${join(folder, 'bodies')}') do bodies[#bodies + 1] = line end
local headers = { ['content-type'] = 'application/json', ['authorization'] = '${authorization}' }
request = function()
  at = at + 1
  return wrk.format('POST', '/v1/totps/authenticate', headers, '{"user_id":"' .. bodies[(at - 1) % #bodies + 1] .. '"}')
end
`
  const server = await start(file('../server/contestants/kit.mjs'), { env: { DATA_DIR: dataDir } })
  const found = [server.rssMb()]
  for (let chunk = 0; chunk < chunks; chunk++) {
    database.exec('UPDATE totps SET last_step = -1, consecutive_failures = 0, fail_level = 0')
    await load({ url: server.url, lua, concurrency: 32, requests: perChunk })
    found.push(server.rssMb())
  }
  database.close()
  await server.stop()
  return found
}

async function bffMemory() {
  const stub = await start(file('../bff/stub.mjs'), { core: 1 })
  const server = await start(file('../bff/contestants/kit.mjs'), { env: { UPSTREAM_URL: stub.url } })
  const lua = `
local headers = {}
${await visitors(server.url)}
request = function()
  return wrk.format('POST', '/mfa/totp/authenticate', headers[math.random(1, #headers)],
    string.format('{"code":"%08d"}', math.random(0, 99999999)))
end
`
  const found = [server.rssMb()]
  for (let chunk = 0; chunk < chunks; chunk++) {
    await load({ url: server.url, lua, concurrency: 50, requests: perChunk })
    found.push(server.rssMb())
  }
  await server.stop()
  await stub.stop()
  return found
}

async function memory() {
  const series = [
    ['Kit, BFF', await bffMemory()],
    ['Kit, server on SQLite', await serverMemory()],
  ]
  const at = (share) => Math.round(share * chunks)
  const marks = [0, 0.1, 0.25, 0.5, 0.75, 1].map((share) => [at(share), share])
  report('start-memory', {
    title: 'Memory over many authenticates',
    note: `RSS in MB after so many requests, in one process that is never restarted: ${chunks * perChunk} in all.`,
    columns: ['program', ...marks.map(([index]) => `after ${(index * perChunk) / 1000} k`)],
    rows: series.map(([name, values]) => [name, ...marks.map(([index]) => Math.round(values[index]))]),
    plot: { label: 'RSS at the end', unit: 'MB', column: marks.length },
  })
}

ensureWrk()
if (wantedCase('starts')) await starts()
if (wantedCase('memory')) await memory()
