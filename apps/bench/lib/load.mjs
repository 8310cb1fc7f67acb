// Load by wrk: C, so that the generator does not eat the core that it measures.
import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Installs wrk by Debian's package manager where it is missing. */
export function ensureWrk() {
  const has = () => spawnSync('sh', ['-c', 'command -v wrk'], { stdio: 'ignore' }).status === 0
  if (has()) return
  process.stderr.write('Installing wrk…\n')
  const sudo = process.getuid?.() === 0 ? '' : 'sudo -n '
  spawnSync('sh', ['-c', `${sudo}apt-get update -qq && ${sudo}apt-get install -y -qq wrk`], {
    stdio: 'ignore',
  })
  if (!has())
    throw new Error('wrk is missing and could not be installed. Install wrk, then run the bench again.')
}

const folder = mkdtempSync(join(tmpdir(), 'kit-bench-'))
const longestSeconds = 300
let scripts = 0

/** Stops after so many requests and not after so long: on a busy machine too every contestant is as warm. */
const countAndReport = (requests) => `
local sent, make = 0, request
request = function()
  sent = sent + 1
  if sent == ${requests} then
    wrk.thread:stop()
    io.write('SENT\\n')
    io.flush()
  end
  return make()
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"failed":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`

/**
 * One run of wrk.
 * @param {{ url: string, lua: string, concurrency: number, requests: number, core?: number }} options
 *   `lua` defines `request` (wrk's scripting interface)
 * @returns {Promise<{ requests: number, perSecond: number, p50Ms: number, p99Ms: number, failed: number }>}
 */
export async function load({ url, lua, concurrency, requests, core = 1 }) {
  const script = join(folder, `load-${scripts++}.lua`)
  // wrk's own seed is always the same, and a code of before would be refused.
  const seed = `math.randomseed(${randomInt(2 ** 31)})\n`
  writeFileSync(script, seed + lua + countAndReport(requests))
  const pinned = availableParallelism() > 1 ? ['taskset', '-c', String(core)] : []
  const options = ['-t1', `-c${concurrency}`, `-d${longestSeconds}s`, '--timeout', '10s', '-s', script]
  const [command, ...args] = [...pinned, 'wrk', ...options, url]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const read = (chunk) => {
    output += chunk
    if (String(chunk).includes('SENT')) child.kill('SIGINT')
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  await new Promise((resolve) => child.once('close', resolve))
  const found = /RESULT (\{.*\})/.exec(output)
  if (!found) throw new Error(`wrk gave no result:\n${output}`)
  const { requests: answered, durationUs, p50Us, p99Us, failed } = JSON.parse(found[1])
  return {
    requests: answered,
    perSecond: answered / (durationUs / 1e6),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    failed,
  }
}

/** Lua that puts the headers of a hundred people who are signed in at Kit's BFF into `headers`. */
export async function visitors(url) {
  const lines = []
  for (let index = 0; index < 100; index++) {
    const headers = { 'x-user': `user-test-${index}`, 'sec-fetch-site': 'same-origin' }
    const { csrfToken } = await (await fetch(`${url}/mfa/status`, { headers })).json()
    const all = { ...headers, 'content-type': 'application/json', 'x-csrf': csrfToken }
    const pairs = Object.entries(all).map(([name, value]) => `['${name}'] = '${value}'`)
    lines.push(`headers[#headers + 1] = { ${pairs.join(', ')} }`)
  }
  return lines.join('\n')
}
