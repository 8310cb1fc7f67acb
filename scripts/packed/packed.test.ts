import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kit-packed-'))
const tarballs: string[] = []

/** Runs a program in the empty project; its output, or an error that shows it. */
const run = (command: string, args: string[], env: Record<string, string> = {}) =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, ...env },
  })

const tsc = (...args: string[]) =>
  run('npx', ['tsc', '--strict', '--jsx', 'react-jsx', '--target', 'es2023', ...args])

beforeAll(() => {
  const pack = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder]
  execFileSync('pnpm', pack, { cwd: root, stdio: 'pipe' })
  tarballs.push(...readdirSync(folder).filter((name) => name.endsWith('.tgz')))
  cpSync(join(root, 'scripts/packed/program.tsx'), join(folder, 'program.tsx'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const others = [
    'express',
    'react',
    'react-dom',
    '@tanstack/react-query',
    'otpauth',
    'node@24',
    'typescript',
  ]
  const types = ['@types/express', '@types/node@20', '@types/react', '@types/react-dom']
  const quietly = ['--no-audit', '--no-fund', '--prefer-offline']
  run('npm', ['install', ...quietly, ...tarballs.map((name) => `./${name}`), ...others, ...types])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed packages, installed by npm into an empty project', () => {
  it('are five', () => {
    expect(tarballs.map((name) => name.replace(/-\d.*$/, '')).sort()).toEqual([
      'kit-bff',
      'kit-contract',
      'kit-react',
      'kit-totp-client',
      'kit-totp-server',
    ])
  })

  it.each(['bff', 'contract', 'react', 'totp-client', 'totp-server'])(
    'T100: kit-%s has what it should and no more',
    (name) => {
      const tarball = tarballs.find((file) => file.startsWith(`kit-${name}-`)) ?? ''
      const files = run('tar', ['tzf', tarball]).trim().split('\n')
      const allowed =
        /^package\/(LICENSE|README\.md|package\.json|(dist|src)\/[\w./-]+\.(js|d\.ts|js\.map|d\.ts\.map|tsx?|css))$/
      expect(files.filter((file) => !allowed.test(file) || /\.(test|spec)\./.test(file))).toEqual([])
      expect(files).toEqual(
        expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.d.ts']),
      )
    },
  )

  it('T100: need nothing under a licence that asks for more than naming it', () => {
    const list = ['licenses', 'list', '--prod', '--json', '--filter', './packages/*']
    const found = Object.keys(JSON.parse(execFileSync('pnpm', list, { cwd: root, encoding: 'utf8' })))
    expect(found.filter((licence) => !/^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD)$/.test(licence))).toEqual(
      [],
    )
  })

  it('resolve and type-check for Node, and for bundlers', () => {
    tsc('--module', 'nodenext', '--outDir', 'out', 'program.tsx')
    tsc('--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', 'program.tsx')
  })

  it.each([
    ['this Node', process.execPath],
    ['Node 24', join(folder, 'node_modules/node/bin/node')],
  ])('enrol and sign somebody in on %s', (_, node) => {
    expect(run(node, ['out/program.js'])).toMatch(/^enrolled and verified on v(20|24)\.\S+\n$/)
  })

  it('bring their programs', () => {
    expect(run('npx', ['kit-import', '--help'])).toContain('Usage: kit-import')
    const env = {
      ...{ UPSTREAM: 'embedded', KIT_DEV: '1', DATA_DIR: join(folder, 'data'), IDENTITY: 'headers' },
      COOKIE_KEYS: randomBytes(32).toString('base64'),
      IDENTITY_SECRET: 'shared with the proxy of this one test',
    }
    expect(run('npx', ['kit-bff', 'check'], env)).not.toContain('wrong')
    expect(() => run('npx', ['kit-totp-server'], { DATA_DIR: join(folder, 'data') })).toThrow('PROJECT_ID')
  })
})
