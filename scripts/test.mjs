// All tests: `pnpm test`. Unit, contract, SQLite, real PostgreSQL, then the real browser.
// `pnpm test packed` installs the packed packages into an empty project; `pnpm test next` the Next.js example.
// Ends with one line, `N passed, N failed, N skipped`, and fails when a test failed or none ran.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureChromium } from './chromium.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => join(root, 'node_modules/.bin', name)
const folder = mkdtempSync(join(tmpdir(), 'kit-test-'))
const totals = { passed: 0, failed: 0, skipped: 0 }
// However it ends: what fails before a test could run counts as one.
process.on('exit', (status) => {
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0 && totals.failed === 0) totals.failed = 1
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
})

const run = (command, args, env = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    })
    child.on('exit', (status) => resolve(status ?? 1))
  })

/** Adds the counts that `read` finds in the report; a runner that failed without a failed test counts as one. */
function add(report, status, read) {
  let counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    counts = read(JSON.parse(readFileSync(report, 'utf8')))
  } catch (error) {
    process.stderr.write(`No report was written: ${error.message}\n`)
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  for (const key of Object.keys(totals)) totals[key] += counts[key]
}

// The programs are tested as what users run, so they are built first.
const built = spawnSync(bin('turbo'), ['run', 'build', '--output-logs=errors-only'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
})
if (built.status !== 0) process.exit(1)

const only = process.argv.slice(2)
const wants = (part) => only.length === 0 || only.includes(part)

async function units(name, args) {
  const report = join(folder, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = await run(bin('vitest'), ['run', ...reporters, ...args])
  add(report, status, (json) => ({
    passed: json.numPassedTests,
    failed: json.numFailedTests,
    skipped: json.numPendingTests + json.numTodoTests,
  }))
}

if (wants('unit')) await units('unit', [])

async function walk(name, args) {
  const report = join(folder, `${name}.json`)
  const status = await run(bin('playwright'), ['test', '--reporter=list,json', ...args], {
    CHROMIUM_PATH: await ensureChromium(),
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
  })
  // A test that passed only on a second try is a flaky one, and a flaky one has failed.
  add(report, status, ({ stats }) => ({
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky,
    skipped: stats.skipped,
  }))
}

if (wants('browser')) await walk('browser', [])

// These two ask the registry for more than this workspace needs, so they run only where they are named.
if (only.includes('packed')) await units('packed', ['--config', 'scripts/packed/vitest.config.ts'])

if (only.includes('next')) {
  const installed = await run('pnpm', ['--dir', 'apps/example-nextjs', 'install', '--frozen-lockfile'])
  if (installed !== 0) process.exit(1)
  await walk('next', ['--config', 'apps/example-nextjs/playwright.config.ts'])
}

process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
