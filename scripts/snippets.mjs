// Compiles every TypeScript snippet of the documents, as a reader would who pastes it into a file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// The demo depends on every package and on Express and React, so what a reader would have installed resolves here.
const folder = `${root}apps/demo/.cache/snippets`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const places = new Map()
const documents = [
  'README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(`${root}packages`).map((name) => `packages/${name}/README.md`),
]
for (const path of documents.filter((path) => existsSync(`${root}${path}`))) {
  const text = readFileSync(`${root}${path}`, 'utf8')
  for (const match of text.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)) {
    const line = text.slice(0, match.index).split('\n').length
    const name = `${path.replace(/[^a-z0-9]+/gi, '-')}-${line}.${match[1]}`
    places.set(name, { path, line })
    writeFileSync(`${folder}/${name}`, `${match[2]}\nexport {}\n`)
  }
}

writeFileSync(
  `${folder}/tsconfig.json`,
  JSON.stringify({
    extends: '../../../../tsconfig.base.json',
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      noEmit: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      jsx: 'react-jsx',
      lib: ['es2023', 'dom', 'dom.iterable'],
      module: 'esnext',
      moduleResolution: 'bundler',
      types: ['node', 'vite/client'],
    },
    include: ['*.ts', '*.tsx'],
  }),
)
const tsc = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], {
  encoding: 'utf8',
})
const told = tsc.stdout.replace(/^.*?([^/\s]+\.tsx?)\((\d+),(\d+)\)/gm, (whole, name, line, column) => {
  const place = places.get(name)
  return place ? `${place.path}:${place.line + Number(line)}:${column}` : whole
})
process.stdout.write(told)
console.log(`${places.size} snippets`)
process.exitCode = tsc.status ?? 1
