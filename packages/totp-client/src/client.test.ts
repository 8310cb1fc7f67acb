import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { answers, requests } from '../test/samples.js'
import { httpServer, tcpServer } from '../test/servers.js'
import { createTotpClient, type TotpClientOptions } from './client.js'
import { TotpClientError } from './error.js'
import type { Fetch } from './transport.js'
import { endpoints } from './wire.js'

const credentials = { projectId: 'project-test-1', secret: 'secret-test-1' }

/** Every string and buffer on a value, however deep, enumerable or not, with what printing it shows. */
function textsOn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'function') return [String(value)]
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  const inner = Reflect.ownKeys(value).flatMap((key) => textsOn(Reflect.get(value, key), seen))
  return [
    ...inner,
    ...textsOn(Object.getPrototypeOf(value), seen),
    String(value),
    inspect(value, { depth: 9 }),
  ]
}

describe('createTotpClient', () => {
  it.each([
    ['project-live-16d9ba61', 'https://api.stytch.com/v1/users/u'],
    ['project-test-16d9ba61', 'https://test.stytch.com/v1/users/u'],
    ['anything', 'https://test.stytch.com/v1/users/u'],
  ])('takes the host from the project id %s', async (projectId, url) => {
    const fetch = vi.fn<Fetch>(async () => Response.json(answers['users.get']))
    await createTotpClient({ ...credentials, projectId, fetch }).users.get({ user_id: 'u' })
    expect(fetch.mock.calls[0]?.[0].url).toBe(url)
  })

  it('has a method for every endpoint, and nothing else', () => {
    const client = createTotpClient(credentials)
    const paths = (value: object, at: string): string[] =>
      Object.entries(value).flatMap(([key, inner]) =>
        typeof inner === 'function' ? [`${at}${key}`] : paths(inner, `${at}${key}.`),
      )
    expect(paths(client, '').sort()).toEqual([...Object.keys(endpoints), 'close'].sort())
  })

  it.each([
    'http://test.stytch.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1',
    'http://[::2]',
    'ftp://localhost',
    'file:///etc/passwd',
  ])('T88 T95: refuses the address %s, where the secret would travel in the clear', (baseUrl) => {
    expect(() => createTotpClient({ ...credentials, baseUrl })).toThrow(TypeError)
  })

  it.each([
    'test.stytch.com',
    '',
    'https://user:word@test.stytch.com',
    'https://a.example/b',
    'https://a.example?b',
  ])('T88: refuses the address "%s", which is no plain origin', (baseUrl) => {
    expect(() => createTotpClient({ ...credentials, baseUrl })).toThrow('baseUrl must be an origin')
  })

  it.each([
    'https://totp.example.com',
    'https://totp.example.com:8443/',
    'http://localhost:4100',
    'http://127.0.0.1:1',
    'http://[::1]:1',
  ])('takes the address %s', (baseUrl) => {
    expect(() => createTotpClient({ ...credentials, baseUrl })).not.toThrow()
  })

  it.each<[string, { [Name in keyof TotpClientOptions]?: unknown }]>([
    ['projectId', { projectId: '' }],
    ['projectId', { projectId: 'project:test' }],
    ['projectId', { projectId: 'project-tést' }],
    ['secret', { secret: '' }],
    ['secret', { secret: 'secret-tést' }],
    ['secret', { secret: 'secret\r\nx-evil: 1' }],
    ['secret', { secret: 'my word ' }],
    // As `process.env.NAME!` is where the variable is not set.
    ['projectId', { projectId: undefined }],
    ['secret', { secret: undefined }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 1.5 }],
    ['timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
  ])('says what is wrong with %s in %j, without repeating it', (name, wrong) => {
    const make = () => createTotpClient({ ...credentials, ...wrong } as TotpClientOptions)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(new RegExp(`^${name} must`))
    const value = String(Object.values(wrong)[0])
    if (value !== 'undefined' && value.length > 5) expect(make).not.toThrow(value)
  })

  it('T85: shows the secret nowhere', () => {
    const client = createTotpClient(credentials)
    const texts = textsOn(client).join('\n')
    expect(texts).toContain('totps')
    expect(texts).not.toContain(credentials.secret)
    expect(texts).not.toContain(btoa(`${credentials.projectId}:${credentials.secret}`))
  })
})

describe('a call', () => {
  it('resolves to the body as it came, unknown fields too', async () => {
    const answer = { ...answers['kit.capabilities'], field_of_tomorrow: { a: [1] } }
    const client = createTotpClient({ ...credentials, fetch: () => Response.json(answer) })
    expect(await client.kit.capabilities()).toEqual(answer)
  })

  it('to kit.capabilities tells the plain wire from our server', async () => {
    const body = { status_code: 404, request_id: 'request-id-test-1', error_type: 'route_not_found' }
    const client = createTotpClient({ ...credentials, fetch: () => Response.json(body, { status: 404 }) })
    await expect(client.kit.capabilities()).rejects.toMatchObject({
      code: 'refused',
      errorType: 'route_not_found',
    })
  })

  it('to kit.createSession answers a user with a session, a member with a member_session', async () => {
    const { session, user } = answers['sessions.authenticate']
    const { member_session: _, ...rest } = answers['b2b.sessions.authenticate']
    const client = createTotpClient({
      ...credentials,
      fetch: async (request) =>
        Response.json(
          'user_id' in (await request.json()) ? { ...rest, session, user } : answers['kit.createSession'],
        ),
    })
    const ofUser = await client.kit.createSession({ user_id: 'u' })
    const ofMember = await client.kit.createSession({ organization_id: 'o', member_id: 'm' })
    expect('member_session' in ofUser ? undefined : ofUser.session.session_id).toBe(session.session_id)
    expect('member_session' in ofMember ? ofMember.member_session.member_id : undefined).toBeDefined()
  })

  it.each([
    '',
    '.',
    '..',
    '../../v1/users',
    'a/b',
    'a?b=c',
    'a#b',
    'a%2e%2e',
    'a b',
    'ä',
    'A'.repeat(129),
    undefined,
    7,
  ])('T88: with the id %j for its path is refused before anything is sent', async (id) => {
    const fetch = vi.fn<Fetch>()
    const client = createTotpClient({ ...credentials, fetch })
    const call = client.b2b.recoveryCodes.get({ organization_id: 'o', member_id: id as string })
    await expect(call).rejects.toThrow(TypeError)
    await expect(call).rejects.toThrow('b2b.recoveryCodes.get: member_id')
    await expect(client.users.deleteTotp({ totp_id: id as string })).rejects.toThrow(TypeError)
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('whatever comes', () => {
  it('F8: no JSON that is not the answer is ever a success', async () => {
    const status = fc.constantFrom(200, 201, 299, 400, 401, 404, 429, 500, 503)
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), status, async (body, status) => {
        const client = createTotpClient({ ...credentials, fetch: () => Response.json(body, { status }) })
        await expect(client.totps.authenticate(requests['totps.authenticate'])).rejects.toThrow(
          TotpClientError,
        )
      }),
    )
  })

  it('T88: no id leads to another path', async () => {
    const id = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[./a%2eE|_-]{1,6}$/))
    await fc.assert(
      fc.asyncProperty(id, async (user_id) => {
        let path = ''
        const fetch = (request: Request) => {
          path = new URL(request.url).pathname
          return Response.json(answers['users.get'])
        }
        const error = await createTotpClient({ ...credentials, fetch })
          .users.get({ user_id })
          .then(
            () => undefined,
            (reason: unknown) => reason,
          )
        if (path !== '') expect(path.split('/').map(decodeURIComponent)).toEqual(['', 'v1', 'users', user_id])
        else expect(error).toBeInstanceOf(TypeError)
      }),
      { seed: 4226 },
    )
  })
})

describe('T85: an error', () => {
  const sentinels = {
    totp_code: '739105',
    session_token: 'SENTINEL-session-token',
    session_jwt: 'SENTINEL.session.jwt',
    telemetry_id: 'SENTINEL-telemetry',
  }
  const answered = { ...answers['totps.authenticate'], session_token: 'SENTINEL-answer-token', totp_id: 7 }
  const secrets = [
    ...Object.values(sentinels),
    'SENTINEL-answer-token',
    credentials.secret,
    btoa(`${credentials.projectId}:${credentials.secret}`),
  ]
  const echo = (field: string) => ({
    status_code: 400,
    request_id: 'request-id-test-1',
    error_type: 'invalid_totp_code',
    error_message: `${sentinels.totp_code} is wrong for ${sentinels.session_token}`,
    error_details: sentinels,
    [field]: sentinels.totp_code,
  })

  const faults: [string, () => Promise<{ url: string }>][] = [
    [
      'of a refusal that echoes',
      () => httpServer((_, out) => out.writeHead(400).end(JSON.stringify(echo('x')))),
    ],
    [
      'of an echo as error type',
      () => httpServer((_, out) => out.writeHead(400).end(JSON.stringify(echo('error_type')))),
    ],
    [
      'of an echo as request id',
      () => httpServer((_, out) => out.writeHead(400).end(JSON.stringify(echo('request_id')))),
    ],
    [
      'of an echo in headers',
      () =>
        httpServer((_, out) =>
          out
            .writeHead(429, { 'retry-after': sentinels.totp_code.repeat(2), 'x-a': sentinels.session_token })
            .end(JSON.stringify(echo('x'))),
        ),
    ],
    [
      'of a redirect that echoes',
      () => httpServer((_, out) => out.writeHead(302, { location: `/?${sentinels.session_token}` }).end()),
    ],
    ['of an answer with a wrong field', () => httpServer((_, out) => out.end(JSON.stringify(answered)))],
    ['of HTML that echoes', () => httpServer((_, out) => out.writeHead(502).end(JSON.stringify(sentinels)))],
    [
      'of broken HTTP that echoes',
      () => tcpServer((socket) => socket.on('data', (data) => socket.write(data))),
    ],
    ['of a reset', () => httpServer((request) => request.socket.resetAndDestroy())],
    ['of a deadline', () => httpServer(() => {})],
  ]

  it.each(faults)('%s carries no code, token or secret', async (_what, start) => {
    const { url: baseUrl } = await start()
    const client = createTotpClient({ ...credentials, baseUrl, timeoutMs: 300 })
    onTestFinished(() => client.close())
    const error = await client.totps
      .authenticate({ ...requests['totps.authenticate'], ...sentinels })
      .catch((e) => e)
    expect(error).toBeInstanceOf(TotpClientError)
    const texts = [...textsOn(error), JSON.stringify(error)].join('\n')
    expect(texts).toContain('totps.authenticate')
    expect(secrets.filter((secret) => texts.includes(secret))).toEqual([])
    expect(Reflect.ownKeys(error).sort()).toEqual(
      [
        'attemptsLeft',
        'code',
        'endpoint',
        'errorType',
        'message',
        'name',
        'reason',
        'requestId',
        'retryAfterSeconds',
        'stack',
        'status',
      ].sort(),
    )
  })

  it('of a wrong id does not repeat the id', async () => {
    const client = createTotpClient({ ...credentials, fetch: () => Response.json({}) })
    const error = await client.users.get({ user_id: 'SENTINEL/../x' }).catch((reason) => reason)
    expect(textsOn(error).join('\n')).not.toContain('SENTINEL')
  })
})
