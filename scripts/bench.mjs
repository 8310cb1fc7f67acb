// Side-by-side benchmarks: `pnpm bench` runs all, `pnpm bench NAME` one. Peers are installed here and nowhere else.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bench = `${root}apps/bench`
const names = readdirSync(bench, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${bench}/${entry.name}/bench.mjs`))
  .map((entry) => entry.name)
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${names.join(', ')}.`)
  process.exit(1)
}

const must = (command, args, cwd) => {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
must(`${root}node_modules/.bin/tsc`, ['-b'], root)
must('pnpm', ['install', '--frozen-lockfile'], bench)

for (const name of wanted.length > 0 ? wanted : names)
  await import(pathToFileURL(`${bench}/${name}/bench.mjs`).href)
