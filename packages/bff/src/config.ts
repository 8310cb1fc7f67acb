import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createClientAddress } from './client-address.js'
import { createDatabase } from './database.js'
import { identity } from './identity.js'
import { readCookieKeys, readIssuer, readOrigin } from './options.js'
import { requireMount } from './router.js'
import type { Identify, IdentityStrategy } from './subject.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment of `kit-bff` says, checked. */
export interface BffConfig {
  port: number
  host: string
  /** Of `/healthz`, `/readyz` and `/metrics`, on loopback. */
  opsPort: number
  /** Undefined where it is to be made of the port. */
  origin: string | undefined
  mount: string
  /** An absolute path. */
  staticDir: string | undefined
  upstream:
    | { kind: 'remote'; projectId: string; secret: string; baseUrl: string | undefined }
    | { kind: 'embedded' }
  cookieKeys: string[]
  identify: Identify | IdentityStrategy
  issuer: string
  databaseUrl: string | undefined
  trustedProxies: string[]
  logLevel: string
}

/** The environment cannot work. The message is one line that names the variable and the cure. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the environment of `kit-bff`.
 *
 * @throws ConfigError
 */
export function readConfig(env: Environment): BffConfig {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined
  const port = readPort('PORT', given('PORT') ?? '4200')
  const opsPort = readPort('OPS_PORT', given('OPS_PORT') ?? '4201')
  if (port === opsPort && port !== 0) {
    throw new ConfigError(
      'OPS_PORT must not be PORT: health and metrics are for the operator alone. Set another.',
    )
  }
  const origin = given('ORIGIN')
  if (origin) named('ORIGIN', () => readOrigin(origin))
  const cookieKeys = listOf(given('COOKIE_KEYS'))
  named('COOKIE_KEYS', () => readCookieKeys(cookieKeys))
  const issuer = given('ISSUER') ?? 'Kit'
  named('ISSUER', () => readIssuer(issuer))
  const databaseUrl = given('DATABASE_URL')
  if (databaseUrl) named('DATABASE_URL', () => createDatabase(databaseUrl))
  const trustedProxies = listOf(given('TRUSTED_PROXIES'))
  named('TRUSTED_PROXIES', () => createClientAddress(trustedProxies))
  const mount = given('MOUNT') ?? '/mfa'
  named('MOUNT', () => requireMount(mount))
  return {
    port,
    host: given('HOST') ?? '127.0.0.1',
    opsPort,
    origin,
    mount,
    staticDir: readStaticDir(given('STATIC_DIR')),
    upstream: readUpstream(given),
    cookieKeys,
    identify: readIdentity(given),
    issuer,
    databaseUrl,
    trustedProxies,
    logLevel: choice('LOG_LEVEL', given('LOG_LEVEL') ?? 'info', [
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
      'silent',
    ]),
  }
}

type Given = (name: string) => string | undefined

const listOf = (text: string | undefined) => (text ?? '').split(',').flatMap((entry) => entry.trim() || [])

function choice<const Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw new ConfigError(`${name} must be one of ${words.join(', ')}.`)
  return word
}

/** Reads by what the library reads its options by, and puts the variable in front of what that refuses. */
function named<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new ConfigError(`${name}: ${error instanceof Error ? error.message : 'refused'}`)
  }
}

function readPort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ConfigError(`${name} must be a whole number from 0 to 65535.`)
  return port
}

function readStaticDir(staticDir: string | undefined): string | undefined {
  if (staticDir === undefined) return undefined
  const path = resolve(staticDir)
  if (!existsSync(join(path, 'index.html'))) {
    throw new ConfigError('STATIC_DIR has no index.html. Name the folder that the build of the page writes.')
  }
  return path
}

/** What people leave in place of a secret. */
const placeholder = /^(.)\1*$|change.?me|^(secret|password|example|test|default|your[-_ ].*|todo|x+)$/i

function readUpstream(given: Given): BffConfig['upstream'] {
  const kind = choice('UPSTREAM', given('UPSTREAM') ?? 'stytch', ['stytch', 'url', 'embedded'])
  const baseUrl = given('UPSTREAM_URL')
  if (kind === 'url' && baseUrl === undefined) {
    throw new ConfigError('UPSTREAM_URL is missing: set the address of the provider, or UPSTREAM=stytch.')
  }
  if (kind !== 'url' && baseUrl !== undefined) {
    throw new ConfigError(
      `UPSTREAM_URL contradicts UPSTREAM=${kind}: set UPSTREAM=url, or leave the address out.`,
    )
  }
  if (kind === 'embedded') return { kind }
  const projectId = given('PROJECT_ID')
  const secret = given('PROJECT_SECRET')
  if (projectId === undefined || secret === undefined) {
    const name = projectId === undefined ? 'PROJECT_ID' : 'PROJECT_SECRET'
    throw new ConfigError(`${name} is missing: set the provider's project id and secret.`)
  }
  if (placeholder.test(secret)) {
    throw new ConfigError('PROJECT_SECRET is a placeholder: set the secret that the provider gave you.')
  }
  return { kind: 'remote', projectId, secret, baseUrl }
}

/** Which variables belong to which identity; any other is a contradiction, and probably a mistake. */
const identityVariables = {
  stytch: [],
  jwt: [
    'IDENTITY_JWKS_URL',
    'IDENTITY_PUBLIC_KEY',
    'IDENTITY_ISSUER',
    'IDENTITY_AUDIENCE',
    'IDENTITY_USER_CLAIM',
    'IDENTITY_ORGANIZATION_CLAIM',
    'IDENTITY_NAME_CLAIM',
    'IDENTITY_COOKIE',
  ],
  headers: ['IDENTITY_SECRET'],
} as const

function readIdentity(given: Given): Identify | IdentityStrategy {
  const kind = choice('IDENTITY', given('IDENTITY') ?? 'stytch', ['stytch', 'jwt', 'headers'])
  for (const [other, names] of Object.entries(identityVariables)) {
    const stray = other === kind ? undefined : names.find((name) => given(name) !== undefined)
    if (stray)
      throw new ConfigError(`${stray} contradicts IDENTITY=${kind}: set IDENTITY=${other}, or leave it out.`)
  }
  if (kind === 'stytch') return identity.stytchSession()
  if (kind === 'headers') {
    const secret = given('IDENTITY_SECRET')
    if (secret === undefined || secret.length < 32 || placeholder.test(secret)) {
      throw new ConfigError(
        `IDENTITY_SECRET must have at least 32 characters that nobody guesses: make it with openssl rand -base64 32.`,
      )
    }
    return identity.trustedHeaders({ secret })
  }
  return readJwt(given)
}

function readJwt(given: Given): Identify {
  const issuer = given('IDENTITY_ISSUER')
  const audience = given('IDENTITY_AUDIENCE')
  if (issuer === undefined || audience === undefined) {
    const name = issuer === undefined ? 'IDENTITY_ISSUER' : 'IDENTITY_AUDIENCE'
    throw new ConfigError(
      `${name} is missing: without it, tokens that were made for others would be accepted.`,
    )
  }
  const jwksUrl = given('IDENTITY_JWKS_URL')
  // One line is easier to set than six.
  const publicKey = given('IDENTITY_PUBLIC_KEY')?.replaceAll('\\n', '\n')
  if ((jwksUrl === undefined) === (publicKey === undefined)) {
    throw new ConfigError('IDENTITY_JWKS_URL or IDENTITY_PUBLIC_KEY is needed, and only one of them.')
  }
  return named(jwksUrl === undefined ? 'IDENTITY_PUBLIC_KEY' : 'IDENTITY_JWKS_URL', () =>
    identity.jwt({
      issuer,
      audience,
      jwksUrl,
      publicKey,
      cookie: given('IDENTITY_COOKIE'),
      claims: {
        user: given('IDENTITY_USER_CLAIM'),
        organization: given('IDENTITY_ORGANIZATION_CLAIM'),
        name: given('IDENTITY_NAME_CLAIM'),
      },
    }),
  )
}
