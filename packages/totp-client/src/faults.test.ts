import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { answers, requests } from '../test/samples.js'
import { closedPort, httpServer, tcpServer } from '../test/servers.js'
import { createTotpClient } from './client.js'
import { TotpClientError } from './error.js'
import type { Fetch } from './transport.js'

const credentials = { projectId: 'project-test-1', secret: 'secret-test-1' }

/** A client that is closed when the test is over. */
function clientOf(baseUrl: string, options: { fetch?: Fetch; timeoutMs?: number } = {}) {
  const client = createTotpClient({ ...credentials, baseUrl, timeoutMs: 5_000, ...options })
  onTestFinished(() => client.close())
  return {
    ...client,
    /** A call that spends a code. */
    post: (signal?: AbortSignal) => client.totps.authenticate(requests['totps.authenticate'], { signal }),
    /** A call that changes nothing. */
    read: (signal?: AbortSignal) => client.users.get(requests['users.get'], { signal }),
  }
}

async function errorOf(call: Promise<unknown>): Promise<TotpClientError> {
  const error = await call.then(
    () => expect.unreachable('the call succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TotpClientError)
  return error as TotpClientError
}

const wireError = (status_code: number, error_type: string) =>
  JSON.stringify({
    status_code,
    request_id: 'request-id-test-b05c992f-ebdc-489d-a754-c7e70ba13141',
    error_type,
    error_message: 'A sentence.',
    error_url: `https://stytch.com/docs/api/errors/${status_code}#${error_type}`,
  })
const success = JSON.stringify(answers['totps.authenticate'])
const ok = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

describe.each([
  ['the pool', {}],
  ['a fetch handed in', { fetch: (request: Request) => fetch(request) }],
])('over %s', (_, options) => {
  it('F1: an answer later than the deadline is a timeout, and the call was made once', async () => {
    const server = await httpServer(() => {})
    const started = performance.now()
    const error = await errorOf(clientOf(server.url, { ...options, timeoutMs: 150 }).post())
    expect(error).toMatchObject({ code: 'timeout', endpoint: 'totps.authenticate', reason: 'deadline' })
    expect(performance.now() - started).toBeLessThan(3_000)
    expect(server.hits).toBe(1)
  })

  it('F2: a refused connection is unreachable', async () => {
    const client = clientOf(await closedPort(), options)
    expect(await errorOf(client.post())).toMatchObject({ code: 'unreachable', reason: 'ECONNREFUSED' })
  })

  it('F3: a reset before any byte of the answer leaves the outcome of a POST unknown; it is not repeated', async () => {
    const server = await httpServer((request) => request.socket.resetAndDestroy())
    expect(await errorOf(clientOf(server.url, options).post())).toMatchObject({ code: 'outcome_unknown' })
    expect(server.hits).toBe(1)
  })

  it('F3: a read is repeated once after a reset, and then succeeds or is unreachable', async () => {
    const flaky = await httpServer((request, response, hit) =>
      hit === 1 ? request.socket.resetAndDestroy() : response.end(JSON.stringify(answers['users.get'])),
    )
    expect(await clientOf(flaky.url, options).read()).toEqual(answers['users.get'])
    expect(flaky.hits).toBe(2)

    const dead = await httpServer((request) => request.socket.resetAndDestroy())
    expect(await errorOf(clientOf(dead.url, options).read())).toMatchObject({ code: 'unreachable' })
    expect(dead.hits).toBe(2)
  })

  it('F4: an answer lost after the provider has done the work leaves the outcome unknown', async () => {
    const spent: unknown[] = []
    const server = await httpServer((request) => {
      spent.push(request.url)
      request.socket.end()
    })
    expect(await errorOf(clientOf(server.url, options).post())).toMatchObject({ code: 'outcome_unknown' })
    expect(spent).toEqual(['/v1/totps/authenticate'])
  })

  it('F5: a 5xx in the words of the wire is a refusal; a POST is made once, a read twice', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(500).end(wireError(500, 'internal_server_error'))
    })
    const client = clientOf(server.url, options)
    const refusal = { code: 'refused', errorType: 'internal_server_error', status: 500 }
    expect(await errorOf(client.post())).toMatchObject(refusal)
    expect(server.hits).toBe(1)
    expect(await errorOf(client.read())).toMatchObject(refusal)
    expect(server.hits).toBe(3)
  })

  it.each([500, 502, 503, 504])(
    'F5: a %i in the words of a gateway tells nothing about a POST',
    async (status) => {
      const server = await httpServer((_request, response) => {
        response.writeHead(status, { 'retry-after': '7' }).end('<html>Bad Gateway</html>')
      })
      const client = clientOf(server.url, options)
      const facts = { reason: 'gateway', status, retryAfterSeconds: 7, errorType: undefined }
      expect(await errorOf(client.post())).toMatchObject({ code: 'outcome_unknown', ...facts })
      expect(server.hits).toBe(1)
      expect(await errorOf(client.read())).toMatchObject({ code: 'unreachable', ...facts })
      expect(server.hits).toBe(3)
    },
  )

  it.each([
    ['30', 30],
    ['0', 1],
    ['999999999999999999999', 86_400],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 1],
    [new Date(Date.now() + 3_600_000).toUTCString(), expect.closeTo(3_600, -2)],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
  ])('F6: a 429 tells its Retry-After of "%s" as %s seconds', async (header, seconds) => {
    const server = await httpServer((_request, response) => {
      response.writeHead(429, { 'retry-after': header }).end(wireError(429, 'too_many_requests'))
    })
    const error = await errorOf(clientOf(server.url, options).post())
    expect(error).toMatchObject({ code: 'refused', errorType: 'too_many_requests', status: 429 })
    expect(error.retryAfterSeconds).toEqual(seconds)
    expect(server.hits).toBe(1)
  })

  it.each([
    [4, 4],
    [0, 0],
    [1_001, undefined],
    [-1, undefined],
    [1.5, undefined],
    ['4', undefined],
    [null, undefined],
  ])('a refusal with attempts_left %j tells %s', async (attempts_left, attemptsLeft) => {
    const server = await httpServer((_request, response) => {
      const body = JSON.parse(wireError(401, 'unable_to_authenticate_totp'))
      response.writeHead(401).end(JSON.stringify({ ...body, error_details: { attempts_left } }))
    })
    const error = await errorOf(clientOf(server.url, options).post())
    expect(error.attemptsLeft).toBe(attemptsLeft)
  })

  it.each([
    [undefined, 30, 30],
    ['7', 30, 7],
    [undefined, 0.2, 1],
    [undefined, 90_000, 86_400],
    [undefined, -1, undefined],
    [undefined, '30', undefined],
    [undefined, null, undefined],
  ])(
    'a refusal with Retry-After %j and retry_after_seconds %j tells a wait of %s',
    async (header, given, wait) => {
      const server = await httpServer((_request, response) => {
        const body = JSON.parse(wireError(401, 'unable_to_authenticate_totp'))
        if (header !== undefined) response.setHeader('retry-after', header)
        response
          .writeHead(401)
          .end(JSON.stringify({ ...body, error_details: { attempts_left: 0, retry_after_seconds: given } }))
      })
      const error = await errorOf(clientOf(server.url, options).post())
      expect(error.retryAfterSeconds).toBe(wait)
    },
  )

  it('F6: a 429 without Retry-After, or in the words of a gateway, is a refusal too', async () => {
    const bodies = [wireError(429, 'user_lock_limit_reached'), '<html>Slow down</html>']
    const server = await httpServer((_request, response, hit) => {
      response.writeHead(429).end(bodies[hit - 1])
    })
    const client = clientOf(server.url, options)
    const facts = { code: 'refused', status: 429, retryAfterSeconds: undefined }
    expect(await errorOf(client.post())).toMatchObject({ ...facts, errorType: 'user_lock_limit_reached' })
    expect(await errorOf(client.post())).toMatchObject({
      ...facts,
      errorType: undefined,
      reason: 'too_many_requests',
    })
  })

  it.each([
    ['a body shorter than its Content-Length', ok(success).slice(0, -20)],
    [
      'a chunked body without its end',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n${success.slice(0, 16)}\r\n`,
    ],
    ['JSON cut short', ok(success.slice(0, -1))],
  ])('F7: %s is malformed', async (_what, reply) => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.end(reply)))
    expect(await errorOf(clientOf(server.url, options).post())).toMatchObject({ code: 'malformed' })
    expect(server.connections).toBe(1)
  })

  it.each([
    ['HTML', '<!doctype html><title>Sign in</title>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '200'],
    ['an empty object', '{}'],
    ['the answer of another endpoint', JSON.stringify(answers['users.get'])],
    ['an answer without its user', JSON.stringify({ ...answers['totps.authenticate'], user: undefined })],
    [
      'an answer with a number for a token',
      JSON.stringify({ ...answers['totps.authenticate'], session_token: 7 }),
    ],
    ['an answer behind a byte order mark', `\ufeff${success}`],
    ['JSON lines', `${success}\n${success}`],
  ])('F8: a 200 with %s is malformed', async (_what, body) => {
    const server = await httpServer((_request, response) => response.end(body))
    const error = await errorOf(clientOf(server.url, options).post())
    expect(error).toMatchObject({ code: 'malformed', status: 200, errorType: undefined })
    expect(server.hits).toBe(1)
  })

  it.each([
    ['HTML', 403, '<html>Forbidden</html>'],
    ['an empty object', 401, '{}'],
    ['an error type that is none', 400, wireError(400, '123456')],
  ])('F8: an error status with %s is malformed', async (_what, status, body) => {
    const server = await httpServer((_request, response) => response.writeHead(status).end(body))
    const error = await errorOf(clientOf(server.url, options).post())
    expect(error).toMatchObject({ code: 'malformed', status, errorType: undefined })
  })

  it('F9: a body without end is cut off at 256 KiB', async () => {
    let sent = 0
    const server = await httpServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384
      }
      response.on('drain', more)
      more()
    })
    const error = await errorOf(clientOf(server.url, options).post())
    expect(error).toMatchObject({ code: 'malformed', reason: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
    // What the sockets' buffers hold comes on top.
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })

  it('F9: 40 KB of headers are malformed', async () => {
    const server = await tcpServer((socket) =>
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`)),
    )
    expect(await errorOf(clientOf(server.url, options).post())).toMatchObject({ code: 'malformed' })
  })

  it('F10: an answer that drips is cut off at the deadline', async () => {
    const server = await httpServer((_request, response) => {
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
    })
    const started = performance.now()
    const error = await errorOf(clientOf(server.url, { ...options, timeoutMs: 200 }).post())
    expect(error.code).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  it.each([301, 302, 303, 307, 308])(
    'F11 T88: a %i is not followed; the other host sees nothing',
    async (status) => {
      const other = await httpServer((_request, response) => response.end(success))
      const server = await httpServer((_request, response) => {
        response.writeHead(status, { location: `${other.url}/v1/totps/authenticate` }).end(success)
      })
      const error = await errorOf(clientOf(server.url, options).post())
      expect(error).toMatchObject({ code: 'malformed', reason: 'redirect', status })
      expect([server.hits, other.hits]).toEqual([1, 0])
    },
  )

  it.each([
    ['200 over a body of 401', 200, wireError(401, 'unauthorized_credentials')],
    ['200 over an answer of 401', 200, success.replace('"status_code":200', '"status_code":401')],
    ['401 over a success', 401, success],
    ['400 over a body of 404', 400, wireError(404, 'user_not_found')],
    ['500 over a body of 200', 500, wireError(200, 'internal_server_error')],
  ])('F13: %s is malformed', async (_what, status, body) => {
    const server = await httpServer((_request, response) => response.writeHead(status).end(body))
    expect(await errorOf(clientOf(server.url, options).post())).toMatchObject({ code: 'malformed', status })
  })

  it('a refusal tells its type, status and request', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(404).end(wireError(404, 'user_not_found'))
    })
    const error = await errorOf(clientOf(server.url, options).read())
    expect(error).toMatchObject({
      name: 'TotpClientError',
      message: 'users.get: refused (user_not_found, HTTP 404)',
      code: 'refused',
      errorType: 'user_not_found',
      status: 404,
      requestId: 'request-id-test-b05c992f-ebdc-489d-a754-c7e70ba13141',
    })
    expect(server.hits).toBe(1)
  })

  it('F18: giving up a call that was sent leaves the outcome of a POST unknown, and a read unreachable', async () => {
    const giveUp = new AbortController()
    const server = await httpServer((_request, _response, hit) => {
      if (hit === 2) giveUp.abort()
    })
    const client = clientOf(server.url, options)
    const errors = [errorOf(client.post(giveUp.signal)), errorOf(client.read(giveUp.signal))]
    expect((await Promise.all(errors)).map(({ code, reason }) => [code, reason])).toEqual([
      ['outcome_unknown', 'aborted'],
      ['unreachable', 'aborted'],
    ])
    expect(server.hits).toBe(2)
  })

  it('F18: a call given up beforehand sends nothing', async () => {
    const server = await httpServer((_request, response) => response.end(success))
    const error = await errorOf(clientOf(server.url, options).post(AbortSignal.abort()))
    expect(error).toMatchObject({ code: 'unreachable', reason: 'aborted' })
    expect(server.hits).toBe(0)
  })
})

describe('over the pool', () => {
  it('F2: what was not sent is tried once more, POST as well', async () => {
    // A handshake that breaks: connected, and nothing of the request sent yet.
    const server = await tcpServer((socket) => socket.destroy())
    const client = clientOf(server.url.replace('http:', 'https:'))
    expect(await errorOf(client.post())).toMatchObject({ code: 'unreachable', reason: 'ECONNRESET' })
    expect(server.connections).toBe(2)
  })

  it('F2: the second try is within the deadline', async () => {
    let silent: Socket | undefined
    const server = await tcpServer((socket, connection) => {
      if (connection === 1) socket.destroy()
      else silent = socket
    })
    const client = clientOf(server.url.replace('http:', 'https:'), { timeoutMs: 400 })
    expect(await errorOf(client.post())).toMatchObject({ code: 'timeout' })
    expect(server.connections).toBe(2)
    silent?.destroy()
  })

  it('F12: a certificate that proves nothing is malformed, without a second try', async () => {
    let connections = 0
    let requests = 0
    const server = createTlsServer({ key, cert }, () => requests++)
    server.on('connection', () => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const client = clientOf(`https://localhost:${(server.address() as AddressInfo).port}`)
    const error = await errorOf(client.post())
    expect(error).toMatchObject({ code: 'malformed', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect([connections, requests]).toEqual([1, 0])
  })

  it('F12: something that is no TLS is malformed', async () => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.write(ok(success))))
    const client = clientOf(server.url.replace('http:', 'https:'))
    expect(await errorOf(client.post())).toMatchObject({ code: 'malformed' })
  })

  it('something that is no HTTP is malformed', async () => {
    const server = await tcpServer((socket) =>
      socket.once('data', () => socket.write('220 mail.example ESMTP\r\n')),
    )
    expect(await errorOf(clientOf(server.url).post())).toMatchObject({
      code: 'malformed',
      reason: 'HPE_INVALID',
    })
  })

  it('F16: fifty calls are under way, a hundred wait, and one more fails at once', async () => {
    const held: (() => void)[] = []
    const server = await httpServer((_request, response) => held.push(() => response.end(success)))
    const client = clientOf(server.url, { timeoutMs: 10_000 })
    const calls = Array.from({ length: 150 }, () => client.post())
    const started = performance.now()
    expect(await errorOf(client.post())).toMatchObject({ code: 'unreachable', reason: 'overloaded' })
    expect(performance.now() - started).toBeLessThan(3_000)

    await vi.waitFor(() => expect(held).toHaveLength(50))
    const all = Promise.all(calls)
    const release = setInterval(() => {
      for (const answer of held.splice(0)) answer()
    }, 1)
    expect(await all).toHaveLength(150)
    clearInterval(release)
    expect(server.hits).toBe(150)
    const last = client.post()
    await vi.waitFor(() => expect(held).toHaveLength(1))
    held[0]?.()
    expect(await last).toEqual(answers['totps.authenticate'])
  })

  it('F16: a call whose deadline passes while it waits is never sent', async () => {
    const held: (() => void)[] = []
    const server = await httpServer((_request, response) => held.push(() => response.end(success)))
    const client = clientOf(server.url, { timeoutMs: 10_000 })
    const busy = Array.from({ length: 50 }, () => client.post())
    await vi.waitFor(() => expect(held).toHaveLength(50))

    const giveUp = new AbortController()
    const waiting = errorOf(client.post(giveUp.signal))
    giveUp.abort()
    expect(await waiting).toMatchObject({ code: 'unreachable', reason: 'aborted' })
    for (const answer of held) answer()
    await Promise.all(busy)
    expect(server.hits).toBe(50)
  })

  it('F20: a kept connection that the provider has closed is replaced without anyone noticing', async () => {
    let bothEndsClosed: Promise<unknown> | undefined
    const server = await httpServer(({ socket }, response, hit) => {
      if (hit === 1) {
        bothEndsClosed = once(socket, 'close')
        response.on('finish', () => socket.end())
      }
      response.end(success)
    })
    const client = clientOf(server.url)
    await client.post()
    await bothEndsClosed
    expect(await client.post()).toEqual(answers['totps.authenticate'])
    expect(server.hits).toBe(2)
  })

  it('F20: a kept connection that breaks under a POST is not trusted with it again', async () => {
    const server = await httpServer((request, response, hit) =>
      hit === 1 ? response.end(success) : request.socket.resetAndDestroy(),
    )
    const client = clientOf(server.url)
    await client.post()
    expect(await errorOf(client.post())).toMatchObject({ code: 'outcome_unknown' })
    expect(server.hits).toBe(2)
  })

  it('keeps its connections', async () => {
    const sockets = new Set<unknown>()
    const server = await httpServer((request, response) => {
      sockets.add(request.socket)
      response.end(success)
    })
    const client = clientOf(server.url)
    for (let i = 0; i < 10; i++) await client.post()
    // A connection is free again only some moments after its answer, so two take turns.
    expect(sockets.size).toBeLessThanOrEqual(2)
  })

  it('waits on close for the calls under way, and then makes no more', async () => {
    let answer = () => {}
    const server = await httpServer((_request, response) => {
      answer = () => response.end(success)
    })
    const client = clientOf(server.url)
    const call = client.post()
    await vi.waitFor(() => expect(server.hits).toBe(1))
    const closed = client.close()
    answer()
    expect(await call).toEqual(answers['totps.authenticate'])
    await closed
    expect(await errorOf(client.post())).toMatchObject({ code: 'unreachable', reason: 'UND_ERR_DESTROYED' })
    expect(server.hits).toBe(1)
  })

  it('counts as under way a call that was made in the moment before', async () => {
    const server = await httpServer((_request, response) => response.end(success))
    const client = clientOf(server.url)
    const call = client.post()
    const closed = client.close()
    expect(await call).toEqual(answers['totps.authenticate'])
    await closed
  })
})

describe('over a fetch handed in', () => {
  const failing = (code: string) => {
    let calls = 0
    const fetch = async () => {
      calls += 1
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('secret'), { code }) })
    }
    return { client: clientOf('http://localhost', { fetch }), calls: () => calls }
  }

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])(
    'F2: %s is unreachable, after one more try',
    async (code) => {
      const { client, calls } = failing(code)
      expect(await errorOf(client.post())).toMatchObject({ code: 'unreachable', reason: code })
      expect(calls()).toBe(2)
    },
  )

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'whatever'])(
    'F3: %s leaves the outcome unknown, without another try',
    async (code) => {
      const { client, calls } = failing(code)
      expect(await errorOf(client.post())).toMatchObject({ code: 'outcome_unknown' })
      expect(calls()).toBe(1)
    },
  )

  it('F1: a handler in this process that never answers, or answers without end, meets the deadline', async () => {
    const never = clientOf('http://localhost', { fetch: () => new Promise(() => {}), timeoutMs: 50 })
    expect(await errorOf(never.post())).toMatchObject({ code: 'timeout' })
    const silent = clientOf('http://localhost', {
      fetch: () => new Response(new ReadableStream()),
      timeoutMs: 50,
    })
    expect(await errorOf(silent.post())).toMatchObject({ code: 'timeout' })
  })

  it('needs no network: a handler gets the request as the provider would', async () => {
    const seen: unknown[] = []
    const client = clientOf('http://localhost', {
      fetch: async (request) => {
        seen.push([request.method, request.url, request.headers.get('authorization'), await request.json()])
        return Response.json(answers['totps.authenticate'])
      },
    })
    expect(await client.post()).toEqual(answers['totps.authenticate'])
    const authorization = `Basic ${btoa('project-test-1:secret-test-1')}`
    expect(seen).toEqual([
      ['POST', 'http://localhost/v1/totps/authenticate', authorization, requests['totps.authenticate']],
    ])
  })
})

// Made for this test alone, for nobody and no host in particular.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoZHfg+vbFJ28I8Jk
FqOhdzxjULkcnXnFd5JlFzwHlvKhRANCAAT7DZqhhYDxt1SWKBvoPvZMk2lr24/f
tZJMhqA2tXRB7pKhZYPakQExdARwYHKpRErqcN2ie6A+UU4MKHzclMjq
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBjTCCATOgAwIBAgIUSk5If+BblKJWBPHxcgo5/TwcTtQwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRZWxzZXdoZXJlLmV4YW1wbGUwHhcNMjYxMTIyMDExMzQ0WhcN
MzYxMTE5MDExMzQ0WjAcMRowGAYDVQQDDBFlbHNld2hlcmUuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABPsNmqGFgPG3VJYoG+g+9kyTaWvbj9+1kkyG
oDa1dEHukqFlg9qRATF0BHBgcqlESupw3aJ7oD5RTgwofNyUyOqjUzBRMB0GA1Ud
DgQWBBSi/Uc2/7qInZIZ+Oxss0wPXz3Q9DAfBgNVHSMEGDAWgBSi/Uc2/7qInZIZ
+Oxss0wPXz3Q9DAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDY
i3LQvg3zm9y6sQLDKl4AAnRkRqqmznBmYxusvMn1IQIgOZhTUwkpbwk7GDrF1Cnm
T33fAlFU241NPRJb9Paoo+k=
-----END CERTIFICATE-----`
