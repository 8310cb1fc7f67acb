import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Treatment {
  /** Instead of passing a request's bytes on. */
  request?: (to: Socket, bytes: Buffer, from: Socket) => unknown
  /** Instead of passing an answer's bytes on. */
  answer?: (to: Socket, bytes: Buffer) => unknown
}

/** What becomes of the bytes of a connection. */
const treatments = {
  none: {},
  'holds every request': {},
  'delays every answer': {
    answer: async (to: Socket, bytes: Buffer) => {
      await sleep(150)
      to.write(bytes)
    },
  },
  'resets before the request arrives': {
    request: (_to: Socket, _bytes: Buffer, from: Socket) => from.resetAndDestroy(),
  },
  'loses the answer': { answer: (to: Socket) => to.resetAndDestroy() },
  'cuts the answer in half': {
    answer: (to: Socket, bytes: Buffer) => to.end(bytes.subarray(0, bytes.length / 2)),
  },
  'drips the answer': {
    answer: async (to: Socket, bytes: Buffer) => {
      for (const byte of bytes) {
        if (to.destroyed) return
        to.write(Buffer.from([byte]))
        await sleep(50)
      }
    },
  },
  'swallows the request': { request: () => {} },
  'swallows the answer': { answer: () => {} },
  'speaks no HTTP': { answer: (to: Socket) => to.end('SSH-2.0-OpenSSH\r\n') },
  'answers 200 with a page': {
    answer: (to: Socket) =>
      to.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p>!'),
  },
  'answers 200 without end': {
    answer: async (to: Socket) => {
      to.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n')
      while (!to.destroyed) {
        to.write(`1000\r\n${' '.repeat(4096)}\r\n`)
        await sleep(1)
      }
    },
  },
  'answers with headers without end': {
    answer: (to: Socket) => to.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`),
  },
  'sends elsewhere': {
    answer: (to: Socket) =>
      to.end('HTTP/1.1 307 Over there\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'),
  },
  'is a gateway without a server': {
    answer: (to: Socket) => to.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad'),
  },
} satisfies Record<string, Treatment>

export type Fault = keyof typeof treatments
/** Those that do something to a single exchange. */
export const faults = Object.keys(treatments).filter((name) => name !== 'holds every request') as Fault[]

/** Stands between two ends on TCP and does to their bytes what `fault` says at that moment. */
export async function startChaosProxy(target: string) {
  const { port } = new URL(target)
  const open = new Set<Socket>()
  const held: (() => void)[] = []
  const proxy = {
    url: '',
    fault: 'none' as Fault,
    /** The first line of every request, as a log of addresses would have it. */
    requestLines: [] as string[],
    /** Connections that were ever made. */
    connections: 0,
    /** Bytes that wait for {@link release}, with `fault` "holds every request". */
    held: () => held.length,
    release() {
      for (const pass of held.splice(0)) pass()
    },
    /** As a machine that goes away and comes back under the same address. */
    breakAll() {
      for (const socket of open) socket.resetAndDestroy()
    },
    close: async () => {},
  }
  const server = createServer((client) => {
    proxy.connections++
    const upstream = createConnection(Number(port), '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
    const treatment = (): Treatment => treatments[proxy.fault]
    client.on('data', (bytes) => {
      proxy.requestLines.push(bytes.toString('latin1').split('\r\n', 1)[0] ?? '')
      const { request } = treatment()
      if (proxy.fault === 'holds every request') held.push(() => upstream.write(bytes))
      else if (request) request(upstream, bytes, client)
      else upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      const { answer } = treatment()
      if (answer) answer(client, bytes)
      else client.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  proxy.close = async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return proxy
}
