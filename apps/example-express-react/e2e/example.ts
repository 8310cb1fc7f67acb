import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/server.js', import.meta.url))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}

/** The built example as users run it, on a free port and a folder of its own. */
export async function startExample(env: Record<string, string>) {
  const dataDir = await mkdtemp(join(tmpdir(), 'kit-example-'))
  const origin = `http://localhost:${await freePort()}`
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: new URL(origin).port, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Its one line says that it listens.
  await once(child.stdout, 'data')
  return {
    origin,
    async stop() {
      child.kill()
      await once(child, 'exit')
      await rm(dataDir, { recursive: true })
    },
  }
}
