import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { areSecrets, projectIdForm } from './basic-auth.js'
import { TotpServerError } from './error.js'
import { makeFolder } from './folder.js'
import type { JwtAlgorithm } from './jwt.js'
import { type Limits, resolveLimits, weakerLimits } from './limits.js'
import { createKeyring } from './seal.js'
import type { Store } from './store.js'

/** What the environment says, checked. */
export interface ServerConfig {
  port: number
  host: string
  logLevel: string
  /** PostgreSQL; where undefined, SQLite in `dataDir`. */
  databaseUrl: string | undefined
  /** An absolute path. */
  dataDir: string
  /** For `createTotpServer`, beside a store. */
  options: {
    projectId: string
    secrets: string[]
    encryptionKeys: string
    projectName: string
    recoveryCodes: 'sealed' | 'hashed'
    limits: Partial<Limits>
    autoProvision: boolean
    sessionJwtAlgorithm: JwtAlgorithm
  }
  /** Credentials that `KIT_DEV=1` made, for the program to print. Null where the environment gave them. */
  madeCredentials: { projectId: string; projectSecret: string } | null
}

type Environment = Readonly<Record<string, string | undefined>>

const refuse = (message: string, cause?: unknown) => new TotpServerError('invalid_option', message, { cause })

/** One of a few words. */
function choice<const Word extends string>(
  env: Environment,
  name: string,
  words: readonly Word[],
  preset: Word,
): Word {
  const given = env[name] || preset
  const word = words.find((candidate) => candidate === given)
  if (word === undefined)
    throw refuse(`${name} must be one of ${words.join(', ')}, not ${JSON.stringify(given)}.`)
  return word
}

function readPort(env: Environment): number {
  const given = env.PORT || '4100'
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (!(port <= 65_535))
    throw refuse(`PORT must be a whole number from 0 to 65535, not ${JSON.stringify(given)}.`)
  return port
}

function readLimits(env: Environment): Partial<Limits> {
  if (!env.LIMITS) return {}
  let given: unknown
  try {
    given = JSON.parse(env.LIMITS)
  } catch (error) {
    throw refuse('LIMITS is not JSON. Write an object such as {"freeFailures":4}, or leave it out.', error)
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refuse('LIMITS must be a JSON object such as {"freeFailures":4}. Leave it out for the defaults.')
  }
  const weaker = weakerLimits(resolveLimits(given, 'LIMITS'))
  if (env.NODE_ENV === 'production' && weaker.length > 0) {
    throw refuse(
      `LIMITS makes guessing easier than the defaults do (${weaker.join(', ')}), which NODE_ENV=production refuses. Leave those out.`,
    )
  }
  return given
}

function readDatabaseUrl(env: Environment): string | undefined {
  if (!env.DATABASE_URL) return undefined
  if (!/^postgres(ql)?:\/\//.test(env.DATABASE_URL)) {
    throw refuse(
      'DATABASE_URL must begin with postgres:// or postgresql://. Leave it out for SQLite in DATA_DIR.',
    )
  }
  return env.DATABASE_URL
}

const DevPair = z.strictObject({
  projectId: z.string(),
  projectSecret: z.string(),
  encryptionKeys: z.string(),
})
type DevPair = z.infer<typeof DevPair>

/** Writes a file whole and then links it, which fails where one is: no half file, and of two processes the first wins. */
function keepFirst(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft)
  }
}

/** What `KIT_DEV=1` works with: made at the first start and kept in `dataDir`, readable by its owner alone. */
function keptDevPair(dataDir: string): DevPair {
  const path = join(dataDir, 'dev-credentials.json')
  try {
    makeFolder(dataDir)
    if (!existsSync(path)) {
      const made: DevPair = {
        projectId: `project-test-${randomUUID()}`,
        projectSecret: `secret-test-${randomBytes(32).toString('base64url')}`,
        encryptionKeys: `dev:${randomBytes(32).toString('base64')}`,
      }
      keepFirst(path, JSON.stringify(made))
    }
    return DevPair.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw refuse(
      `KIT_DEV=1 keeps its credentials in ${path}, which cannot be read or written. Name a DATA_DIR of this user; if the file is damaged, bring it back from a copy.`,
      error,
    )
  }
}

function readSecrets(given: string): string[] {
  const secrets = given.split(',').map((secret) => secret.trim())
  if (!areSecrets(secrets)) {
    throw refuse(
      'PROJECT_SECRET must be one secret, or two separated by a comma while one replaces the other, each of 16 or more visible ASCII characters. Make one with: openssl rand -base64 32',
    )
  }
  return secrets
}

/**
 * Reads the environment of `kit-totp-server`. With `KIT_DEV=1` it makes what is missing, and keeps it in `DATA_DIR`.
 *
 * @throws TotpServerError `invalid_option`; the message is one line and says what to change
 */
export function readServerConfig(env: Environment): ServerConfig {
  const isDev = choice(env, 'KIT_DEV', ['0', '1'], '0') === '1'
  if (isDev && env.NODE_ENV === 'production') {
    throw refuse(
      'KIT_DEV=1 makes its own credentials and is refused with NODE_ENV=production. Unset one of the two.',
    )
  }
  const { PROJECT_ID: givenId, PROJECT_SECRET: givenSecret, ENCRYPTION_KEYS: givenKeys } = env
  if (Boolean(givenId) !== Boolean(givenSecret)) {
    throw refuse('PROJECT_ID and PROJECT_SECRET belong together. Set the one that is missing.')
  }
  if (!isDev && !givenId) {
    throw refuse(
      'PROJECT_ID and PROJECT_SECRET are missing. Set both, or KIT_DEV=1 to try it out with a pair of its own.',
    )
  }
  if (!isDev && !givenKeys) {
    throw refuse(
      'ENCRYPTION_KEYS is missing, and secrets are never stored in clear. Set id:base64 with 32 random bytes, as made by: echo "k1:$(openssl rand -base64 32)"',
    )
  }
  const common = {
    port: readPort(env),
    host: env.HOST || '127.0.0.1',
    logLevel: choice(
      env,
      'LOG_LEVEL',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
    ),
    databaseUrl: readDatabaseUrl(env),
    dataDir: resolve(env.DATA_DIR || '.data/totp'),
  }
  const options = {
    projectName: env.PROJECT_NAME?.trim() || 'Kit',
    recoveryCodes: choice(env, 'RECOVERY_CODES', ['sealed', 'hashed'], 'sealed'),
    limits: readLimits(env),
    autoProvision: choice(env, 'AUTO_PROVISION', ['0', '1'], isDev ? '1' : '0') === '1',
    sessionJwtAlgorithm: choice(env, 'SESSION_JWT_ALG', ['RS256', 'ES256'], 'RS256'),
  }
  const given = givenId && givenSecret ? { projectId: givenId, projectSecret: givenSecret } : null
  const { projectId, projectSecret } = given ?? keptDevPair(common.dataDir)
  if (!projectIdForm.test(projectId)) {
    throw refuse(
      'PROJECT_ID must be 1 to 128 visible ASCII characters without ":". Use one like project-test-1234.',
    )
  }
  const encryptionKeys = givenKeys || keptDevPair(common.dataDir).encryptionKeys
  createKeyring(encryptionKeys)
  return {
    ...common,
    options: { ...options, projectId, secrets: readSecrets(projectSecret), encryptionKeys },
    madeCredentials: given ? null : { projectId, projectSecret },
  }
}

/** Opens the database that a configuration names; the other engine's driver is not even loaded. */
export async function openConfiguredStore({ databaseUrl, dataDir }: ServerConfig): Promise<Store> {
  if (databaseUrl) return (await import('./postgres.js')).openPostgres({ connectionString: databaseUrl })
  return (await import('./sqlite.js')).openSqlite({ dataDir })
}
