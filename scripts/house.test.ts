import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const packages = readdirSync(join(root, 'packages'))

function filesIn(folder: string, accept: (name: string) => boolean): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && accept(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter(
      (path) => !/(^|\/)(node_modules|dist|\.next|\.cache|\.turbo|\.data|results|test-results)\//.test(path),
    )
}

const isSource = (name: string) => /\.tsx?$/.test(name) && !/\.(test|spec)\.tsx?$/.test(name)
const sourcesOf = (folder: string) => filesIn(folder, isSource)

const withoutComments = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

/** What a file imports, statically or dynamically, types included. */
function importsOf(path: string): string[] {
  const text = withoutComments(path)
  return [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)['"]([^'"]+)['"]/gm)].map(([, name]) =>
    String(name),
  )
}

const packageOf = (specifier: string) =>
  specifier.startsWith('node:')
    ? 'node:*'
    : specifier.startsWith('@kit/')
      ? specifier
      : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** Rows of the first table after a heading: the words in backticks of each cell. */
function tableAfter(path: string, heading: string): string[][][] {
  const text = read(path)
  const start = text.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`)
  const rows = text
    .slice(start)
    .split('\n')
    .slice(2)
    .join('\n')
    .match(/(^\|.*\|$\n?)+/m)?.[0]
    .trim()
    .split('\n')
    .slice(2)
  return (rows ?? []).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => String(word))),
  )
}

describe('the import table of ARCHITECTURE.md', () => {
  const rows = tableAfter('ARCHITECTURE.md', '## Who may import whom')
  const folders = new Map(rows.map(([room, names]) => [String(room?.[0]), names ?? []]))

  it.each([...folders.keys()])('says exactly what %s imports from outside itself', (folder) => {
    const files = folder.endsWith('.ts') ? [folder] : sourcesOf(folder).filter((path) => !folders.has(path))
    const imported = files
      .flatMap(importsOf)
      .filter((name) => !name.startsWith('.') && !name.startsWith('virtual:'))
    expect([...new Set(imported.map(packageOf))].sort()).toEqual([...(folders.get(folder) ?? [])].sort())
  })

  it('has a row for every package', () => {
    for (const name of packages) expect([...folders.keys()]).toContain(`packages/${name}/src`)
  })
})

describe.each(packages)('the reading order of packages/%s/README.md', (name) => {
  const folder = `packages/${name}`
  const order = tableAfter(`${folder}/README.md`, '## Reading order').map(([cell]) => String(cell?.[0]))
  const placeOf = (path: string) => {
    const inside = relative(join(root, folder, 'src'), path)
    return order.findIndex((row) => row === inside || (row.endsWith('/') && inside.startsWith(row)))
  }

  it('names every source file, and no other', () => {
    const missing = sourcesOf(`${folder}/src`).filter((path) => placeOf(join(root, path)) < 0)
    const gone = order.filter((row) => !existsSync(join(root, folder, 'src', row)))
    expect({ missing, gone }).toEqual({ missing: [], gone: [] })
  })

  it('lets a file import only what stands below it', () => {
    const upward = sourcesOf(`${folder}/src`).flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith('.') && /\.js$/.test(specifier))
        .map((specifier) => resolve(root, dirname(path), specifier))
        .map((target) =>
          [target.replace(/\.js$/, '.ts'), target.replace(/\.js$/, '.tsx')].find((file) => existsSync(file)),
        )
        .filter((target) => target !== undefined)
        .filter((target) => {
          const [from, to] = [placeOf(join(root, path)), placeOf(target)]
          return from > to || (from === to && !String(order[from]).endsWith('/'))
        })
        .map((target) => `${path} imports ${relative(root, target)}`),
    )
    expect(upward).toEqual([])
  })
})

describe('the documents', () => {
  const documents = filesIn('.', (name) => name.endsWith('.md'))

  it('link only to files and headings that are there', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-')
    const headings = (path: string) => [
      ...[...read(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
        slug(String(heading).replaceAll('`', '')),
      ),
      ...[...read(path).matchAll(/<a id="([^"]+)"/g)].map(([, id]) => String(id)),
    ]
    const broken = documents.flatMap((path) =>
      [
        ...read(path)
          .replace(/```[\s\S]*?```/g, '')
          .matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"\s]+)"/g),
      ]
        .map(([, inline, attribute]) => String(inline ?? attribute))
        .filter((link) => !/^(https?:|mailto:|otpauth:)/.test(link))
        .filter((link) => {
          const [file = '', anchor] = link.split('#')
          const target = file === '' ? path : relative(root, resolve(root, dirname(path), file))
          if (!existsSync(join(root, target))) return true
          return anchor !== undefined && target.endsWith('.md') && !headings(target).includes(anchor)
        })
        .map((link) => `${path}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it.each(packages)('the API reference has every name that %s exports', (name) => {
    const index = read(`packages/${name}/src/index.ts`).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    const lists = [...index.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
      String(list).split(','),
    )
    const names = lists.map((entry) => /(\w+)\s*$/.exec(entry)?.[1]).filter(Boolean)
    const own = [...index.matchAll(/^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm)].map(
      ([, word]) => word,
    )
    const reference = read(`docs/api/${name}.md`)
    const missing = [...names, ...own].filter(
      (word) => !new RegExp(`^### ${word}(\\(\\))?$`, 'm').test(reference),
    )
    expect(missing, 'run: pnpm docs:api').toEqual([])
  })

  it('name only commands that package.json has', () => {
    const scriptsOf = (path: string) =>
      existsSync(join(root, path)) ? Object.keys(JSON.parse(read(path)).scripts ?? {}) : []
    const known = [
      ...scriptsOf('package.json'),
      'install',
      'change',
      'version',
      'licenses',
      'sbom',
      'publish',
      'add',
      'exec',
      'pack',
      '--filter',
      '-r',
    ]
    const unknown = documents.flatMap((path) => {
      const own = scriptsOf(join(dirname(path), 'package.json'))
      return [...read(path).matchAll(/(?<=`|^|&& |-y )pnpm(?:@12)? ([a-z@-][\w:@/-]*)/g)]
        .map(([, command]) => String(command))
        .filter((command) => !known.includes(command) && !own.includes(command))
        .map((command) => `${path}: pnpm ${command}`)
    })
    expect(unknown).toEqual([])
  })
})

describe('the sources', () => {
  const sources = ['packages', 'apps'].flatMap((folder) => sourcesOf(folder))

  it('T10: draw no randomness from Math.random', () => {
    expect(sources.filter((path) => read(path).includes('Math.random'))).toEqual([])
  })

  it('silence no type check', () => {
    const silenced = sources.filter(
      (path) =>
        /@ts-(ignore|nocheck)/.test(read(path)) ||
        /\bas any\b|: any\b|as unknown as/.test(withoutComments(path)),
    )
    expect(silenced).toEqual([])
  })

  it('hold the place of every deliberate mistake exactly once', async () => {
    const table = new URL('mutants.mjs', import.meta.url).href
    const { mutants }: { mutants: { name: string; file: string; change: [string, string][] }[] } =
      await import(table)
    const gone = mutants.filter(({ file, change }) =>
      change.some(([from]) => read(file).split(from).length !== 2),
    )
    expect(gone.map(({ name }) => name)).toEqual([])
  })

  it('T95: never switch certificate checks off', () => {
    expect(sources.filter((path) => read(path).includes('rejectUnauthorized'))).toEqual([])
  })
})
