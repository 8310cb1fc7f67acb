import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { expect } from 'vitest'
import { isLong, size } from './proof.js'

/** Files that are open anyway: modules, pipes, the database, the honest client. */
const reserve = 500

/** Ten thousand, or as many as one process of this machine may have open. Node takes all that the hard limit allows. */
function idleSocketCount(wanted: number): number {
  const { stdout } = spawnSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })
  const limit = Number(stdout)
  return Number.isNaN(limit) ? wanted : Math.min(wanted, limit - reserve)
}

/**
 * Opens sockets to a server that say nothing, or begin a request that they never end, some hundred at a time, until so
 * many are open at once: on a busy machine the first are cut before the last are made.
 */
async function openIdleSockets(url: string, count: number): Promise<Set<Socket>> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  while (open.size < count) {
    const some = Array.from({ length: Math.min(250, count - open.size) }, () =>
      createConnection({ host: hostname, port: Number(port) }),
    )
    await Promise.all(
      some.map(async (socket, index) => {
        await once(socket, 'connect')
        if (index % 2 === 0) socket.write('POST / HTTP/1.1\r\nhost: x\r\n')
        open.add(socket)
        socket.resume()
        socket.on('error', () => {})
        socket.on('close', () => open.delete(socket))
      }),
    )
  }
  return open
}

/**
 * Opens ten thousand idle sockets, and answers honest clients' calls beside them. Gives what there is to report.
 *
 * @param ask one call on a connection of its own, as somebody makes who was never there; throws when it is not answered
 */
export async function askBesideIdleSockets(url: string, ask: () => Promise<void>): Promise<string> {
  const count = idleSocketCount(10_000)
  const idle = await openIdleSockets(url, count)
  const wereOpen = idle.size
  let slowestMs = 0
  const calls = size(20, 200)
  for (let call = 0; call < calls; call++) {
    const began = performance.now()
    await ask()
    slowestMs = Math.max(slowestMs, performance.now() - began)
  }
  expect(wereOpen).toBe(count)
  // Which takes seconds, and is shown of single sockets in every run.
  if (isLong) await expect.poll(() => idle.size, { timeout: 20_000 }).toBe(0)
  for (const socket of idle) socket.destroy()
  return `${count} idle sockets: ${calls} calls on new connections beside them, all answered, slowest ${Math.round(slowestMs)} ms${isLong ? '; every idle socket was cut' : ''}`
}
