import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { type Served, type ServeOptions, serve } from './serve.js'

const running: Served[] = []

async function start(options: Partial<ServeOptions>): Promise<Served> {
  const fetch = () => new Response('{}')
  const served = await serve({ fetch, port: 0, host: '127.0.0.1', ...options })
  running.push(served)
  return served
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((served) => served.close()))
})

/** A promise and the hand that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Opens a plain socket, sends the text, and waits for the end of what comes back. */
async function raw(url: string, sent: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(sent)
  return text(socket)
}

const post = (url: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

test('a fetch handler answers on a socket', async () => {
  const { url } = await start({
    fetch: async (request) =>
      Response.json(
        { method: request.method, url: request.url, body: await request.text() },
        { status: 201 },
      ),
  })
  const response = await post(`${url}/v1/a%2Fb?one=1`, '{"user_id":"é"}')
  expect(response.status).toBe(201)
  expect(await response.json()).toEqual({
    method: 'POST',
    url: 'http://127.0.0.1/v1/a%2Fb?one=1',
    body: '{"user_id":"é"}',
  })
})

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)
test.skipIf(!hasIpv6)('a fetch handler answers on an IPv6 address', async () => {
  const { url } = await start({ host: '::1' })
  expect((await fetch(`${url}/v1/x?one=1`)).status).toBe(200)
})

test('a plain handler is asked instead, with the path, the headers and the text of the body', async () => {
  const { url } = await start({
    handle: ({ method, path, query, headers, body }) => ({
      status: 200,
      body: JSON.stringify({ method, path, query, authorization: headers.authorization, body }),
    }),
  })
  const response = await post(`${url}/v1/totps?x=1`, '{}', { authorization: 'Basic eDp5' })
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toEqual({
    method: 'POST',
    path: '/v1/totps',
    query: 'x=1',
    authorization: 'Basic eDp5',
    body: '{}',
  })
  const bare = await fetch(`${url}/x`, { method: 'DELETE' })
  expect(await bare.json()).toMatchObject({ method: 'DELETE', body: '' })
})

test('T92: a body over the cap is refused, with and without a length given', async () => {
  let asked = 0
  const { url } = await start({
    handle: () => {
      asked++
      return { status: 200, body: '{}' }
    },
  })
  const big = 'x'.repeat(70_000)
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 7; i++) controller.enqueue(Buffer.from('x'.repeat(10_000)))
      controller.close()
    },
  })
  const chunked = await fetch(url, { method: 'POST', body: stream, ...{ duplex: 'half' } })
  for (const response of [await post(url, big), chunked]) {
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ status_code: 413, error_type: 'bad_request' })
  }
  expect(asked).toBe(0)
  expect((await post(url, 'x'.repeat(65_536))).status).toBe(200)
})

test('T92: a compressed body is refused unread', async () => {
  const { url } = await start({})
  const response = await post(url, 'x', { 'content-encoding': 'gzip' })
  expect(response.status).toBe(415)
})

test('F45: a handler that throws costs one answer, which says nothing of the cause', async () => {
  const errors: unknown[] = []
  const failure = new Error('sentinel')
  const { url } = await start({
    handle: ({ path }) => {
      if (path === '/bad') throw failure
      return { status: 200, body: '{}' }
    },
    onError: (error) => errors.push(error),
  })
  const response = await fetch(`${url}/bad`)
  expect(response.status).toBe(500)
  const body = await response.text()
  expect(JSON.parse(body)).toMatchObject({ status_code: 500, error_type: 'internal_server_error' })
  expect(body).not.toContain('sentinel')
  expect(errors).toEqual([failure])
  expect((await fetch(`${url}/good`)).status).toBe(200)
})

test('what is answered without asking anybody points to the documents of the endpoint that was asked', async () => {
  const { url } = await start({
    handle: () => {
      throw new Error('no')
    },
  })
  for (const [path, docs] of [
    ['/v1/totps', 'https://stytch.com/docs/api/errors'],
    ['/v1/b2b/totp?x=1', 'https://stytch.com/docs/b2b/api/errors'],
  ]) {
    const compressed = await post(url + path, 'x', { 'content-encoding': 'gzip' })
    expect((await compressed.json()).error_url).toBe(`${docs}/415#bad_request`)
    const failed = await post(url + path, '{}')
    expect((await failed.json()).error_url).toBe(`${docs}/500#internal_server_error`)
  }
})

test('F39: more requests than can be worked on at once are told to come back', async () => {
  const { opened, open } = gate()
  let asked = 0
  const { url } = await start({
    handle: async () => {
      asked++
      await opened
      return { status: 200, body: '{}' }
    },
  })
  const agent = new Agent({ keepAlive: true })
  const statuses: (number | undefined)[] = []
  const all = Array.from({ length: 300 }, async () => {
    const request = httpRequest(url, { agent }).end()
    const [response] = await once(request, 'response')
    statuses.push(response.statusCode)
    if (response.statusCode === 503) expect(response.headers['retry-after']).toBe('1')
    // All that can be refused have been: let the others go.
    if (statuses.length === 300 - 256) open()
    response.resume()
  })
  await Promise.all(all)
  agent.destroy()
  expect(asked).toBe(256)
  expect(statuses.filter((status) => status === 503)).toHaveLength(300 - 256)
})

test('F39: who sends half a request takes nobody’s place', async () => {
  const { url } = await start({ handle: () => ({ status: 200, body: '{}' }) })
  const half = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{'
  const sockets = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(half)
      return socket
    }),
  )
  // Comes after them, and so is read after them.
  expect((await post(url, '{}')).status).toBe(200)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test('F39: a server that is busy still says that it is well', async () => {
  const { opened, open } = gate()
  const isFull = gate()
  let asked = 0
  const { url } = await start({
    handle: async ({ path }) => {
      if (path === '/v1/totps') {
        if (++asked === 256) isFull.open()
        await opened
      }
      return { status: 200, body: '{}' }
    },
  })
  const busy = Array.from({ length: 256 }, () => post(`${url}/v1/totps`, '{}'))
  await isFull.opened
  const statusOf = async (method: string, path: string) => (await fetch(url + path, { method })).status
  const asks: [string, string, number][] = [
    ['GET', '/healthz', 200],
    ['GET', '/readyz', 200],
    ['GET', '/readyz?verbose', 200],
    ['POST', '/readyz', 503],
    ['GET', '/v1/users/ada', 503],
  ]
  const statuses = await Promise.all(asks.map(([method, path]) => statusOf(method, path)))
  open()
  for (const response of await Promise.all(busy)) expect(response.status).toBe(200)
  expect(statuses).toEqual(asks.map(([, , status]) => status))
})

/** Closing takes who has come already, and then nobody: after two turns of the event loop. */
async function afterTheLook(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

test('F37: closing finishes what is under way, on its own connection, and takes nothing new', async () => {
  const { opened, open } = gate()
  const arrived = gate()
  const served = await start({
    handle: async () => {
      arrived.open()
      await opened
      return { status: 200, body: '{"done":true}' }
    },
  })
  const underWay = fetch(served.url)
  await arrived.opened
  const closed = served.close()
  await afterTheLook()
  await expect(fetch(served.url)).rejects.toThrow()
  open()
  const response = await underWay
  expect(response.headers.get('connection')).toBe('close')
  expect(await response.json()).toEqual({ done: true })
  await closed
})

test('F37: a request that comes in on an open connection while the server closes is answered', async () => {
  const served = await start({ handle: ({ path }) => ({ status: 200, body: JSON.stringify({ path }) }) })
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n')
  const [first] = await once(socket, 'data')
  expect(String(first)).toContain('{"path":"/1"}')
  const closed = served.close()
  await afterTheLook()
  socket.write('GET /2 HTTP/1.1\r\nhost: x\r\n\r\n')
  const rest = await text(socket)
  expect(rest).toContain('{"path":"/2"}')
  expect(rest.toLowerCase()).toContain('connection: close')
  await closed
})

test('F37: who was not yet accepted when the server closes is answered', async () => {
  const served = await start({ handle: () => ({ status: 200, body: '{}' }) })
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  // Connected as far as the kernel is concerned; this process has not looked yet.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const closed = served.close()
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200/)
  await closed
})

test('F37: what came in while the event loop stood still is answered before idle connections are closed', async () => {
  const sockets: Socket[] = []
  const served = await start({
    handle: ({ path }) => {
      if (path === '/stall') {
        sockets[0]?.write('GET /2 HTTP/1.1\r\nhost: x\r\n\r\n')
        const until = performance.now() + 200
        while (performance.now() < until);
      }
      return { status: 200, body: '{}' }
    },
  })
  for (let i = 0; i < 2; i++) {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(socket, 'data')
    sockets.push(socket)
  }
  const closed = served.close()
  await new Promise((resolve) => setTimeout(resolve, 150))
  sockets[1]?.write('GET /stall HTTP/1.1\r\nhost: x\r\n\r\n')
  for (const answer of await Promise.all(sockets.map(text))) expect(answer).toMatch(/^HTTP\/1.1 200/)
  await closed
})

test('F37: an idle connection does not keep the server open', async () => {
  const served = await start({ handle: () => ({ status: 200, body: '{}' }) })
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
  const ended = once(socket, 'close')
  await served.close()
  socket.resume()
  await ended
})

test('F37: connections on which nothing was asked do not keep the server open, one with half a request does', async () => {
  const served = await start({ handle: () => ({ status: 200, body: '{}' }) })
  const port = Number(new URL(served.url).port)
  const [silent, half] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  half.write('GET / HTTP/1.1\r\nhost:')
  // Comes after them, and so is read after them.
  expect((await fetch(served.url)).status).toBe(200)
  const closed = served.close()
  // Not the 408 that cuts who sends nothing for too long.
  expect(await text(silent)).toBe('')
  half.write(' x\r\n\r\n')
  expect(await text(half)).toMatch(/^HTTP\/1.1 200/)
  await closed
})

test('T89: two lengths, or a length beside chunks, is no request', async () => {
  const { url } = await start({})
  const smuggled = [
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ]
  for (const sent of smuggled) expect(await raw(url, sent)).toMatch(/^HTTP\/1.1 400 /)
})

test('F38: headers over 8 KiB are refused', async () => {
  const { url } = await start({})
  const answer = await raw(url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1.1 431 /)
})

test.concurrent.each([
  ['nothing', '', 8],
  ['half of its headers', 'POST / HTTP/1.1\r\nhost: x\r\n', 8],
  ['half of its body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{', 13],
])('F38: a client that sends %s is cut', async (_, sent, withinSeconds) => {
  const served = await serve({ fetch: () => new Response('{}'), port: 0, host: '127.0.0.1' })
  const start = performance.now()
  await raw(served.url, sent)
  expect(performance.now() - start).toBeLessThan(withinSeconds * 1000)
  await served.close()
})

test('an address that is taken is refused in words', async () => {
  const { url } = await start({})
  await expect(start({ port: Number(new URL(url).port) })).rejects.toThrow(
    /^Cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)\. Set PORT/,
  )
})
