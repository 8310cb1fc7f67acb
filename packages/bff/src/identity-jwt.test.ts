import { createHmac, generateKeyPairSync } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createTotpClient } from '@kit/totp-client'
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { type JwtOptions, jwt } from './identity-jwt.js'

const issuer = 'https://login.example.com/'
const audience = 'acme'
const jwksUrl = 'https://login.example.com/jwks.json'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const now = () => Math.floor(Date.now() / 1000)

const claims = { sub: 'user-1', email: 'ada@example.com', sid: 'sign-in-1' }

function sign(
  changes: Record<string, unknown> = {},
  { alg = 'RS256', kid = 'rsa', key = rsa.privateKey } = {},
) {
  return new SignJWT({ iss: issuer, aud: audience, exp: now() + 60, ...claims, ...changes })
    .setProtectedHeader({ alg, kid })
    .sign(key)
}

function request(token: string | undefined, headers: Record<string, string> = {}) {
  const req = new IncomingMessage(new Socket())
  Object.assign(req.headers, token === undefined ? {} : { authorization: `Bearer ${token}` }, headers)
  return req
}

/** A provider that publishes two keys and counts how often it is asked. */
function provider() {
  const calls = { count: 0, down: false }
  const fetch = async () => {
    calls.count++
    if (calls.down) throw new TypeError('fetch failed')
    const keys = [
      { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
      { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
    ]
    return Response.json({ keys })
  }
  return { calls, fetch }
}

const withKeys = (changes: Partial<JwtOptions> = {}) =>
  jwt({ issuer, audience, jwksUrl, fetch: provider().fetch, ...changes })

it('says in the log of its BFF what is wrong with a token, and nothing of the token', async () => {
  const reasons: string[] = []
  const identify = withKeys().connect({
    upstream: createTotpClient({ projectId: 'project-test-1', secret: 'secret' }),
    now: Date.now,
    limitQuestions: async () => {},
    tokenRefused: (reason) => reasons.push(reason),
  })
  const wrong = [
    await sign({ aud: 'planted' }),
    await sign({ exp: now() - 60 }),
    await sign({ sub: ['planted'] }),
    await sign({}, { key: stranger.privateKey }),
    await sign({}, { kid: 'planted' }),
    `${await sign()}${'a'.repeat(8_192)}`,
    'planted',
  ]
  for (const token of wrong) expect(await identify(request(token)), token).toBeNull()
  expect(await identify(request(undefined))).toBeNull()
  expect(await identify(request(await sign()))).not.toBeNull()
  expect(reasons).toEqual([
    'ERR_JWT_CLAIM_VALIDATION_FAILED aud',
    'ERR_JWT_EXPIRED exp',
    'claim sub is no name',
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'ERR_JWKS_NO_MATCHING_KEY',
    'longer than 8192 characters',
    'ERR_JWS_INVALID',
  ])
})

describe('a token that is right', () => {
  it('names a user, with the name to show and the sign-in', async () => {
    expect(await withKeys()(request(await sign()))).toEqual({
      kind: 'user',
      userId: 'user-1',
      accountName: 'ada@example.com',
      sessionId: 'sign-in-1',
    })
  })

  it('T59: without `sid`, tells one sign-in from the next by `auth_time`', async () => {
    const signIns = [100, 100, 200, undefined].map(async (auth_time) => {
      const subject = await withKeys()(request(await sign({ sid: undefined, auth_time })))
      return subject?.sessionId
    })
    const [first, renewed, second, untold] = await Promise.all(signIns)
    expect(first).toBe(renewed)
    expect(new Set([first, second, untold]).size).toBe(3)
    expect(untold).toBeUndefined()
  })

  it('names a member where the claim of the organization is there, and a user where it is not', async () => {
    const identify = withKeys({ claims: { organization: 'org_id', user: 'member_id', name: 'name' } })
    const token = await sign({ member_id: 'member-1', org_id: 'organization-1', name: 'Ada' })
    expect(await identify(request(token))).toMatchObject({
      kind: 'member',
      organizationId: 'organization-1',
      memberId: 'member-1',
      accountName: 'Ada',
    })
    expect(await identify(request(await sign({ member_id: 'x' })))).toMatchObject({
      kind: 'user',
      userId: 'x',
    })
  })

  it('is read from a cookie where that is configured, and from Authorization before it', async () => {
    const token = await sign()
    const fromCookie = request(undefined, { cookie: `other=1; id_token=${token}` })
    expect(await withKeys({ cookie: 'id_token' })(fromCookie)).toMatchObject({ userId: 'user-1' })
    expect(await withKeys()(fromCookie)).toBeNull()
    const both = request(await sign({ sub: 'user-2' }), { cookie: `id_token=${token}` })
    expect(await withKeys({ cookie: 'id_token' })(both)).toMatchObject({ userId: 'user-2' })
    const twice = request(undefined, { cookie: `id_token=${token}; id_token=${token}` })
    expect(await withKeys({ cookie: 'id_token' })(twice)).toBeNull()
  })

  it('is checked by one public key, or by the key of the set that it names', async () => {
    const byPem = jwt({ issuer, audience, publicKey: pem })
    expect(await byPem(request(await sign()))).toMatchObject({ userId: 'user-1' })
    const byEc = await sign({}, { alg: 'ES256', kid: 'ec', key: ec.privateKey })
    expect(await withKeys()(request(byEc))).toMatchObject({ userId: 'user-1' })
    expect(await byPem(request(byEc))).toBeNull()
    const notForThisKey = await sign({}, { alg: 'PS256' })
    expect(await withKeys()(request(notForThisKey))).toBeNull()
  })

  it('may be up to five seconds late', async () => {
    expect(await withKeys()(request(await sign({ exp: now() - 3 })))).not.toBeNull()
    expect(await withKeys()(request(await sign({ exp: now() - 7 })))).toBeNull()
  })
})

describe('T75: a token that is not right is nobody', () => {
  const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const hmacWithPublicKey = () => {
    const input = `${b64({ alg: 'HS256', kid: 'rsa' })}.${b64({ iss: issuer, aud: audience, exp: now() + 60, ...claims })}`
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
  }
  const tampered = async () => {
    const [header, , signature] = (await sign()).split('.')
    return `${header}.${b64({ iss: issuer, aud: audience, exp: now() + 60, sub: 'somebody-else' })}.${signature}`
  }
  const tokens: Record<string, () => Promise<string> | string> = {
    'alg none': () =>
      new UnsecuredJWT({ ...claims })
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime('1m')
        .encode(),
    'HS256 with the public key as the secret': hmacWithPublicKey,
    'another issuer': () => sign({ iss: 'https://evil.example' }),
    'another audience': () => sign({ aud: 'other-project' }),
    'no audience': () => sign({ aud: undefined }),
    expired: () => sign({ exp: now() - 60 }),
    'no expiry': () => sign({ exp: undefined }),
    'not valid yet': () => sign({ nbf: now() + 60 }),
    'a key that nobody knows': () => sign({}, { kid: 'stranger', key: stranger.privateKey }),
    'the id of a known key, signed by another': () => sign({}, { key: stranger.privateKey }),
    'another body under the signature': tampered,
    'no subject': () => sign({ sub: undefined }),
    'a subject that is no string': () => sign({ sub: { $ne: '' } }),
    'an empty subject': () => sign({ sub: '' }),
    'no token at all': () => 'not.a.token',
    'an encrypted token': () => 'a.b.c.d.e',
    'a token without end': () => `${'a'.repeat(9_000)}.b.c`,
  }
  it.each(Object.entries(tokens))('%s', async (_name, make) => {
    const token = await make()
    expect(await withKeys()(request(token))).toBeNull()
    expect(await jwt({ issuer, audience, publicKey: pem })(request(token))).toBeNull()
  })
})

describe('F17: the keys of the identity provider', () => {
  it('are kept, and an unknown key id does not ask again at once', async () => {
    const { calls, fetch } = provider()
    const identify = withKeys({ fetch })
    for (let i = 0; i < 5; i++) await identify(request(await sign()))
    const unknown = await sign({}, { kid: 'unknown' })
    for (let i = 0; i < 20; i++) expect(await identify(request(unknown))).toBeNull()
    expect(calls.count).toBe(1)
  })

  it('are used while the provider is down; without any, a token is neither right nor nobody', async () => {
    const { calls, fetch } = provider()
    const identify = withKeys({ fetch })
    await identify(request(await sign()))
    calls.down = true
    expect(await identify(request(await sign()))).toMatchObject({ userId: 'user-1' })
    const cold = withKeys({ fetch })
    await expect(cold(request(await sign()))).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })

  it('an unknown key id is nobody while they cannot be had, and asks for them at a limited rate', async () => {
    const { calls, fetch } = provider()
    const identify = withKeys({ fetch })
    const known = await sign({ exp: now() + 3_600 })
    const unknown = await sign({ exp: now() + 3_600 }, { kid: 'unknown' })
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    try {
      await identify(request(known))
      calls.down = true
      const asked = async (afterMs: number, ask: () => Promise<void>) => {
        vi.advanceTimersByTime(afterMs)
        const before = calls.count
        for (let i = 0; i < 20; i++) await ask()
        return calls.count - before
      }
      const nobody = async () => expect(await identify(request(unknown))).toBeNull()
      expect(await asked(31_000, nobody)).toBe(1)
      expect(await asked(5_001, nobody)).toBe(1)
      expect(await identify(request(known))).toMatchObject({ userId: 'user-1' })
      const refused = async () =>
        expect(identify(request(known))).rejects.toMatchObject({ code: 'upstream_unavailable' })
      expect(await asked(600_000, refused)).toBe(1)
      calls.down = false
      vi.advanceTimersByTime(5_001)
      expect(await identify(request(known))).toMatchObject({ userId: 'user-1' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('F44: are asked for again soon where the clock was set back while they could not be had', async () => {
    const { calls, fetch } = provider()
    const identify = withKeys({ fetch })
    const token = await sign({ exp: now() + 3_600 })
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    try {
      calls.down = true
      await expect(identify(request(token))).rejects.toMatchObject({ code: 'upstream_unavailable' })
      calls.down = false
      vi.setSystemTime(Date.now() - 3_600_000)
      vi.advanceTimersByTime(5_001)
      expect(await identify(request(token))).toMatchObject({ userId: 'user-1' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('F44: are as old as they are, whatever becomes of the clock', async () => {
    const { calls, fetch } = provider()
    const identify = withKeys({ fetch })
    const unknown = await sign({ exp: now() + 7_200 }, { kid: 'unknown' })
    const known = await sign({ exp: now() + 7_200 })
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    try {
      await identify(request(known))
      vi.setSystemTime(Date.now() - 3_600_000)
      await identify(request(unknown))
      expect(calls.count).toBe(1)
      vi.advanceTimersByTime(30_000)
      await identify(request(unknown))
      expect(calls.count).toBe(2)
      vi.setSystemTime(Date.now() - 3_600_000)
      vi.advanceTimersByTime(599_999)
      await identify(request(known))
      expect(calls.count).toBe(2)
      vi.advanceTimersByTime(1)
      await identify(request(known))
      expect(calls.count).toBe(3)
      vi.advanceTimersByTime(5_000)
      vi.setSystemTime(Date.now() + 595_000)
      await identify(request(known))
      expect(calls.count).toBe(4)
    } finally {
      vi.useRealTimers()
    }
  })

  it('are not read without end, nor from wherever a redirect points', async () => {
    const endless = async () =>
      new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) }))
    await expect(withKeys({ fetch: endless })(request(await sign()))).rejects.toMatchObject({
      code: 'upstream_unavailable',
    })
    const asked: string[] = []
    const redirect = async (req: Request) => {
      asked.push(`${req.url} ${req.redirect}`)
      return new Response(null, { status: 302, headers: { location: 'https://evil.example/' } })
    }
    await expect(withKeys({ fetch: redirect })(request(await sign()))).rejects.toMatchObject({
      code: 'upstream_unavailable',
    })
    expect(asked).toEqual([`${jwksUrl} manual`])
  })
})

it('T75: options that cannot work are refused when it is made', () => {
  const right = { issuer, audience, jwksUrl }
  const wrong: [Partial<JwtOptions>, RegExp][] = [
    [{ issuer: '' }, /issuer and audience/],
    [{ audience: '' }, /issuer and audience/],
    [{ algorithms: ['HS256'] }, /algorithms/],
    [{ algorithms: ['none'] }, /algorithms/],
    [{ algorithms: [] }, /algorithms/],
    [{ jwksUrl: undefined }, /either jwksUrl or publicKey/],
    [{ publicKey: pem }, /either jwksUrl or publicKey/],
    [{ jwksUrl: 'http://login.example.com/jwks' }, /https/],
    [{ jwksUrl: 'file:///etc/keys' }, /https/],
    [{ jwksUrl: 'nothing' }, /https/],
    [{ jwksUrl: undefined, publicKey: 'nothing' }, /PEM/],
    [
      { jwksUrl: undefined, publicKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      /PEM/,
    ],
  ]
  for (const [changes, message] of wrong) expect(() => jwt({ ...right, ...changes })).toThrow(message)
  expect(() => jwt({ ...right, jwksUrl: 'http://127.0.0.1:4000/jwks' })).not.toThrow()
})
