import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readServerConfig } from './config.js'
import { createKeyring } from './seal.js'

const key = Buffer.alloc(32, 7).toString('base64')
const given = {
  PROJECT_ID: 'project-test-1',
  PROJECT_SECRET: 'secret-test-1234',
  ENCRYPTION_KEYS: `k1:${key}`,
}

const folders: string[] = []
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kit-config-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

test('with credentials and a key everything else has a default', () => {
  const { dataDir, ...config } = readServerConfig(given)
  expect(dataDir).toMatch(/^\/.*\.data\/totp$/)
  expect(config).toEqual({
    port: 4100,
    host: '127.0.0.1',
    logLevel: 'info',
    databaseUrl: undefined,
    options: {
      projectId: 'project-test-1',
      secrets: ['secret-test-1234'],
      encryptionKeys: `k1:${key}`,
      projectName: 'Kit',
      recoveryCodes: 'sealed',
      limits: {},
      autoProvision: false,
      sessionJwtAlgorithm: 'RS256',
    },
    madeCredentials: null,
  })
})

test('every variable is read, and an empty one is as good as none', () => {
  const config = readServerConfig({
    ...given,
    PROJECT_SECRET: 'new-secret-12345, old-secret-12345',
    PORT: '0',
    HOST: '::1',
    DATABASE_URL: 'postgresql://u@h/d',
    DATA_DIR: '/somewhere/else',
    PROJECT_NAME: 'Acme',
    RECOVERY_CODES: 'hashed',
    LIMITS: '{"freeFailures":2}',
    AUTO_PROVISION: '1',
    SESSION_JWT_ALG: 'ES256',
    LOG_LEVEL: 'debug',
    KIT_DEV: '',
  })
  expect(config).toMatchObject({
    port: 0,
    host: '::1',
    logLevel: 'debug',
    databaseUrl: 'postgresql://u@h/d',
    dataDir: '/somewhere/else',
    options: {
      secrets: ['new-secret-12345', 'old-secret-12345'],
      projectName: 'Acme',
      recoveryCodes: 'hashed',
      limits: { freeFailures: 2 },
      autoProvision: true,
      sessionJwtAlgorithm: 'ES256',
    },
  })
})

test('a name of blanks is as good as none', () => {
  expect(readServerConfig({ ...given, PROJECT_NAME: ' ' }).options.projectName).toBe('Kit')
})

test.each<[Record<string, string | undefined>, string]>([
  [{ PROJECT_ID: undefined, PROJECT_SECRET: undefined }, 'PROJECT_ID and PROJECT_SECRET are missing'],
  [{ PROJECT_SECRET: undefined }, 'PROJECT_ID and PROJECT_SECRET belong together'],
  [{ PROJECT_SECRET: 'too-short' }, 'PROJECT_SECRET must be one secret, or two'],
  [{ PROJECT_SECRET: `${given.PROJECT_SECRET},`.repeat(2) }, 'PROJECT_SECRET must be one secret, or two'],
  [{ PROJECT_SECRET: `${given.PROJECT_SECRET},` }, 'PROJECT_SECRET must be one secret, or two'],
  [{ ENCRYPTION_KEYS: undefined }, 'ENCRYPTION_KEYS is missing'],
  [{ ENCRYPTION_KEYS: 'k1:c2hvcnQ=' }, 'ENCRYPTION_KEYS: entry 1 has a key of 5 bytes'],
  [{ PORT: '70000' }, 'PORT must be a whole number'],
  [{ PORT: '41OO' }, 'PORT must be a whole number'],
  [{ PORT: '-1' }, 'PORT must be a whole number'],
  [{ DATABASE_URL: 'mysql://u:sentinel@h/d' }, 'DATABASE_URL must begin with postgres://'],
  [{ RECOVERY_CODES: 'plain' }, 'RECOVERY_CODES must be one of sealed, hashed, not "plain"'],
  [{ AUTO_PROVISION: 'yes' }, 'AUTO_PROVISION must be one of 0, 1'],
  [{ SESSION_JWT_ALG: 'HS256' }, 'SESSION_JWT_ALG must be one of RS256, ES256'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of'],
  [{ KIT_DEV: 'true' }, 'KIT_DEV must be one of 0, 1'],
  [{ LIMITS: '{' }, 'LIMITS is not JSON'],
  [{ LIMITS: '[]' }, 'LIMITS must be a JSON object'],
  [{ LIMITS: '{"skew":2}' }, 'LIMITS.skew is not a limit'],
  [{ LIMITS: '{"toString":5}' }, 'LIMITS.toString is not a limit'],
  [{ LIMITS: '{"maxConsecutiveFailures":101}' }, 'LIMITS.maxConsecutiveFailures is over 100'],
  [{ PROJECT_ID: 'a:b' }, 'PROJECT_ID must be 1 to 128 visible ASCII characters'],
  [{ LIMITS: '{"freeFailures":99}', NODE_ENV: 'production' }, 'LIMITS makes guessing easier'],
])('T16: %j stops the start with one line that says what to change', (change, words) => {
  let message = ''
  try {
    readServerConfig({ ...given, ...change })
  } catch (error) {
    message = String(error)
  }
  expect(message).toContain(`TotpServerError: ${words}`)
  expect(message).not.toContain('\n')
  expect(message).not.toContain('sentinel')
})

test('T16: stricter limits are welcome in production', () => {
  const env = { ...given, NODE_ENV: 'production', LIMITS: '{"freeFailures":2}' }
  expect(readServerConfig(env).options.limits).toEqual({ freeFailures: 2 })
})

test('T16: KIT_DEV with NODE_ENV=production stops the start', () => {
  expect(() => readServerConfig({ KIT_DEV: '1', NODE_ENV: 'production' })).toThrow(
    /refused with NODE_ENV=production/,
  )
})

test('KIT_DEV makes credentials and a key once, and keeps them for its owner alone', () => {
  const dataDir = join(temporaryFolder(), 'new', 'folder')
  const first = readServerConfig({ KIT_DEV: '1', DATA_DIR: dataDir })
  expect(first.madeCredentials?.projectId).toMatch(/^project-test-[\da-f-]{36}$/)
  expect(first.madeCredentials?.projectSecret).toMatch(/^secret-test-[\w-]{43}$/)
  expect(first.options.autoProvision).toBe(true)
  expect(first.options.secrets).toEqual([first.madeCredentials?.projectSecret])
  expect(createKeyring(first.options.encryptionKeys).currentKeyId).toBe('dev')
  expect(readServerConfig({ KIT_DEV: '1', DATA_DIR: dataDir })).toEqual(first)
  expect(readdirSync(dataDir)).toEqual(['dev-credentials.json'])
  expect(statSync(join(dataDir, 'dev-credentials.json')).mode & 0o777).toBe(0o600)
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
})

test('KIT_DEV takes what is given and makes only what is missing', () => {
  const DATA_DIR = temporaryFolder()
  const { ENCRYPTION_KEYS, ...credentials } = given
  const withPair = readServerConfig({ ...credentials, KIT_DEV: '1', DATA_DIR })
  expect(withPair.madeCredentials).toBeNull()
  expect(withPair.options).toMatchObject({ projectId: 'project-test-1', secrets: ['secret-test-1234'] })
  const withKey = readServerConfig({ ENCRYPTION_KEYS, KIT_DEV: '1', DATA_DIR, AUTO_PROVISION: '0' })
  expect(withKey.options).toMatchObject({ encryptionKeys: ENCRYPTION_KEYS, autoProvision: false })
  expect(withKey.madeCredentials).not.toBeNull()
})

test('damaged kept credentials stop the start and are left alone', () => {
  const DATA_DIR = temporaryFolder()
  const path = join(DATA_DIR, 'dev-credentials.json')
  writeFileSync(path, '{"projectId":')
  expect(() => readServerConfig({ KIT_DEV: '1', DATA_DIR })).toThrow(/bring it back from a copy/)
  expect(readFileSync(path, 'utf8')).toBe('{"projectId":')
})

test('a DATA_DIR that is a file stops the start in words', () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')
  expect(() => readServerConfig({ KIT_DEV: '1', DATA_DIR: path })).toThrow(/Name a DATA_DIR of this user/)
})
