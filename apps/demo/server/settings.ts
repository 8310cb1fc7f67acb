import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

const key32 = z.base64().length(44)

/** What the embedded provider and the BFF need to keep for ever; keys are 32 bytes each in base64. */
const Keys = z.strictObject({
  projectId: z.string(),
  projectSecret: z.string(),
  encryptionKey: key32,
  cookieKey: key32,
})
type Keys = z.infer<typeof Keys>

export interface Settings {
  port: number
  host: string
  /** Where browsers find the demo; the BFF refuses requests of other origins. */
  origin: string
  dataDir: string
  keys: Keys
  /** Set when the demo runs on Stytch instead of the embedded server. */
  stytch: { projectId: string; secret: string; baseUrl?: string } | null
}

/** Thrown at start when a variable makes no sense; the message says what to change. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** What `make` makes, or a {@link SettingsError} that names whose fault it is. */
export function named<T>(name: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new SettingsError(`${name}: ${(error as Error).message}`)
  }
}

/** Reads the environment, and the keys in `DATA_DIR`, which are made at the first start. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const port = Number(env.PORT || 4000)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SettingsError(`PORT must be a whole number from 1 to 65535, not "${env.PORT}".`)
  }
  const { STYTCH_PROJECT_ID: projectId, STYTCH_SECRET: secret, STYTCH_BASE_URL: baseUrl } = env
  if (Boolean(projectId) !== Boolean(secret)) {
    throw new SettingsError(
      'Set both STYTCH_PROJECT_ID and STYTCH_SECRET to run on Stytch, or neither to run on the embedded server.',
    )
  }
  // It becomes part of a file's name.
  if (projectId && !/^[\w.-]{1,128}$/.test(projectId)) {
    throw new SettingsError(
      'STYTCH_PROJECT_ID must be a project id, as project-test-…: copy it from the dashboard.',
    )
  }
  const dataDir = resolve(env.DATA_DIR || '.data')
  return {
    port,
    host: env.HOST || '127.0.0.1',
    // As browsers write it: without a port that is the default of its scheme.
    origin: env.ORIGIN || new URL(`http://localhost:${port}`).origin,
    dataDir,
    keys: keptKeys(dataDir),
    stytch: projectId && secret ? { projectId, secret, ...(baseUrl ? { baseUrl } : {}) } : null,
  }
}

function keptKeys(dataDir: string): Keys {
  const path = join(dataDir, 'keys.json')
  const read = (): Keys | null => {
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw new SettingsError(`The keys in ${path} cannot be read: ${(error as Error).message}`)
    }
    try {
      return Keys.parse(JSON.parse(text))
    } catch {
      throw new SettingsError(
        `${path} is damaged. Bring it back from a copy, or remove ${dataDir} to begin anew.`,
      )
    }
  }
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const kept = read()
    if (kept) return kept
    const random = () => randomBytes(32).toString('base64')
    const keys: Keys = {
      projectId: `project-test-${crypto.randomUUID()}`,
      projectSecret: `secret-test-${randomBytes(32).toString('base64url')}`,
      encryptionKey: random(),
      cookieKey: random(),
    }
    // Written whole, then linked: a process killed in between leaves no half file, and of two processes the first wins.
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, JSON.stringify(keys, null, 2), { mode: 0o600, flush: true })
    try {
      linkSync(draft, path)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    } finally {
      rmSync(draft, { force: true })
    }
    return read() ?? keys
  } catch (error) {
    if (error instanceof SettingsError) throw error
    throw new SettingsError(`DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}`)
  }
}
