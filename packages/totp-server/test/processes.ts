import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** Holds what it wrote: its log in `stderr`, and a report of its crash. */
  readonly outputs: string
  /** As `kill -9`. */
  kill(): Promise<void>
  /** As by a fault of its own that nothing catches. */
  crash(): Promise<void>
}

/** Removed when the tests of a file are over, after all that the file itself does then. Vitest's workers end without `exit`. */
const written: string[] = []
afterAll(() => {
  for (const folder of written) rmSync(folder, { recursive: true, force: true })
})

const writtenFolder = (prefix: string): string => {
  const folder = mkdtempSync(prefix)
  written.push(folder)
  return folder
}

let bundled: Promise<string> | undefined

/** The program of `process.ts` as one file, beside this one so that it finds its packages. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    const folder = writtenFolder(
      join(fileURLToPath(new URL('../node_modules', import.meta.url)), '.kit-test-'),
    )
    const outfile = join(folder, 'process.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('process.ts', import.meta.url))],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@kit/source'],
      external: ['libsql', 'pg', 'kysely', 'zod', 'prom-client', 'otpauth', 'uqr', 'pino'],
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
  const outputs = temporaryFolder()
  const log = openSync(join(outputs, 'stderr'), 'a')
  const reports = ['--report-uncaught-exception', '--report-compact', `--report-directory=${outputs}`]
  const child = spawn(process.execPath, [...reports, await bundle()], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', log],
  })
  closeSync(log)
  if (child.stdout === null) throw new Error('No standard output.')
  const [url] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      const why = readFileSync(join(outputs, 'stderr'), 'utf8')
      throw new Error(`The server process ended before it listened: ${why}`)
    }),
  ])
  const end = async (signal: 'SIGKILL' | 'SIGUSR2') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    url: String(url),
    child,
    outputs,
    kill: () => end('SIGKILL'),
    crash: () => end('SIGUSR2'),
  }
}

export const temporaryFolder = (): string => writtenFolder(join(tmpdir(), 'kit-test-'))
