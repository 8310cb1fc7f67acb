import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'kit-bff-config-'))
writeFileSync(join(folder, 'index.html'), '<!doctype html>')
afterAll(() => rmSync(folder, { recursive: true }))

const key = randomBytes(32).toString('base64')
const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
const right = { PROJECT_ID: 'project-test-1', PROJECT_SECRET: 'secret-test-1', COOKIE_KEYS: key }
const jwt = { IDENTITY: 'jwt', IDENTITY_ISSUER: 'https://login.example.com/', IDENTITY_AUDIENCE: 'acme' }

it('fills in what is not said', () => {
  expect(readConfig(right)).toMatchObject({
    port: 4200,
    host: '127.0.0.1',
    opsPort: 4201,
    origin: undefined,
    mount: '/mfa',
    staticDir: undefined,
    upstream: { kind: 'remote', projectId: 'project-test-1', secret: 'secret-test-1', baseUrl: undefined },
    cookieKeys: [key],
    issuer: 'Kit',
    databaseUrl: undefined,
    trustedProxies: [],
    logLevel: 'info',
  })
})

it('takes everything that can be said', () => {
  const second = randomBytes(32).toString('base64')
  const config = readConfig({
    ...right,
    ...jwt,
    PORT: '0',
    HOST: '0.0.0.0',
    OPS_PORT: '0',
    ORIGIN: 'https://app.example.com',
    MOUNT: '/api/mfa',
    STATIC_DIR: folder,
    UPSTREAM: 'url',
    UPSTREAM_URL: 'https://totp.example.com',
    COOKIE_KEYS: `${key}, ${second}`,
    IDENTITY_PUBLIC_KEY: pem.replaceAll('\n', '\\n'),
    ISSUER: 'Acme',
    DATABASE_URL: 'postgres://localhost/kit',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    LOG_LEVEL: 'debug',
  })
  expect(config).toMatchObject({
    origin: 'https://app.example.com',
    mount: '/api/mfa',
    staticDir: folder,
    upstream: { kind: 'remote', baseUrl: 'https://totp.example.com' },
    cookieKeys: [key, second],
    trustedProxies: ['10.0.0.0/8', '::1'],
  })
  expect(config.identify).toBeTypeOf('function')
})

describe('refuses, in one line that names the variable', () => {
  const wrong: [string, Record<string, string>][] = [
    ['PROJECT_ID', { PROJECT_ID: '' }],
    ['PROJECT_SECRET', { PROJECT_SECRET: '' }],
    ['PROJECT_SECRET', { PROJECT_SECRET: 'changeme' }],
    ['PROJECT_SECRET', { PROJECT_SECRET: 'secret' }],
    ['COOKIE_KEYS', { COOKIE_KEYS: '' }],
    ['COOKIE_KEYS', { COOKIE_KEYS: randomBytes(16).toString('base64') }],
    ['COOKIE_KEYS', { COOKIE_KEYS: `${key},nothing` }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '4200.5' }],
    ['OPS_PORT', { OPS_PORT: '4200' }],
    ['ORIGIN', { ORIGIN: 'http://app.example.com' }],
    ['ORIGIN', { ORIGIN: 'https://app.example.com/' }],
    ['ORIGIN', { ORIGIN: 'app.example.com' }],
    ['MOUNT', { MOUNT: '/' }],
    ['MOUNT', { MOUNT: 'mfa' }],
    ['MOUNT', { MOUNT: '/mfa/' }],
    ['MOUNT', { MOUNT: '/../etc' }],
    ['STATIC_DIR', { STATIC_DIR: '/nowhere' }],
    ['UPSTREAM', { UPSTREAM: 'other' }],
    ['UPSTREAM_URL', { UPSTREAM: 'url' }],
    ['UPSTREAM_URL', { UPSTREAM: 'embedded', UPSTREAM_URL: 'https://totp.example.com' }],
    ['UPSTREAM_URL', { UPSTREAM_URL: 'https://totp.example.com' }],
    ['IDENTITY', { IDENTITY: 'none' }],
    ['IDENTITY_SECRET', { IDENTITY: 'headers' }],
    ['IDENTITY_SECRET', { IDENTITY: 'headers', IDENTITY_SECRET: 'short' }],
    ['IDENTITY_SECRET', { IDENTITY: 'headers', IDENTITY_SECRET: 'x'.repeat(40) }],
    ['IDENTITY_SECRET', { IDENTITY_SECRET: 'a-secret-that-only-the-proxy-knows-0123456789' }],
    ['IDENTITY_ISSUER', { ...jwt, IDENTITY_ISSUER: '', IDENTITY_PUBLIC_KEY: pem }],
    ['IDENTITY_AUDIENCE', { ...jwt, IDENTITY_AUDIENCE: '', IDENTITY_PUBLIC_KEY: pem }],
    ['IDENTITY_JWKS_URL', jwt],
    ['IDENTITY_JWKS_URL', { ...jwt, IDENTITY_JWKS_URL: 'http://login.example.com/jwks' }],
    [
      'IDENTITY_JWKS_URL',
      { ...jwt, IDENTITY_JWKS_URL: 'https://login.example.com/jwks', IDENTITY_PUBLIC_KEY: pem },
    ],
    ['IDENTITY_PUBLIC_KEY', { ...jwt, IDENTITY_PUBLIC_KEY: 'nothing' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://localhost' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: 'true' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
  ]
  it.each(wrong)('%s in %j', (name, changes) => {
    let refused: unknown
    try {
      readConfig({ ...right, ...changes })
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(ConfigError)
    const { message } = refused as ConfigError
    expect(message).toContain(name)
    expect(message).not.toContain('\n')
    for (const secret of [key, 'secret-test-1']) expect(message).not.toContain(secret)
  })
})
