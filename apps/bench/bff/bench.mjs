// BFF, authenticate and status: Kit beside what people would write instead, and beside a raw floor.
// Contestants take turns (A B C A B C …) on one core; the stub of the provider and wrk share the other.
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ensureWrk, load } from '../lib/load.mjs'
import { nodeOptions, quick, wanted, wantedCase } from '../lib/options.mjs'
import { start } from '../lib/processes.mjs'
import { median, report } from '../lib/report.mjs'

const requests = quick ? 4000 : 6000
/** A just-in-time compiler is done after about this many. */
const warmUpRequests = quick ? 4000 : 15_000
/** More where the goals are. */
const roundsOf = (latencyMs, concurrency) => (quick || latencyMs === 5 || concurrency !== 50 ? 1 : 3)
const subjects = 200
const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const users = Array.from(
  { length: subjects },
  (_, index) => `user-test-${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`,
)

const contestants = [
  { name: 'raw: node:http + undici, passed through', file: 'contestants/raw.mjs' },
  { name: 'raw-safe: the same with hand-written checks', file: 'contestants/raw-safe.mjs' },
  { name: 'raw-same: all that Kit checks, by hand', file: 'contestants/raw-same.mjs', signsIn: true },
  { name: 'Kit in front of Express', file: 'contestants/kit.mjs', kit: true },
  { name: 'Kit mounted in Express', file: 'contestants/kit.mjs', kit: true, env: { MOUNT_IN: 'express' } },
  { name: 'Fastify + undici', file: 'contestants/fastify-undici.mjs' },
  { name: 'Express + undici', file: 'contestants/express-undici.mjs' },
  { name: 'http-proxy-middleware, keep-alive', file: 'contestants/proxy.mjs' },
  { name: 'Express + fetch + zod + helmet', file: 'contestants/express-fetch.mjs' },
  { name: 'Express + official SDK', file: 'contestants/express-sdk.mjs' },
].filter(({ name }) => wanted(name))

let codes = 0
/** Counts codes up over all runs: one that a person sent before would be refused. */
const lua = (lines) => {
  codes += 50_000
  return `
local headers, code = {}, ${codes}
${lines}
request = function()
  code = (code + 1) % 1000000
  return wrk.format(method, path, headers[math.random(1, #headers)], body and string.format(body, code))
end
`
}

const peerLua = () =>
  lua(
    `local method, path, body = 'POST', '/authenticate', '{"code":"%06d"}'\n${users
      .map(
        (user) => `headers[#headers + 1] = { ['content-type'] = 'application/json', ['x-user'] = '${user}' }`,
      )
      .join('\n')}`,
  )

/** Every subject's CSRF token and sealed cookie, got as a browser gets them. */
async function signIn(url) {
  const lines = []
  for (const user of users) {
    const base = { 'x-user': user, 'sec-fetch-site': 'same-origin' }
    const status = await (await fetch(`${url}/mfa/status`, { headers: base })).json()
    const headers = { ...base, 'content-type': 'application/json', 'x-csrf': status.csrfToken }
    const answer = await fetch(`${url}/mfa/totp/authenticate`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        code: String(randomInt(1e6)).padStart(6, '0'),
      }),
    })
    if (answer.status !== 200)
      throw new Error(`Kit refused the set-up: ${answer.status} ${await answer.text()}`)
    const cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const pairs = Object.entries({ ...headers, cookie }).map(([name, value]) => `['${name}'] = '${value}'`)
    lines.push(`headers[#headers + 1] = { ${pairs.join(', ')} }`)
  }
  return lines.join('\n')
}

const kitLua = (lines) =>
  lua(`local method, path, body = 'POST', '/mfa/totp/authenticate', '{"code":"%06d"}'\n${lines}`)
const statusLua = (lines) => lua(`local method, path, body = 'GET', '/mfa/status', nil\n${lines}`)

async function measure(contestant, stub, { concurrency, script = 'authenticate', count = requests }) {
  const server = await start(file(contestant.file), {
    core: 0,
    args: nodeOptions,
    env: { UPSTREAM_URL: stub.url, ...contestant.env },
  })
  try {
    const lines = contestant.kit || contestant.signsIn ? await signIn(server.url) : ''
    const text = () => (!lines ? peerLua() : script === 'status' ? statusLua(lines) : kitLua(lines))
    const target = lines ? server.url : `${server.url}/authenticate`
    await load({ url: target, lua: text(), concurrency, requests: fewer(warmUpRequests, concurrency) })
    const connections = async () => (await (await fetch(`${stub.url}/connections`)).json()).connections
    const [cpu, opened] = [server.cpuSeconds(), await connections()]
    const result = await load({
      url: target,
      lua: text(),
      concurrency,
      requests: fewer(count, concurrency),
    })
    return {
      ...result,
      cpuPer1k: ((server.cpuSeconds() - cpu) / result.requests) * 1000,
      rssMb: server.rssMb(),
      newConnections: (await connections()) - opened,
    }
  } finally {
    await server.stop()
  }
}

/** One at a time takes long and varies little. */
const fewer = (count, concurrency) => (concurrency === 1 ? count / 4 : count)
/** Six thousand statuses would be over in half a second, wrk's own start included. */
const statusRequests = requests * 5

const medians = (runs) =>
  Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]))

ensureWrk()
for (const latencyMs of quick ? [0] : [0, 5, 20]) {
  const stub = await start(file('stub.mjs'), { core: 1, env: { LATENCY_MS: String(latencyMs) } })
  for (const concurrency of quick || latencyMs > 0 ? [50] : [1, 50, 200]) {
    if (!wantedCase(`${latencyMs}ms-c${concurrency}`)) continue
    const rounds = roundsOf(latencyMs, concurrency)
    const runs = new Map(contestants.map((contestant) => [contestant, []]))
    for (let round = 0; round < rounds; round++)
      for (const contestant of contestants)
        runs.get(contestant).push(await measure(contestant, stub, { concurrency }))
    const rows = contestants.map((contestant) => ({
      name: contestant.name,
      ...medians(runs.get(contestant)),
    }))
    const base = (word) => rows.find((row) => row.name.includes(word))?.cpuPer1k ?? Number.NaN
    report(`bff-authenticate-${latencyMs}ms-c${concurrency}`, {
      title: `BFF, authenticate: provider answers in ${latencyMs} ms, ${concurrency} at a time`,
      note: `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`} of ${requests} requests, contestants in turn. CPU is user and system time of the process.`,
      columns: [
        'contestant',
        'CPU s per 1,000',
        'better than SDK',
        'of raw-safe',
        'of raw-same',
        'requests/s',
        'p50 ms',
        'p99 ms',
        'RSS MB',
        'new upstream connections',
        'failed',
      ],
      rows: rows.map((row) => [
        row.name,
        row.cpuPer1k,
        base('SDK') / row.cpuPer1k,
        row.cpuPer1k / base('raw-safe'),
        row.cpuPer1k / base('raw-same'),
        Math.round(row.perSecond),
        row.p50Ms,
        row.p99Ms,
        Math.round(row.rssMb),
        row.newConnections,
        row.failed,
      ]),
      plot: { label: 'CPU seconds per 1,000 requests, less is better', unit: 's', column: 1 },
    })
  }
  if (latencyMs === 0 && wantedCase('status')) {
    const rounds = roundsOf(0, 50)
    const kits = contestants.filter((contestant) => contestant.kit)
    const runs = new Map(kits.map((contestant) => [contestant, []]))
    for (let round = 0; round < rounds; round++)
      for (const contestant of kits)
        runs
          .get(contestant)
          .push(await measure(contestant, stub, { concurrency: 50, script: 'status', count: statusRequests }))
    report('bff-status', {
      title: 'BFF, status: asked on each page load, 50 at a time',
      note: `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`} of ${statusRequests} requests on one core; the provider is not asked while its check is fresh.`,
      columns: ['contestant', 'CPU s per 1,000', 'requests/s', 'p50 ms', 'p99 ms', 'failed'],
      rows: kits.map((contestant) => {
        const row = medians(runs.get(contestant))
        return [contestant.name, row.cpuPer1k, Math.round(row.perSecond), row.p50Ms, row.p99Ms, row.failed]
      }),
      plot: { label: 'requests a second on one core, more is better', unit: '1/s', column: 2 },
    })
  }
  await stub.stop()
}
