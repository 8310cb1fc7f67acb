// Everything that is fast: format, lint, types, import rules, documents, bundle contents and sizes.
// Prints one line a check, and the output of those that fail.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => join(root, 'node_modules/.bin', name)
const packages = ['contract', 'totp-client', 'totp-server', 'bff', 'react']

// `types` comes first: it builds what the later checks read.
const first = [['types', bin('tsc'), '-b']]
const then = [
  ['types of tests', bin('tsc'), '-p', 'tsconfig.test.json'],
  ['types of the demo', bin('tsc'), '-p', 'apps/demo/tsconfig.app.json'],
  ['format and lint', bin('biome'), 'ci', '.', '--diagnostic-level=error', '--colors=off'],
  ['documents and import rules', bin('vitest'), 'run', '--project', 'node', 'scripts'],
  ['snippets in the documents', process.execPath, 'scripts/snippets.mjs'],
  ['bundle contents and sizes', process.execPath, 'scripts/bundle.mjs', '--check'],
  ['unused files, exports, dependencies', bin('knip')],
  ...packages.map((name) => [`package @kit/${name}`, bin('publint'), `packages/${name}`, '--strict']),
]

const run = ([name, command, ...args]) =>
  new Promise((resolve) => {
    const started = Date.now()
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('exit', (status) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${seconds.padStart(5)} s  ${name}`)
      if (status !== 0) console.log(output.trimEnd().replace(/^/gm, '    '))
      resolve(status === 0)
    })
  })

async function all(checks, width) {
  const queue = [...checks]
  const results = []
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) results.push(await run(check))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results.every(Boolean)
}

const passed = (await all(first, 1)) && (await all(then, Math.max(1, Math.min(4, availableParallelism()))))
process.exitCode = passed ? 0 : 1
