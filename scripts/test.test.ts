import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kit-runner-'))
  for (const name of ['test.mjs', 'chromium.mjs']) {
    cpSync(fileURLToPath(new URL(name, import.meta.url)), join(root, 'scripts', name))
  }
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

/** Stands for a tool of the workspace, and ends with `status`. */
const put = (tool: string, status: number) =>
  writeFileSync(join(root, 'node_modules/.bin', tool), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 })

const run = (...parts: string[]) => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts/test.mjs'), ...parts], {
    encoding: 'utf8',
    env: { PATH: join(root, 'node_modules/.bin') },
  })
  return { status, last: stdout.trimEnd().split('\n').at(-1) }
}

test('`pnpm test` ends with its line also where the build fails', () => {
  put('turbo', 1)
  expect(run()).toEqual({ status: 1, last: '0 passed, 1 failed, 0 skipped' })
})

test('`pnpm test next` ends with its line also where the example cannot be installed', () => {
  put('turbo', 0)
  put('pnpm', 1)
  expect(run('next')).toEqual({ status: 1, last: '0 passed, 1 failed, 0 skipped' })
})

test('`pnpm test unit` ends with its line also where the runner writes no report', () => {
  put('turbo', 0)
  put('vitest', 1)
  expect(run('unit')).toEqual({ status: 1, last: '0 passed, 1 failed, 0 skipped' })
})
