import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'

/** Cuts clients that send slowly or never: F38. Node's own are 60 and 300 seconds, looked at every 30. */
const timeouts = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
}
/** Ten thousand that say nothing, cut within seconds, keep nobody out (F38); each costs 8 KB of memory. */
const maxConnections = 20_000
/** How long requests under way may take once the server drains. */
const drainMs = 10_000
/** How long idle connections stay open then, for a request that is on its way in. */
const idleGraceMs = 250

export interface HttpServer {
  /** Without the host, for `http://HOST:PORT`. */
  port: number
  /** From here on requests are answered; those that came before wait for it. */
  answer(listener: RequestListener): void
  isDraining(): boolean
  /** Takes no more connections, finishes what is under way for at most ten seconds, closes the rest: F37. */
  drain(): Promise<void>
}

/**
 * Listens. The port is known before anything is answered, so that what answers can be made for it.
 *
 * @throws Error with a `code`, where the address cannot be had
 */
export async function listen(port: number, host: string): Promise<HttpServer> {
  const server = createServer(timeouts)
  server.maxConnections = maxConnections
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const early: Parameters<RequestListener>[] = []
  let answer: RequestListener = (req, res) => void early.push([req, res])
  server.on('request', (req, res) => {
    // Not before nobody is taken any more: whoever is told to go comes back on a new connection.
    if (!server.listening) res.setHeader('Connection', 'close')
    answer(req, res)
  })
  server.listen(port, host)
  await once(server, 'listening')
  let draining: Promise<void> | undefined

  return {
    port: (server.address() as AddressInfo).port,
    answer(listener) {
      answer = listener
      for (const [req, res] of early.splice(0)) listener(req, res)
    },
    isDraining: () => draining !== undefined,
    drain() {
      draining ??= close(server, sockets)
      return draining
    },
  }
}

/**
 * One look at the sockets: what a late event loop has not accepted or read yet would be reset by closing. The first
 * of the two comes before that look where this is called between two.
 */
async function lookOnce(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

function closeIdle(server: Server, sockets: ReadonlySet<Socket>): void {
  server.closeIdleConnections()
  // Node takes a connection on which nothing was asked yet for a request on its way.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  await lookOnce()
  // Not http.Server.close, which cuts idle connections at once, and with them a request that is on its way in.
  const ended = new Promise((resolve) => NetServer.prototype.close.call(server, resolve))
  const idle = setTimeout(() => void lookOnce().then(() => closeIdle(server, sockets)), idleGraceMs)
  const rest = setTimeout(() => server.closeAllConnections(), drainMs)
  await ended
  clearTimeout(idle)
  clearTimeout(rest)
  // Ends the timer that looks for slow connections.
  server.close()
}

export interface SheddingOptions {
  /** Requests at once, above which further ones are told to come back. */
  maxInFlight: number
  /** Milliseconds that the event loop may be late. */
  maxLagMs: number
  /** Answers a request that is not taken, or that a listener threw on. */
  refuse: (res: ServerResponse, why: 'busy' | 'failed') => void
}

const lagEveryMs = 100
/** Below this many requests at once it is not they who make the loop late, and refusing them helps nobody. */
const fewInFlight = 16

/**
 * Takes no more than can be answered in time: what waits longer helps nobody, and makes those wait who came
 * before: F39. A listener that throws is answered too, and the process goes on: F45.
 */
export function withShedding(
  listener: RequestListener,
  { maxInFlight, maxLagMs, refuse }: SheddingOptions,
): RequestListener {
  let inFlight = 0
  let lagMs = 0
  let expected = performance.now() + lagEveryMs
  setInterval(() => {
    const now = performance.now()
    lagMs = Math.max(0, now - expected)
    expected = now + lagEveryMs
  }, lagEveryMs).unref()

  return (req, res) => {
    if (inFlight >= maxInFlight || (inFlight >= fewInFlight && lagMs > maxLagMs)) return refuse(res, 'busy')
    inFlight++
    res.once('close', () => inFlight--)
    try {
      listener(req, res)
    } catch {
      refuse(res, 'failed')
    }
  }
}
