import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** As `kill -9`. */
  kill(): Promise<void>
}

let bundled: Promise<string> | undefined

/** The program of `process.ts` as one file, beside this one so that it finds its packages. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    const folder = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), '.kit-test-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    const outfile = join(folder, 'process.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('process.ts', import.meta.url))],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@kit/source'],
      external: ['libsql', 'pg', 'kysely', 'zod', 'prom-client', 'otpauth', 'uqr'],
    })
    return outfile
  })()
  return bundled
}

/** Starts a server in a process of its own, on the data folder or database that `env` names. */
export async function startProcess(env: {
  TEST_CONNECTION_STRING?: string
  TEST_DATA_DIR?: string
  /** JSON of `Limits` that differ. */
  TEST_LIMITS?: string
}): Promise<ServerProcess> {
  const child = spawn(process.execPath, [await bundle()], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      throw new Error('The server process ended before it listened.')
    }),
  ])
  return {
    url: String(url),
    child,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'kit-test-'))
