// Deliberate mistakes: `node scripts/run-mutants.mjs [word of a name]`. Each is made in a copy of the tree, where the
// narrowest tests must then fail. Fails when a mistake survives or its place in the sources is gone.
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Every file of the tree as it is, with the modules of the original beside it. */
function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'kit-mutants-'))
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    maxBuffer: 1e8,
  })
  for (const file of listed.toString().split('\0')) {
    if (file === '' || file.startsWith('docs/pictures/') || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  // These hold links relative to themselves, so that the copy's packages find each other.
  for (const name of ['contract', 'totp-client', 'totp-server', 'bff']) {
    const modules = `packages/${name}/node_modules`
    cpSync(join(root, modules), join(copy, modules), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\.(kit-test|vite)/.test(path),
    })
  }
  return copy
}

/** Runs tests in a copy and gives those that failed; null when none could be run at all. */
async function failures(copy, tests, only) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const args = ['run', '--project', 'node', '--reporter=json', `--outputFile=${report}`, ...tests]
  if (only) args.push('-t', only)
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: copy,
    stdio: 'ignore',
  })
  await new Promise((resolve) => child.on('exit', resolve))
  if (!existsSync(report)) return null
  const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  if (numPassedTests + numFailedTests === 0) return null
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
}

/** What became of a mutant: the tests that caught it, or why it counts as a failure. */
async function judge(copy, { file, change, tests, only }) {
  const path = join(copy, file)
  const original = readFileSync(path, 'utf8')
  let text = original
  for (const [from, to] of change) {
    if (text.split(from).length !== 2) return { problem: `its place in ${file} is gone: ${from.trim()}` }
    text = text.replace(from, () => to)
  }
  writeFileSync(path, text)
  try {
    const failed = await failures(copy, tests, only)
    if (failed === null) return { problem: 'no test ran' }
    return failed.length > 0 ? { caughtBy: failed } : { problem: 'SURVIVED' }
  } finally {
    writeFileSync(path, original)
  }
}

/** @returns rows of name, tests that caught it or a problem */
export async function runMutants(word = '') {
  const wanted = mutants.filter(({ name }) => name.includes(word))
  const queue = [...wanted]
  const rows = []
  const worker = async () => {
    const copy = copyTree()
    try {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const row = { name: mutant.name, ...(await judge(copy, mutant)) }
        const by = row.caughtBy?.[0]?.replace(/^.* > /, '')
        console.log(
          row.problem
            ? `NOT CAUGHT  ${row.name}: ${row.problem}`
            : `caught      ${row.name}\n            by ${by}`,
        )
        rows.push(row)
      }
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  }
  // Without a mistake the same tests must pass, else nothing is shown by their failing.
  const copy = copyTree()
  for (const some of [wanted.filter(({ only }) => only), wanted.filter(({ only }) => !only)]) {
    if (some.length === 0) continue
    const files = [...new Set(some.flatMap(({ tests }) => tests))]
    const names = some.flatMap(({ only }) => (only ? [`(${only})`] : [])).join('|')
    const clean = await failures(copy, files, names)
    if (clean === null || clean.length > 0) {
      rmSync(copy, { recursive: true, force: true })
      throw new Error(`Without any mistake there fail already: ${clean?.join(', ') ?? 'no test ran'}`)
    }
  }
  rmSync(copy, { recursive: true, force: true })
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
  return rows
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await runMutants(process.argv[2])
  const survived = rows.filter(({ problem }) => problem)
  console.log(`${rows.length - survived.length} caught, ${survived.length} not caught`)
  process.exitCode = survived.length > 0 || rows.length === 0 ? 1 : 0
}
