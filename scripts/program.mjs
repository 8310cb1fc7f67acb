// Runs one of the programs from source: `node scripts/program.mjs PACKAGE FILE [arguments]`.
// The program runs in this very process, so that signals, standard input and the exit status are its own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'

const [name, file, ...args] = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

const build = spawnSync(process.execPath, [tsc, '-b', `packages/${name}`], { cwd: root, encoding: 'utf8' })
if (build.status !== 0) {
  process.stderr.write(build.stdout + build.stderr)
  process.exit(build.status ?? 1)
}

const program = `${root}packages/${name}/dist/${file}.js`
process.argv = [process.execPath, program, ...args]
await import(pathToFileURL(program).href)
