// The demo with hot reload: Vite serves the app from its sources, and in front of it the compiled server, which
// restarts when it changes, answers the API.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const port = Number(process.env.PORT || 4000)
// As browsers write it: without the port 80.
const origin = new URL(`http://localhost:${port}`).origin
const tsc = join(root, 'node_modules/typescript/bin/tsc')

const build = spawnSync(process.execPath, [tsc, '-b', 'apps/demo'], { cwd: root, stdio: 'inherit' })
if (build.status !== 0) process.exit(1)

// Any port that is free now: the server comes back to it each time it restarts.
const probe = createNetServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const serverPort = probe.address().port
probe.close()

const target = `http://127.0.0.1:${serverPort}`
const vite = await createServer({
  root: join(root, 'apps/demo'),
  server: {
    port,
    strictPort: true,
    // `/mfa` alone is a page; what lies below it is the BFF.
    proxy: { '/api/': { target }, '^/mfa/.+': { target } },
  },
})
// Before anything else is started, which would go on without it.
try {
  await vite.listen()
} catch (error) {
  if (!/already in use/.test(error.message)) throw error
  process.stderr.write(
    `Port ${port} is in use. Stop what listens there, or choose another: PORT=4010 pnpm dev\n`,
  )
  process.exit(1)
}

const start = (args, env) =>
  spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    // A group of its own: the compiler's program starts another, which has to end with it.
    detached: true,
  })
const compiler = start([tsc, '-b', '--watch', '--preserveWatchOutput', 'apps/demo'], {})
// Mistakes in the types are told on its standard output.
compiler.stdout.pipe(process.stderr)
const server = start(['--watch', '--watch-preserve-output', 'apps/demo/dist/server/main.js'], {
  PORT: String(serverPort),
  ORIGIN: origin,
})

const stop = async () => {
  for (const { pid, exitCode } of [compiler, server]) if (exitCode === null) process.kill(-pid)
  await vite.close()
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

let isReady = false
// It says so again after each restart.
server.stdout.on('data', (chunk) => {
  if (isReady || !String(chunk).includes('listening on')) return
  isReady = true
  process.stdout.write(`listening on ${origin}\n`)
})
