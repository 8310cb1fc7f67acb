import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on a free loopback port, gone with all its connections when the test is over. */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An HTTP server; `hits` counts the requests it has seen, each with its whole body read. */
export async function httpServer(listener: (...args: [...Parameters<RequestListener>, hit: number]) => void) {
  const seen = { hits: 0, url: '' }
  seen.url = await listen(
    createServer({ maxHeaderSize: 16_384 }, async (request, response) => {
      for await (const _ of request);
      seen.hits += 1
      listener(request, response, seen.hits)
    }),
  )
  return seen
}

/** A server that takes connections and does to them what it likes. */
export async function tcpServer(onConnection: (socket: Socket, connection: number) => void) {
  const seen = { connections: 0, url: '' }
  seen.url = await listen(
    createTcpServer((socket) => {
      seen.connections += 1
      onConnection(socket, seen.connections)
    }),
  )
  return seen
}

/** An address where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
