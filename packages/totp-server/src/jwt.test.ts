import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { B2BClient, Client } from 'stytch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createJwtSigner, generateSigningKey, type JwtSigner, type SigningKey } from './jwt.js'

const projectId = 'project-test-11111111-1111-4111-8111-111111111111'
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const iat = Math.floor(nowMs / 1000)
const session = {
  id: 'session-test-1',
  started_at: '2026-01-02T03:04:05Z',
  last_accessed_at: '2026-01-02T03:04:05Z',
  expires_at: '2026-01-02T04:04:05Z',
  attributes: { user_agent: '', ip_address: '' },
  authentication_factors: [],
  roles: [],
}
const claims = { 'https://stytch.com/session': session, plan: 'gold' }

describe.each(['RS256', 'ES256'] as const)('%s', (algorithm) => {
  let key: SigningKey
  let signer: JwtSigner
  let token: string

  beforeAll(async () => {
    key = await generateSigningKey(algorithm)
    signer = createJwtSigner(key, { projectId })
    token = await signer.sign({ sub: 'user-test-1', nowMs, claims })
  })

  test('another implementation accepts the token with the published key', async () => {
    // jose's type of a JWK has no index signature in common with node's; both are plain JSON.
    const keys: JWK[] = JSON.parse(JSON.stringify([signer.jwk]))
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys }), {
      algorithms: [algorithm],
      audience: projectId,
      issuer: `stytch.com/${projectId}`,
      currentDate: new Date(nowMs),
    })
    expect(protectedHeader).toEqual({ alg: algorithm, kid: key.kid, typ: 'JWT' })
    expect(payload).toEqual({
      ...claims,
      iss: `stytch.com/${projectId}`,
      aud: [projectId],
      sub: 'user-test-1',
      iat,
      nbf: iat,
      exp: iat + 300,
    })
    expect(await calculateJwkThumbprint(keys[0]!)).toBe(key.kid)
  })

  test('the published key has no private member', () => {
    const shown = Object.keys(signer.jwk).sort()
    const expected = algorithm === 'RS256' ? ['e', 'kty', 'n'] : ['crv', 'kty', 'x', 'y']
    expect(shown).toEqual([...expected, 'alg', 'kid', 'use'].sort())
  })

  test('a token says which session it is of, also when its five minutes are over', () => {
    for (const atMs of [nowMs, (iat + 301) * 1000]) {
      expect(signer.verify(token, atMs)).toMatchObject({ ...claims, sub: 'user-test-1', exp: iat + 300 })
    }
  })

  test('F19: a token from a clock five seconds ahead is accepted, from further ahead not', () => {
    expect(signer.verify(token, (iat - 5) * 1000)).not.toBeNull()
    expect(signer.verify(token, (iat - 6) * 1000)).toBeNull()
  })

  test('the same key read back from storage signs and verifies for another process', async () => {
    const other = createJwtSigner(
      { ...key, privateKeyPkcs8: Uint8Array.from(key.privateKeyPkcs8) },
      { projectId },
    )
    expect(other.verify(token, nowMs)).not.toBeNull()
    expect(signer.verify(await other.sign({ sub: 'x', nowMs, claims: {} }), nowMs)).not.toBeNull()
  })

  test('custom claims cannot replace the registered ones', async () => {
    const forged = { iss: 'x', aud: 'x', sub: 'x', iat: 0, nbf: 0, exp: 2 ** 40 }
    const own = signer.verify(await signer.sign({ sub: 'user-test-1', nowMs, claims: forged }), nowMs)
    expect(own).toMatchObject({ sub: 'user-test-1', exp: iat + 300, aud: [projectId] })
  })

  test('tokens that are not ours are refused', async () => {
    const [head, body, signature] = token.split('.')
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const privateKey = createPrivateKey({
      key: Buffer.from(key.privateKeyPkcs8),
      format: 'der',
      type: 'pkcs8',
    })
    const own = { iss: `stytch.com/${projectId}`, aud: [projectId], nbf: iat }
    const signedByOwnKey = (changed: object) =>
      new SignJWT({ ...claims, ...own, ...changed })
        .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
        .sign(privateKey)
    expect(signer.verify(await signedByOwnKey({}), nowMs)).not.toBeNull()
    const stranger = createJwtSigner(await generateSigningKey(algorithm), { projectId })
    const foreign = [
      '',
      'a.b.c',
      `${head}.${body}`,
      `${token}.x`,
      `${head}.${body}.`,
      `${head}.${encode({ ...claims, sub: 'user-test-2' })}.${signature}`,
      `${encode({ alg: 'none', kid: key.kid, typ: 'JWT' })}.${body}.`,
      await stranger.sign({ sub: 'user-test-1', nowMs, claims }),
      await createJwtSigner(key, { projectId: 'project-test-other' }).sign({ sub: 'u', nowMs, claims }),
      await signedByOwnKey({ iss: 'elsewhere' }),
      await signedByOwnKey({ aud: ['elsewhere'] }),
      await signedByOwnKey({ aud: [projectId, 'elsewhere'] }),
      await signedByOwnKey({ nbf: undefined }),
      // The public key's text as an HMAC secret: the classic confusion of algorithms.
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: key.kid, typ: 'JWT' })
        .sign(Buffer.from(JSON.stringify(signer.jwk))),
    ]
    for (const text of foreign) expect(signer.verify(text, nowMs)).toBeNull()
    expect(decodeProtectedHeader(token).alg).toBe(algorithm)
  })

  describe("the official client's local verification", () => {
    const server = createServer((request, response) => {
      const known = [`/v1/sessions/jwks/${projectId}`, `/v1/b2b/sessions/jwks/${projectId}`]
      response.writeHead(known.includes(request.url ?? '') ? 200 : 404, {
        'content-type': 'application/json',
      })
      response.end(JSON.stringify({ keys: [signer.jwk], request_id: 'request-id-test-1', status_code: 200 }))
    })
    let config: { project_id: string; secret: string; env: string }

    beforeAll(async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      config = { project_id: projectId, secret: 'secret-test-1', env: `http://127.0.0.1:${port}` }
    })
    afterAll(() => {
      server.closeAllConnections()
      server.close()
    })

    test('accepts a session token of a user', async () => {
      const result = await new Client({ ...config }).sessions.authenticateJwtLocal({
        session_jwt: token,
        current_date: new Date(nowMs),
      })
      expect(result).toMatchObject({
        session_id: 'session-test-1',
        user_id: 'user-test-1',
        custom_claims: { plan: 'gold' },
      })
    })

    test('accepts a session token of a member', async () => {
      const memberToken = await signer.sign({
        sub: 'member-test-1',
        nowMs,
        claims: {
          ...claims,
          'https://stytch.com/organization': { organization_id: 'organization-test-1', slug: 'acme' },
        },
      })
      const result = await new B2BClient({ ...config }).sessions.authenticateJwtLocal({
        session_jwt: memberToken,
        current_date: new Date(nowMs),
      })
      expect(result).toMatchObject({ member_id: 'member-test-1', organization_id: 'organization-test-1' })
    })
  })
})
