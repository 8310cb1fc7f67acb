// Scale: what an authenticate costs with a thousand, a hundred thousand and a million registrations, and what the
// limits cost that several BFFs share through PostgreSQL.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openPostgres, openSqlite } from '@kit/totp-server'
import { ensureWrk, load, visitors } from '../lib/load.mjs'
import { nodeOptions, quick, wantedCase } from '../lib/options.mjs'
import { authorization, codeOf, enrolByRows, person, stepsOfCodes } from '../lib/people.mjs'
import { startPostgres } from '../lib/postgres.mjs'
import { start } from '../lib/processes.mjs'
import { median, report, round } from '../lib/report.mjs'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kit-bench-scale-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const rounds = quick ? 1 : 3
const requests = quick ? 2000 : 10_000
const counts = quick ? [1000, 20_000] : [1000, 100_000, 1_000_000]
/** Ten million without recovery codes take a quarter of an hour to make: `--ten-million`. */
const largest = process.argv.includes('--ten-million') ? 10_000_000 : null

const label = (count) => (count >= 1e6 ? `${count / 1e6} M` : `${count / 1e3} k`)

/** Asks people spread over all there are, each person's codes in their order. */
function writeBodies(count, name) {
  const asked = Math.min(count, 20_000)
  const people = Array.from({ length: asked }, (_, index) => person(Math.floor((index * count) / asked)))
  const bodies = stepsOfCodes.flatMap((step) =>
    people.map(({ userId, secret }) => JSON.stringify({ user_id: userId, totp_code: codeOf(secret, step) })),
  )
  writeFileSync(join(folder, name), bodies.join('\n'))
  return bodies.length
}

const lua = (name) => `
local bodies, at = {}, 0
for line in io.lines('${join(folder, name)}') do bodies[#bodies + 1] = line end
local headers = { ['content-type'] = 'application/json', ['authorization'] = '${authorization}' }
request = function()
  at = at + 1
  return wrk.format('POST', '/v1/totps/authenticate', headers, bodies[(at - 1) % #bodies + 1])
end
`

/** Ten codes each, made by the database. */
const recoveryCodes = [
  `INSERT INTO recovery_codes (recovery_code_id, totp_id, subject_id, code_hash, key_id, sealed_code, place)
   SELECT 'totp-recovery-code-test-' || md5(totp_id || n), totp_id, subject_id, md5(n || totp_id), 'k1',
          decode(md5(totp_id || n) || md5(n || totp_id), 'hex'), n
   FROM totps, generate_series(0, 9) AS n`,
]

async function measure(where, name, codes, reset, database) {
  const runs = []
  // With a thousand people there are 3,000 codes: they are asked for again after what is spent is forgotten, so that
  // every server is as warm.
  const count = Math.min(requests, codes - 64)
  const repeats = Math.ceil(requests / count)
  for (let round = 0; round < rounds; round++) {
    await reset()
    const server = await start(file('../server/contestants/kit.mjs'), { args: nodeOptions, env: where })
    const cpu = () => server.cpuSeconds() + (database?.cpuSeconds() ?? 0)
    const ask = async () => {
      const before = cpu()
      const result = await load({ url: server.url, lua: lua(name), concurrency: 32, requests: count })
      const asked = { ...result, cpu: ((cpu() - before) / result.requests) * 1000 }
      // What wrk has left behind is still answered, and would spend codes after the reset: 64 of 3,000 failed by that.
      await sleep(500)
      await reset()
      return asked
    }
    for (let warmUp = 0; warmUp < 2 * repeats; warmUp++) await ask()
    for (let repeat = 0; repeat < repeats; repeat++) runs.push(await ask())
    await server.stop()
  }
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]))
}

const cells = (run, madeSeconds) => [
  run.cpu,
  Math.round(run.perSecond),
  run.p50Ms,
  run.p99Ms,
  run.failed,
  Math.round(madeSeconds),
]
const columns = [
  'registrations',
  'CPU s per 1,000, all',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'failed',
  's to make',
]
const forgetful =
  'UPDATE totps SET last_step = -1, consecutive_failures = 0, fail_level = 0 WHERE last_step > -1'

async function growPostgres() {
  const postgres = await startPostgres()
  const DATABASE_URL = postgres.urlOf('postgres')
  await (await openPostgres({ connectionString: DATABASE_URL })).close()
  const query = (...statements) => postgres.query('postgres', ...statements)
  const rows = []
  for (const count of [...counts, ...(largest ? [largest] : [])]) {
    const begun = performance.now()
    const withCodes = count !== largest
    await query('TRUNCATE users, totps, recovery_codes, recovery_budgets, sessions CASCADE')
    await enrolByRows(query, 0, count)
    if (withCodes) await query(...recoveryCodes)
    await query('VACUUM ANALYZE', 'CHECKPOINT')
    const madeSeconds = (performance.now() - begun) / 1000
    const codes = writeBodies(count, 'postgres')
    const run = await measure({ DATABASE_URL }, 'postgres', codes, () => query(forgetful), postgres)
    rows.push([`${label(count)}${withCodes ? ', with their codes' : ''}`, ...cells(run, madeSeconds)])
    console.log(
      rows
        .at(-1)
        .map((cell) => round(cell))
        .join('  '),
    )
    // After each size: the largest takes a quarter of an hour.
    report('scale-postgres', {
      title: 'Scale: authenticate on PostgreSQL as registrations grow',
      note: `Medians of ${rounds} rounds of ${requests} requests, 32 at a time, 20,000 people spread over all. Ten recovery codes each.`,
      columns,
      rows,
      plot: { label: 'CPU seconds per 1,000 requests, less is better', unit: 's', column: 1 },
    })
  }
  await postgres.stop()
}

/**
 * Puts people straight into the tables, with a page cache that holds them all: by the store, whose pages go to the disk
 * and back for each thousand, a hundred thousand took seven minutes.
 */
function enrolInFile(database, count) {
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -4000000')
  const inserts = new Map()
  const insert = (table, row) => {
    const columns = Object.keys(row)
    const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
    if (!inserts.has(table)) inserts.set(table, database.prepare(text))
    inserts.get(table).run(...Object.values(row))
  }
  database.exec('BEGIN')
  for (let index = 0; index < count; index++) {
    const { user, totp } = person(index)
    insert('users', user)
    insert('totps', totp)
  }
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

async function growSqlite() {
  const { default: Database } = await import('libsql')
  const rows = []
  for (const count of counts) {
    const begun = performance.now()
    const dataDir = join(folder, `sqlite-${count}`)
    await (await openSqlite({ dataDir })).close()
    const open = () => new Database(join(dataDir, 'totp.sqlite'), { timeout: 5000 })
    enrolInFile(open(), count)
    const madeSeconds = (performance.now() - begun) / 1000
    const codes = writeBodies(count, 'sqlite')
    const reset = () => {
      const database = open()
      database.exec(forgetful)
      database.close()
    }
    const run = await measure({ DATA_DIR: dataDir }, 'sqlite', codes, reset)
    rows.push([label(count), ...cells(run, madeSeconds)])
    console.log(
      rows
        .at(-1)
        .map((cell) => round(cell))
        .join('  '),
    )
    rmSync(dataDir, { recursive: true })
  }
  report('scale-sqlite', {
    title: 'Scale: authenticate on the embedded engine as registrations grow',
    note: `Medians of ${rounds} rounds of ${requests} requests, 32 at a time, 20,000 people spread over all, no recovery codes.`,
    columns,
    rows,
    plot: { label: 'CPU seconds per 1,000 requests, less is better', unit: 's', column: 1 },
  })
}

/**
 * Exactness: all BFFs are asked at once, by one person, more often than the limit allows; so many get past. Codes
 * that the provider refuses are not given back.
 */
async function admitted(servers, max) {
  const tries = max * 3
  const headers = { 'x-user': 'user-refused-1', 'sec-fetch-site': 'same-origin' }
  const { csrfToken } = await (await fetch(`${servers[0].url}/mfa/status`, { headers })).json()
  const post = async (index) => {
    const { url } = servers[index % servers.length]
    const answer = await fetch(`${url}/mfa/totp/authenticate`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'x-csrf': csrfToken },
      body: JSON.stringify({ code: String(index).padStart(6, '0') }),
    })
    return answer.status
  }
  const statuses = await Promise.all(Array.from({ length: tries }, (_, index) => post(index)))
  return statuses.filter((status) => status !== 429).length
}

async function sharedLimits() {
  const postgres = await startPostgres()
  const stub = await start(file('../bff/stub.mjs'), { core: 1 })
  const COOKIE_KEY = randomBytes(32).toString('base64')
  const contestant = file('../bff/contestants/kit.mjs')
  const max = 60
  const rows = []
  for (const processes of [0, 1, 2, 4]) {
    const shared = processes > 0
    const env = {
      UPSTREAM_URL: stub.url,
      COOKIE_KEY,
      ...(shared && { DATABASE_URL: postgres.urlOf('postgres') }),
    }
    const many = Math.max(1, processes)
    const servers = []
    for (let index = 0; index < many; index++) servers.push(await start(contestant, { env }))
    const headers = await visitors(servers[0].url)
    const script = `
local headers = {}
${headers}
request = function()
  return wrk.format('POST', '/mfa/totp/authenticate', headers[math.random(1, #headers)],
    string.format('{"code":"%08d"}', math.random(0, 99999999)))
end
`
    const cpu = () => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0)
    const runs = []
    for (let round = 0; round <= rounds; round++) {
      const [before, databaseBefore] = [cpu(), postgres.cpuSeconds()]
      const results = await Promise.all(
        servers.map(({ url }) =>
          load({ url, lua: script, concurrency: Math.ceil(48 / many), requests: Math.ceil(requests / many) }),
        ),
      )
      const answered = results.reduce((sum, result) => sum + result.requests, 0)
      runs.push({
        cpu: ((cpu() - before) / answered) * 1000,
        database: ((postgres.cpuSeconds() - databaseBefore) / answered) * 1000,
        perSecond: results.reduce((sum, result) => sum + result.perSecond, 0),
        failed: results.reduce((sum, result) => sum + result.failed, 0),
      })
    }
    for (const server of servers) await server.stop()

    const strict = []
    for (let index = 0; index < many; index++)
      strict.push(await start(contestant, { env: { ...env, SUBJECT_MAX: String(max) } }))
    const passed = await admitted(strict, max)
    for (const server of strict) await server.stop()
    if (shared) await postgres.query('postgres', 'DROP SCHEMA public CASCADE', 'CREATE SCHEMA public')
    const of = (key) => median(runs.slice(1).map((run) => run[key]))
    rows.push([
      shared ? `${processes} BFF, shared limits` : '1 BFF, limits of its own',
      of('cpu'),
      of('database'),
      Math.round(of('perSecond')),
      of('failed'),
      `${passed} of ${max}`,
    ])
    console.log(
      rows
        .at(-1)
        .map((cell) => round(cell))
        .join('  '),
    )
  }
  await stub.stop()
  await postgres.stop()
  report('scale-limits', {
    title: 'Scale: limits that several BFFs share through PostgreSQL',
    note: `Authenticate, 48 at a time over all processes, which share one core. Exactness: ${max * 3} parallel attempts of one person over all processes, with a limit of ${max}; so many got past it.`,
    columns: [
      'processes',
      'BFF CPU s per 1,000',
      'PostgreSQL CPU s per 1,000',
      'requests/s, all',
      'failed',
      'admitted',
    ],
    rows,
    plot: {
      label: 'BFF CPU seconds per 1,000 requests, less is better',
      unit: 's',
      column: 1,
      highlight: 'BFF',
    },
  })
}

ensureWrk()
if (wantedCase('limits')) await sharedLimits()
if (wantedCase('postgres')) await growPostgres()
if (wantedCase('sqlite')) await growSqlite()
