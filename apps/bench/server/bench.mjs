// Server, authenticate and create: Kit on both engines beside better-auth, a hand-written server, and floors.
// Each code works once and the clock stands still, so there are 60,000 codes of 20,000 people, asked in order.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openPostgres, openSqlite } from '@kit/totp-server'
import { Pool } from 'undici'
import { ensureWrk, load } from '../lib/load.mjs'
import { nodeOptions, quick, wanted, wantedCase } from '../lib/options.mjs'
import { authorization, codeOf, enrol, enrolByRows, person, stepsOfCodes } from '../lib/people.mjs'
import { startPostgres } from '../lib/postgres.mjs'
import { start } from '../lib/processes.mjs'
import { median, report } from '../lib/report.mjs'

const rounds = quick ? 1 : 2
const warmUpRequests = quick ? 3000 : 8000
const requests = quick ? 4000 : 8000
const enrolledCount = 20_000
const newCount = 6000
const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kit-bench-server-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

ensureWrk()
const enrolled = Array.from({ length: enrolledCount }, (_, index) => person(index))
/** Everybody's first code, then everybody's second: by then the first is long spent. */
const codes = stepsOfCodes.flatMap((step) =>
  enrolled.map(({ userId, secret }) => ({ user_id: userId, totp_code: codeOf(secret, step) })),
)
const bodies = {
  plain: codes,
  session: codes.map((code) => ({ ...code, session_duration_minutes: 60 })),
  create: Array.from({ length: newCount }, (_, index) => ({ user_id: person(enrolledCount + index).userId })),
}
for (const [name, list] of Object.entries(bodies))
  writeFileSync(join(folder, name), list.map((body) => `${JSON.stringify(body)}\n`).join(''))

const sqliteSeed = join(folder, 'sqlite')
const seedSqlite = async () => {
  const store = await openSqlite({ dataDir: sqliteSeed })
  await enrol(store, 0, enrolledCount)
  await enrol(store, enrolledCount, enrolledCount + newCount, { enrolled: false })
  await store.close()
}

/** A database `seeded`, with a table for those who keep their secrets as plain text, and an empty one for better-auth. */
async function seedPostgres(postgres) {
  await postgres.query('postgres', 'CREATE DATABASE seeded', 'CREATE DATABASE better_auth')
  await (await openPostgres({ connectionString: postgres.urlOf('seeded') })).close()
  const query = (...statements) => postgres.query('seeded', ...statements)
  await enrolByRows(query, 0, enrolledCount)
  await enrolByRows(query, enrolledCount, enrolledCount + newCount, { enrolled: false })
  await query(
    'CREATE TABLE plain_totps (user_id TEXT PRIMARY KEY, secret TEXT NOT NULL, last_step BIGINT NOT NULL DEFAULT -1)',
    [
      'INSERT INTO plain_totps SELECT * FROM unnest($1::text[], $2::text[])',
      [enrolled.map(({ userId }) => userId), enrolled.map(({ secret }) => base32(secret))],
    ],
    'VACUUM ANALYZE',
  )
}

function base32(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return bits.replaceAll(/.{5}/g, (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
}

/** Bodies from a file, one after the other, beginning at one. */
const inOrder = (path, bodyFile, from) => `
local bodies = {}
for line in io.lines('${join(folder, bodyFile)}') do bodies[#bodies + 1] = line end
local at = ${from}
local headers = { ['content-type'] = 'application/json', ['authorization'] = '${authorization}' }
request = function()
  at = at + 1
  return wrk.format('POST', '${path}', headers, bodies[(at - 1) % #bodies + 1])
end
`

let runs = 0
/** Where a contestant's data lies for one run: as seeded. */
async function fresh(engine, postgres) {
  if (engine === 'better-auth') return { DATABASE_URL: postgres.urlOf('better_auth') }
  if (engine === 'postgres') return { DATABASE_URL: await postgres.copy('seeded', 'run') }
  const dataDir = join(folder, `run-${runs++}`)
  cpSync(sqliteSeed, dataDir, { recursive: true })
  return { DATA_DIR: dataDir }
}

const authenticatePath = '/v1/totps/authenticate'
const kit = { file: 'contestants/kit.mjs', path: authenticatePath }
const floor = { file: 'contestants/floor.mjs', path: authenticatePath, body: 'plain' }
const read = { ...floor, env: { STATEMENTS: 'read' } }
const reserve = { ...floor, env: { STATEMENTS: 'reserve' } }
const es256 = { SESSION_JWT_ALG: 'ES256' }
const contestants = [
  { name: 'floor: read and spend, SQLite', engine: 'sqlite', ...read },
  { name: 'floor: reserve and spend, SQLite', engine: 'sqlite', ...reserve },
  { name: 'Kit, SQLite', engine: 'sqlite', floor: 'SQLite', ...kit, body: 'plain' },
  { name: 'Kit, SQLite, session by ES256', engine: 'sqlite', ...kit, body: 'session', env: es256 },
  { name: 'Kit, SQLite, session by RS256', engine: 'sqlite', ...kit, body: 'session' },
  { name: 'floor: read and spend, PostgreSQL', engine: 'postgres', ...read },
  { name: 'floor: reserve and spend, PostgreSQL', engine: 'postgres', ...reserve },
  { name: 'Kit, PostgreSQL', engine: 'postgres', floor: 'PostgreSQL', ...kit, body: 'plain' },
  { name: 'Kit, PostgreSQL, session by ES256', engine: 'postgres', ...kit, body: 'session', env: es256 },
  { name: 'Kit, PostgreSQL, session by RS256', engine: 'postgres', ...kit, body: 'session' },
  {
    name: 'Express + otplib + pg',
    engine: 'postgres',
    file: 'contestants/express-otplib.mjs',
    path: '/authenticate',
    body: 'plain',
  },
  {
    name: 'better-auth, session path, PostgreSQL',
    engine: 'better-auth',
    file: 'contestants/better-auth.mjs',
    path: '/api/auth/two-factor/verify-totp',
  },
].filter(({ name }) => wanted(name))

const betterAuthUsers = 30
const betterAuthPeople = []

/** Signed-in people with two-factor on, made as a browser makes them. */
async function signUp(url) {
  const post = async (path, body, cookie) => {
    const headers = { 'content-type': 'application/json', origin: url, ...(cookie && { cookie }) }
    const answer = await fetch(`${url}/api/auth${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`better-auth ${path}: ${answer.status} ${await answer.text()}`)
    const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0])
    return { body: await answer.json(), cookie: cookies.filter((one) => !one.endsWith('=')).join('; ') }
  }
  while (betterAuthPeople.length < betterAuthUsers) {
    const email = `person${betterAuthPeople.length}@example.com`
    const password = 'a-long-enough-password'
    const { cookie } = await post('/sign-up/email', { email, password, name: email })
    const { body } = await post('/two-factor/enable', { password }, cookie)
    const text = new URL(body.totpURI).searchParams.get('secret')
    const bits = [...text].map((letter) =>
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
    )
    const secret = Buffer.from(
      bits
        .join('')
        .match(/.{8}/g)
        .map((byte) => Number.parseInt(byte, 2)),
    )
    const code = codeOf(secret, Math.floor(Date.now() / 30_000))
    const verified = await post('/two-factor/verify-totp', { code }, cookie)
    betterAuthPeople.push({ secret, cookie: verified.cookie || cookie })
  }
}

/** better-auth has no guard against replays: each person's code of this moment, over and over. */
function betterAuthLua(path, url) {
  const people = betterAuthPeople.map(({ secret, cookie }) => {
    const code = codeOf(secret, Math.floor(Date.now() / 30_000))
    return `people[#people + 1] = { headers = { ['content-type'] = 'application/json', origin = '${url}', cookie = '${cookie}' }, body = '{"code":"${code}"}' }`
  })
  return `
local people, at = {}, 0
${people.join('\n')}
request = function()
  at = at % #people + 1
  return wrk.format('POST', '${path}', people[at].headers, people[at].body)
end
`
}

async function measure(contestant, postgres, { concurrency, warmUp, count }) {
  const where = await fresh(contestant.engine, postgres)
  const server = await start(file(contestant.file), {
    core: 0,
    args: nodeOptions,
    env: { ...where, ...contestant.env },
  })
  const isBetterAuth = contestant.engine === 'better-auth'
  try {
    if (isBetterAuth) await signUp(server.url)
    const share = isBetterAuth ? 8 : 1
    const lua = (from) =>
      isBetterAuth
        ? betterAuthLua(contestant.path, server.url)
        : inOrder(contestant.path, contestant.body, from)
    // Always many at a time: one at a time it would take minutes until a just-in-time compiler is done.
    const warm = await load({ url: server.url, lua: lua(0), concurrency: 32, requests: warmUp / share })
    const [cpu, database] = [server.cpuSeconds(), postgres?.cpuSeconds() ?? 0]
    const result = await load({
      url: server.url,
      lua: lua(warm.requests + 32),
      concurrency,
      requests: count / share,
    })
    const per1k = (seconds) => (seconds / result.requests) * 1000
    const usesPostgres = contestant.engine !== 'sqlite'
    const serverCpu = per1k(server.cpuSeconds() - cpu)
    const databaseCpu = usesPostgres ? per1k(postgres.cpuSeconds() - database) : 0
    return { ...result, serverCpu, databaseCpu, cpu: serverCpu + databaseCpu, rssMb: server.rssMb() }
  } finally {
    await server.stop()
    if (where.DATA_DIR) rmSync(where.DATA_DIR, { recursive: true, force: true })
  }
}

const medians = (list) =>
  Object.fromEntries(Object.keys(list[0]).map((key) => [key, median(list.map((run) => run[key]))]))

/** Contestants in turn. */
async function rows(list, postgres, options) {
  const found = new Map(list.map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round++)
    for (const contestant of list) found.get(contestant).push(await measure(contestant, postgres, options))
  return list.map((contestant) => ({ ...contestant, ...medians(found.get(contestant)) }))
}

async function authenticate(postgres, concurrency) {
  const share = concurrency === 1 ? 4 : 1
  const list = await rows(contestants, postgres, {
    concurrency,
    warmUp: warmUpRequests,
    count: requests / share,
  })
  const cpuOf = (name) => list.find((row) => row.name === name)?.cpu ?? Number.NaN
  const rateOf = (name) => list.find((row) => row.name === name)?.perSecond ?? Number.NaN
  const ofFloor = (row, kind) => {
    if (!row.floor) return ''
    const name = `floor: ${kind} and spend, ${row.floor}`
    return `${Math.round((cpuOf(name) / row.cpu) * 100)} % (${Math.round((row.perSecond / rateOf(name)) * 100)} %)`
  }
  report(`server-authenticate-c${concurrency}`, {
    title: `Server, authenticate, ${concurrency} at a time`,
    note: `Medians of ${rounds} rounds of ${requests / share} requests, contestants in turn. CPU is user and system time of the server's process and of PostgreSQL's. "Of the floor" compares CPU, and requests a second in parentheses.`,
    columns: [
      'contestant',
      'CPU s per 1,000, all',
      'server',
      'PostgreSQL',
      'better than better-auth',
      'of the floor: read and spend',
      'of the floor: reserve and spend',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'RSS MB',
      'failed',
    ],
    rows: list.map((row) => [
      row.name,
      row.cpu,
      row.serverCpu,
      row.databaseCpu,
      cpuOf('better-auth, session path, PostgreSQL') / row.cpu,
      ofFloor(row, 'read'),
      ofFloor(row, 'reserve'),
      Math.round(row.perSecond),
      row.p50Ms,
      row.p99Ms,
      Math.round(row.rssMb),
      row.failed,
    ]),
    plot: { label: 'CPU seconds per 1,000 requests, less is better', unit: 's', column: 1 },
  })
}

async function create(postgres) {
  const creators = [
    { name: 'Kit, SQLite', engine: 'sqlite' },
    { name: 'Kit, PostgreSQL', engine: 'postgres' },
  ].map((one) => ({ ...one, file: kit.file, path: '/v1/totps', body: 'create' }))
  const list = await rows(creators, postgres, { concurrency: 8, warmUp: 2000, count: quick ? 1000 : 3000 })
  report('server-create', {
    title: 'Server, create: secret, QR code, recovery codes',
    note: `Medians of ${rounds} rounds, 8 at a time. The picture of the QR code is part of it.`,
    columns: [
      'contestant',
      'CPU ms each, all',
      'server',
      'PostgreSQL',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'failed',
    ],
    rows: list.map((row) => [
      row.name,
      row.cpu,
      row.serverCpu,
      row.databaseCpu,
      Math.round(row.perSecond),
      row.p50Ms,
      row.p99Ms,
      row.failed,
    ]),
    plot: { label: 'CPU milliseconds a registration, less is better', unit: 'ms', column: 1 },
  })
}

/** Requests leave when they are due, whatever became of those before: waiting in line counts. */
async function atRate(url, perSecond, seconds, from) {
  const pool = new Pool(url, { connections: 64 })
  const headers = { authorization, 'content-type': 'application/json' }
  const times = []
  let failed = 0
  const pending = []
  const begun = performance.now()
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = begun + (index * 1000) / perSecond
    const early = due - performance.now()
    if (early > 1) await sleep(early)
    const body = JSON.stringify(codes[(from + index) % codes.length])
    pending.push(
      pool
        .request({ path: authenticatePath, method: 'POST', headers, body })
        .then(async (answer) => {
          await answer.body.dump()
          if (answer.statusCode !== 200) failed++
          times.push(performance.now() - due)
        })
        .catch(() => failed++),
    )
  }
  await Promise.all(pending)
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.floor((times.length - 1) * share)]
  return { p50: at(0.5), p99: at(0.99), worst: at(1), failed }
}

async function steady(postgres) {
  const list = []
  for (const [name, engine] of [
    ['Kit, SQLite', 'sqlite'],
    ['Kit, PostgreSQL', 'postgres'],
  ]) {
    const where = await fresh(engine, postgres)
    const server = await start(file(kit.file), { core: 0, env: where })
    await load({ url: server.url, lua: inOrder(kit.path, 'plain', 0), concurrency: 16, requests: 5000 })
    const { p50, p99, worst, failed } = await atRate(server.url, 500, quick ? 3 : 15, 20_000)
    list.push([name, p50, p99, worst, failed])
    await server.stop()
  }
  report('server-steady', {
    title: 'Server, authenticate at a steady 500 a second',
    note: 'Each request leaves when it is due; its time counts from then. Generated by a Node process on the same machine, whose own lateness is in the figures.',
    columns: ['contestant', 'p50 ms', 'p99 ms', 'worst ms', 'failed'],
    rows: list,
    plot: { label: 'p99, less is better', unit: 'ms', column: 2 },
  })
}

const shim = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static int slow(int (*real)(int), int fd) {
  struct timespec begun, now, rest = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &begun);
  int result = real(fd);
  clock_gettime(CLOCK_MONOTONIC, &now);
  long spent = (now.tv_sec - begun.tv_sec) * 1000000000L + now.tv_nsec - begun.tv_nsec;
  rest.tv_nsec = 3500000L - spent;
  if (rest.tv_nsec > 0) nanosleep(&rest, 0);
  return result;
}
int fdatasync(int fd) { return slow(dlsym(RTLD_NEXT, "fdatasync"), fd); }
int fsync(int fd) { return slow(dlsym(RTLD_NEXT, "fsync"), fd); }
`

/** A disk that takes 3.5 ms to flush, made of any other. */
async function slowDisk() {
  const shared = join(tmpdir(), 'kit-bench-shim')
  mkdirSync(shared, { recursive: true, mode: 0o755 })
  writeFileSync(join(shared, 'slow.c'), shim)
  const made = spawnSync('gcc', [
    '-shared',
    '-fPIC',
    '-O2',
    '-o',
    join(shared, 'slow.so'),
    join(shared, 'slow.c'),
    '-ldl',
  ])
  if (made.status !== 0) return console.log('Without gcc there is no slow disk: left out.')
  const postgres = await startPostgres({ env: { LD_PRELOAD: join(shared, 'slow.so') } })
  await seedPostgres(postgres)
  const names = [
    'floor: read and spend, PostgreSQL',
    'floor: reserve and spend, PostgreSQL',
    'Kit, PostgreSQL',
  ]
  const list = await rows(
    contestants.filter(({ name }) => names.includes(name)),
    postgres,
    { concurrency: 128, warmUp: 6000, count: quick ? 4000 : 16_000 },
  )
  await postgres.stop()
  report('server-slow-disk', {
    title: 'Server, authenticate on a disk whose flush takes 3.5 ms, 128 at a time',
    note: `Medians of ${rounds} rounds. A library loaded into PostgreSQL makes each fsync and fdatasync take 3.5 ms.`,
    columns: ['contestant', 'requests/s', 'p50 ms', 'p99 ms', 'CPU s per 1,000, all', 'failed'],
    rows: list.map((row) => [row.name, Math.round(row.perSecond), row.p50Ms, row.p99Ms, row.cpu, row.failed]),
    plot: { label: 'requests a second, more is better', unit: '1/s', column: 1 },
  })
}

await seedSqlite()
const postgres = await startPostgres()
await seedPostgres(postgres)
if (wantedCase('c32')) await authenticate(postgres, 32)
if (wantedCase('c1')) await authenticate(postgres, 1)
if (wantedCase('create')) await create(postgres)
if (wantedCase('steady')) await steady(postgres)
await postgres.stop()
if (wantedCase('slow-disk')) await slowDisk()
