import { EventEmitter, once } from 'node:events'
import { Agent, type ClientRequest, get, type RequestListener, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type HttpServer, listen, withShedding } from './http-server.js'

const open: HttpServer[] = []
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(open.splice(0).map((server) => server.drain()))
})

async function serve(listener: RequestListener) {
  const server = await listen(0, '127.0.0.1')
  server.answer(listener)
  open.push(server)
  return { server, url: `http://127.0.0.1:${server.port}/` }
}

const ok: RequestListener = (_req, res) => void res.end('ok')

async function answerOf(
  request: ClientRequest,
): Promise<{ status: number; connection: string | undefined; body: string }> {
  const [res] = await once(request, 'response')
  let body = ''
  for await (const chunk of res) body += chunk
  return { status: res.statusCode, connection: res.headers.connection, body }
}

/** Draining takes who has come already, and then nobody: after two turns of the event loop. */
async function afterTheLook(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

it('answers a request that came before it was said how', async () => {
  const server = await listen(0, '127.0.0.1')
  open.push(server)
  const early = get(`http://127.0.0.1:${server.port}/`)
  await once(early, 'finish')
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  server.answer(ok)
  expect((await answerOf(early)).body).toBe('ok')
})

describe('F37: draining', () => {
  it('finishes what is under way, tells kept connections to go, and takes no more', async () => {
    const held: ServerResponse[] = []
    const { server, url } = await serve((req, res) => {
      if (req.url === '/slow') held.push(res)
      else res.end('ok')
    })
    const agent = new Agent({ keepAlive: true })
    expect((await answerOf(get(url, { agent }))).connection).toBe('keep-alive')
    const slow = get(`${url}slow`)
    while (held.length === 0) await new Promise(setImmediate)

    const drained = server.drain()
    expect(server.isDraining()).toBe(true)
    await afterTheLook()
    // On the kept connection, which was idle when draining began.
    expect(await answerOf(get(url, { agent }))).toEqual({ status: 200, connection: 'close', body: 'ok' })
    await expect(answerOf(get(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    held[0]?.end('done')
    expect((await answerOf(slow)).body).toBe('done')
    await drained
    agent.destroy()
  })

  it('resets no connection of clients that keep sending', async () => {
    const { server, url } = await serve((_req, res) => void setTimeout(() => res.end('ok'), 5))
    const agent = new Agent({ keepAlive: true, maxSockets: 20 })
    const busy = new EventEmitter()
    const hasBegun = once(busy, 'hundredth')
    let answered = 0
    let reset = 0
    let refused = 0
    const client = async () => {
      while (refused === 0) {
        try {
          await answerOf(get(url, { agent }))
          if (++answered === 100) busy.emit('hundredth')
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') refused++
          else reset++
        }
      }
    }
    const clients = Array.from({ length: 20 }, client)
    await hasBegun
    await server.drain()
    await Promise.all(clients)
    expect({ reset, refused: refused > 0 }).toEqual({ reset: 0, refused: true })
    agent.destroy()
  })
})

it('F37: connections on which nothing was asked do not keep the server open, one with half a request does', async () => {
  const { server, url } = await serve(ok)
  const [silent, half] = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')]
  half.write('GET / HTTP/1.1\r\nHost:')
  // Comes after them, and so is read after them.
  expect((await answerOf(get(url))).status).toBe(200)
  const drained = server.drain()
  // Not the 408 that cuts who sends nothing for too long.
  expect(await text(silent)).toBe('')
  half.write(' x\r\n\r\n')
  expect(await text(half)).toMatch(/^HTTP\/1.1 200/)
  await drained
})

describe('F37: while the event loop is late', () => {
  const hello = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

  it('answers whom it had not yet accepted when draining began', async () => {
    const { server } = await serve(ok)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(hello)
    // Connected as far as the kernel is concerned; this process has not looked yet.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const drained = server.drain()
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200/)
    await drained
  })

  it('answers what had come in when idle connections are closed', async () => {
    const { server } = await serve(ok)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(hello)
    await once(socket, 'data')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const drained = server.drain()
    await afterTheLook()
    socket.write(hello)
    // Here as far as the kernel is concerned; this process has not looked yet.
    vi.advanceTimersToNextTimer()
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200/)
    await drained
  })
})

describe('F38: clients that send slowly', () => {
  async function readAll(socket: Socket): Promise<string> {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await once(socket, 'close')
    return text
  }

  it('are cut after five seconds without headers and after ten with a body, while others are answered', async () => {
    const { server, url } = await serve((req, res) => void req.resume().on('end', () => res.end('ok')))
    const noHeaders = connect(server.port, '127.0.0.1')
    noHeaders.write('GET / HTTP/1.1\r\nHost: x\r\n')
    const noBody = connect(server.port, '127.0.0.1')
    noBody.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n')
    const begun = performance.now()
    const headersCut = readAll(noHeaders).then(
      (text) => [text.slice(0, 12), performance.now() - begun] as const,
    )
    const bodyCut = readAll(noBody).then((text) => [text.slice(0, 12), performance.now() - begun] as const)
    expect((await answerOf(get(url))).status).toBe(200)
    const [headersText, headersMs] = await headersCut
    expect(headersText).toBe('HTTP/1.1 408')
    expect(headersMs).toBeLessThan(9_000)
    const [bodyText, bodyMs] = await bodyCut
    expect(bodyText).toBe('HTTP/1.1 408')
    expect(bodyMs).toBeLessThan(20_000)
  })

  it('and headers beyond 8 KiB are refused', async () => {
    const { url } = await serve(ok)
    expect((await answerOf(get(url, { headers: { 'x-long': 'x'.repeat(9_000) } }))).status).toBe(431)
  })
})

describe('F39: overload', () => {
  const refuse = (res: ServerResponse, why: string) =>
    void res.writeHead(why === 'busy' ? 503 : 500, { 'Retry-After': 1 }).end(why)

  it('takes as many requests as it may, refuses the rest at once, and takes more when one is done', async () => {
    const held: ServerResponse[] = []
    const { url } = await serve(
      withShedding((_req, res) => void held.push(res), { maxInFlight: 10, maxLagMs: 10_000, refuse }),
    )
    const first = Array.from({ length: 10 }, () => answerOf(get(url)))
    while (held.length < 10) await new Promise(setImmediate)
    const rest = await Promise.all(Array.from({ length: 50 }, () => answerOf(get(url))))
    expect(new Set(rest.map(({ status }) => status))).toEqual(new Set([503]))
    for (const res of held.splice(0)) res.end('ok')
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array(10).fill(200))
    const later = answerOf(get(url))
    while (held.length === 0) await new Promise(setImmediate)
    held[0]?.end('ok')
    expect((await later).status).toBe(200)
  })

  it('gives back the place of a client that goes away', async () => {
    const taken: ServerResponse[] = []
    const { url } = await serve(
      withShedding((_req, res) => void taken.push(res), { maxInFlight: 1, maxLagMs: 10_000, refuse }),
    )
    for (let i = 1; i <= 5; i++) {
      const request = get(url)
      request.on('error', () => {})
      while (taken.length < i) await new Promise(setImmediate)
      request.destroy()
      await Promise.all(taken.slice(-1).map((res) => once(res, 'close')))
    }
    expect(taken).toHaveLength(5)
  })

  it('refuses while the event loop is late under many requests, and never a lone one', async () => {
    const held: ServerResponse[] = []
    const slowly: RequestListener = (req, res) => (req.url === '/held' ? void held.push(res) : ok(req, res))
    const { url } = await serve(withShedding(slowly, { maxInFlight: 100, maxLagMs: 200, refuse }))
    /** Two requests that come in while the loop stands still. */
    const behindAStall = async () => {
      const requests = [answerOf(get(url)), answerOf(get(url))]
      const until = performance.now() + 600
      while (performance.now() < until);
      return (await Promise.all(requests)).map(({ status }) => status)
    }
    expect(await behindAStall()).toEqual([200, 200])
    const many = Array.from({ length: 16 }, () => answerOf(get(`${url}held`)))
    while (held.length < 16) await new Promise(setImmediate)
    expect(await behindAStall()).toEqual([503, 503])
    for (const res of held) res.end('ok')
    await Promise.all(many)
    expect((await answerOf(get(url))).status).toBe(200)
  })

  it('F45: answers where a listener throws, and goes on', async () => {
    let times = 0
    const fail = () => {
      if (times++ === 0) throw new Error('fault')
    }
    const { url } = await serve(
      withShedding(
        (req, res) => {
          fail()
          ok(req, res)
        },
        { maxInFlight: 10, maxLagMs: 10_000, refuse },
      ),
    )
    expect(await answerOf(get(url))).toMatchObject({ status: 500, body: 'failed' })
    expect((await answerOf(get(url))).status).toBe(200)
  })
})
