import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/server/main.js', import.meta.url))

/** The demo as users run it: a process of its own on a free port. */
export interface DemoProcess {
  origin: string
  dataDir: string
  /** Everything it wrote so far. */
  output(): string
  /** Ends it; resolves to its exit status, or the name of the signal that killed it. */
  end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<number | string>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}

export const makeDataDir = () => mkdtemp(join(tmpdir(), 'kit-demo-'))
export const removeDataDir = (dataDir: string) => rm(dataDir, { recursive: true, force: true })

/** Resolves when the demo says that it listens. */
export async function startDemo(dataDir: string, env: Record<string, string> = {}): Promise<DemoProcess> {
  const port = await freePort()
  const child: ChildProcess = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  const origin = `http://localhost:${port}`
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk
      if (output.includes(`listening on ${origin}\n`)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    exit.then(
      ([status]) => reject(new Error(`The demo ended with ${status} before it listened:\n${output}`)),
      reject,
    )
  })
  return {
    origin,
    dataDir,
    output: () => output,
    async end(signal) {
      child.kill(signal)
      const [status, killedBy] = await exit
      return status ?? killedBy ?? ''
    },
  }
}
