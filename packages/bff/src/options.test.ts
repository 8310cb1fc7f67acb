import { describe, expect, it, vi } from 'vitest'
import { type BffOptions, createBff } from './index.js'

const good = 'IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA='
const options: BffOptions = {
  upstream: { projectId: 'project-test-1', secret: 'secret-test-1' },
  identify: () => null,
  origin: 'https://app.example.com',
  cookieKeys: [good],
  issuer: 'Acme',
}

/** What the types do not allow, and JavaScript does. */
const given = (name: string, value: unknown): Partial<BffOptions> => Object.fromEntries([[name, value]])
const lacking = (name: string) => given(name, undefined)

describe('createBff', () => {
  it('starts with what the README shows', async () => {
    await createBff(options).close()
  })

  it.each<[string, Partial<BffOptions>, RegExp]>([
    ['no key', { cookieKeys: [] }, /^cookieKeys: .*openssl rand -base64 32/],
    ['a short key', { cookieKeys: ['c2hvcnQ='] }, /^cookieKeys\[0\]: 32 bytes.*openssl/],
    ['a key that is no base64', { cookieKeys: [good, 'change me!'] }, /^cookieKeys\[1\]: 32 bytes/],
    ['the same key twice', { cookieKeys: [good, good] }, /^cookieKeys: one key stands twice/],
    ['http off loopback', { origin: 'http://app.example.com' }, /^origin: only https/],
    [
      'an origin with a path',
      { origin: 'https://app.example.com/' },
      /^origin: write it without.*: https:\/\/app\.example\.com$/,
    ],
    ['an origin that is none', { origin: 'app.example.com' }, /^origin: one origin is needed/],
    ['an origin without its scheme', { origin: 'localhost:3000' }, /^origin: one origin is needed/],
    [
      'two origins',
      { origin: 'https://a.example.com,https://b.example.com' },
      /^origin: one origin is needed/,
    ],
    ['no issuer', { issuer: '' }, /^issuer: /],
    ['T17: an issuer with a colon', { issuer: 'Acme: Inc' }, /^issuer: .*colon/],
    ['a session of no time', { sessionDurationMinutes: 4 }, /^sessionDurationMinutes: .*from 5 to 527040/],
    ['half minutes', { pendingMinutes: 7.5 }, /^pendingMinutes: a whole number/],
    ['a registration that waits too long', { pendingMinutes: 1_441 }, /^pendingMinutes: .*1440/],
    [
      'a step-up that outlasts the session',
      { stepUpMinutes: 90 },
      /^stepUpMinutes: it outlasts sessionDurationMinutes/,
    ],
    ['a proxy that is none', { trustedProxies: ['everyone'] }, /^trustedProxies: /],
    ['T26: all the world as a proxy', { trustedProxies: ['0.0.0.0/0'] }, /^trustedProxies: /],
    ['a database of another kind', { databaseUrl: 'mysql://localhost' }, /^databaseUrl /],
    [
      'a limit of nothing',
      { limits: { judged: { address: { max: 0, windowSeconds: 1 } } } },
      /^limits\.judged\.address /,
    ],
    ['claims that nobody may set', { customClaims: { sub: 'x' } }, /^customClaims: .*sub/],
    [
      'claims under the name of the provider',
      { customClaims: { 'https://stytch.com/session': 1 } },
      /^customClaims: /,
    ],
    ['claims that are too large', { customClaims: { x: 'y'.repeat(4_096) } }, /^customClaims: .*4096/],
    ['no provider', lacking('upstream'), /^upstream: .*projectId/],
    ['a provider that is none', given('upstream', 'stytch'), /^upstream: .*projectId/],
    ['nobody to say who asks', lacking('identify'), /^identify: .*identity\.stytchSession/],
    ['a name for who asks', given('identify', 'stytch'), /^identify: .*identity\.stytchSession/],
    ['policy that is no function', given('mfaRequired', true), /^mfaRequired: .*\(\) => true/],
    ['a hook that is no function', given('onEvent', {}), /^onEvent: a function/],
    ['half a logger', given('logger', console.log), /^logger: .*debug, info, warn and error/],
    ['a misspelled option', Object.fromEntries([['cookieKey', good]]), /^cookieKey: there is no such option/],
  ])('refuses %s, and says what to do', (_name, wrong, message) => {
    expect(() => createBff({ ...options, ...wrong })).toThrow(TypeError)
    expect(() => createBff({ ...options, ...wrong })).toThrow(message)
  })

  /** What is warned of where a logger listens. */
  async function warningsOf(changes: Partial<BffOptions>): Promise<string[]> {
    const warned: string[] = []
    const ignore = () => {}
    const warn = (_: object, text: string) => void warned.push(text)
    const logger = { debug: ignore, info: ignore, error: ignore, warn }
    await createBff({ ...options, ...changes, logger }).close()
    return warned
  }

  it.each(['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000'])(
    'takes %s, with a warning',
    async (origin) => {
      expect(await warningsOf({ origin })).toEqual([expect.stringContaining('without Secure')])
    },
  )

  it('takes a placeholder for a key with a warning, and in production refuses it', async () => {
    const cookieKeys = [Buffer.alloc(32, 1).toString('base64')]
    expect(await warningsOf({ cookieKeys })).toEqual([expect.stringContaining('cookie key is not random')])
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => createBff({ ...options, cookieKeys })).toThrow(/^cookieKeys\[0\]: .*random/)
    vi.unstubAllEnvs()
  })

  it('refuses a mount that could not match, and a gate that makes no sense', async () => {
    const bff = createBff(options)
    for (const mount of ['', '/', 'mfa', '/mfa/', '/m fa', '/..', '/./mfa', '/api/../mfa']) {
      expect(() => bff.handler(() => {}, { mount })).toThrow(/^mount must be/)
    }
    expect(() => bff.requireMfa({ maxAgeMinutes: 0 })).toThrow(/maxAgeMinutes/)
    expect(() => bff.requireMfa(Object.fromEntries([['maxAge', 5]]))).toThrow(/^maxAge: .*maxAgeMinutes/)
    expect(() => bff.requireMfa(Object.fromEntries([['whenNotEnrolled', 'Allow']]))).toThrow(/or allow/)
    expect(() => bff.requireMfa({ redirectTo: '//evil.example' })).toThrow(/redirectTo/)
    await bff.close()
  })
})
