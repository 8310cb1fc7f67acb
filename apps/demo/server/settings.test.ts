import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDemo } from './app.js'
import { readSettings, SettingsError } from './settings.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kit-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('keys are made once, for their owner alone, and kept', () => {
  const dataDir = join(folder, 'new')
  const first = readSettings({ DATA_DIR: dataDir })
  expect(first).toMatchObject({ port: 4000, origin: 'http://localhost:4000', stytch: null })
  expect(Buffer.from(first.keys.encryptionKey, 'base64')).toHaveLength(32)
  expect(Buffer.from(first.keys.cookieKey, 'base64')).toHaveLength(32)
  expect(readSettings({ DATA_DIR: dataDir, PORT: '4321' }).keys).toEqual(first.keys)
  expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600)
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
})

test('damaged keys stop the start and are left as they are', () => {
  const path = join(folder, 'keys.json')
  writeFileSync(path, '{"projectId":')
  expect(() => readSettings({ DATA_DIR: folder })).toThrow(/is damaged\. Bring it back from a copy/)
  expect(readFileSync(path, 'utf8')).toBe('{"projectId":')
})

test.each([
  [{ PORT: '70000' }, /PORT must be a whole number/],
  [{ PORT: 'x' }, /PORT must be a whole number/],
  [{ STYTCH_PROJECT_ID: 'project-test-1' }, /Set both STYTCH_PROJECT_ID and STYTCH_SECRET/],
  [{ STYTCH_PROJECT_ID: 'project test', STYTCH_SECRET: 's' }, /STYTCH_PROJECT_ID must be/],
  [{ STYTCH_PROJECT_ID: '../p', STYTCH_SECRET: 's' }, /STYTCH_PROJECT_ID must be/],
  [{ DATA_DIR: '/dev/null/x' }, /DATA_DIR .* cannot be used/],
])('%o is refused in one sentence', (env, message) => {
  const read = () => readSettings({ DATA_DIR: folder, ...env })
  expect(read).toThrow(SettingsError)
  expect(read).toThrow(message)
})

const stytch = { STYTCH_PROJECT_ID: 'project-test-1', STYTCH_SECRET: 's' }

test.each([
  [
    { ORIGIN: 'http://localhost:4000/' },
    /^ORIGIN: .*without path or slash at its end: http:\/\/localhost:4000$/,
  ],
  [{ ORIGIN: 'http://example.com' }, /^ORIGIN: .*only https/],
  [{ ...stytch, STYTCH_BASE_URL: 'http://stytch.example.com' }, /Stytch: baseUrl must be https/],
  [{ ...stytch, STYTCH_BASE_URL: 'nope' }, /Stytch: baseUrl must be an origin/],
])('%o stops the start in one sentence', async (env, message) => {
  const started = createDemo(readSettings({ DATA_DIR: folder, ...env }))
  await expect(started).rejects.toThrow(SettingsError)
  await expect(started).rejects.toThrow(message)
})

test('a damaged database stops the start in one sentence', async () => {
  writeFileSync(join(folder, 'demo.sqlite'), 'garbage '.repeat(1_000))
  const started = createDemo(readSettings({ DATA_DIR: folder }))
  await expect(started).rejects.toThrow(SettingsError)
  await expect(started).rejects.toThrow(
    /demo\.sqlite cannot be used: file is not a database\. If it is damaged/,
  )
})

test('the port that a browser leaves out of an origin is left out', async () => {
  const settings = readSettings({ DATA_DIR: folder, PORT: '80' })
  expect(settings.origin).toBe('http://localhost')
  await (await createDemo(settings)).close()
})

test('with both of its variables the demo runs on Stytch', () => {
  const { stytch } = readSettings({
    DATA_DIR: folder,
    STYTCH_PROJECT_ID: 'project-test-1',
    STYTCH_SECRET: 's',
  })
  expect(stytch).toEqual({ projectId: 'project-test-1', secret: 's' })
})
