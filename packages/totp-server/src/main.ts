#!/usr/bin/env node
import { pino } from 'pino'
import { openConfiguredStore, readServerConfig } from './config.js'
import { TotpServerError } from './error.js'
import { createTotpServer } from './index.js'
import type { Metrics } from './metrics.js'
import { serve, type WireRequest, type WireResponse } from './serve.js'

/** Largest backlog of log lines, in bytes: a log sink that stands still costs lines, never answers or memory. */
const maxLogBacklog = 1 << 20

const usage =
  'Usage: kit-totp-server takes no arguments; it reads PROJECT_ID, PROJECT_SECRET, ENCRYPTION_KEYS, PORT and more from the environment.\n'

const say = (line: string) => process.stdout.write(`${line}\n`)

async function run(): Promise<void> {
  const config = readServerConfig(process.env)
  // Standard output belongs to the lines below, which scripts read.
  const logSink = pino.destination({ dest: 2, sync: false, maxLength: maxLogBacklog })
  const log = pino({ level: config.logLevel, base: null }, logSink)
  let metrics: Promise<Metrics> | undefined
  const server = createTotpServer({
    ...config.options,
    store: await openConfiguredStore(config),
    logger: log,
    onRequest: (facts) => void metrics?.then(({ observe }) => observe(facts)),
  })
  let isClosing = false

  async function handle(request: WireRequest): Promise<WireResponse> {
    if (request.method === 'GET') {
      if (request.path === '/metrics' && metrics !== undefined) {
        const { contentType, text } = await metrics
        return { status: 200, headers: { 'content-type': contentType }, body: await text() }
      }
      if (request.path === '/readyz' && isClosing) return { status: 503, body: '{"status":"closing"}' }
    }
    return server.handle(request)
  }

  const { host, port } = config
  const served = await serve({
    fetch: server.fetch,
    handle,
    refuse: server.refuse,
    host,
    port,
    onError: (error) => log.error(error, 'request failed'),
  })

  /** Waits a second at most for the log: where nobody reads it, its last lines would keep the process for ever. */
  function exit(code: number): void {
    logSink.once('close', () => process.exit(code))
    logSink.end()
    setTimeout(() => {
      logSink.destroy()
      process.exit(code)
    }, 1_000)
  }
  async function stop(signal: string): Promise<void> {
    if (isClosing) return
    isClosing = true
    log.info({ signal }, 'closing')
    await served.close()
    await server.close()
    exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void stop(signal))
  process.on('uncaughtException', (error) => {
    log.fatal(error, 'stopped by a fault')
    exit(1)
  })

  if (config.madeCredentials) {
    say(`PROJECT_ID=${config.madeCredentials.projectId}`)
    say(`PROJECT_SECRET=${config.madeCredentials.projectSecret}`)
  }
  say(`listening on ${served.url}`)
  // prom-client takes 50 ms to load: after the program is ready, not before.
  metrics = import('./metrics.js').then(({ createMetrics }) => createMetrics())
  // So does writing the statements; and keys that are not the database's show up in the log now.
  await server.handle({ method: 'GET', path: '/readyz', query: '', headers: {}, body: '' })
}

const args = process.argv.slice(2)
if (args.length === 1 && args[0] === '--help') {
  process.stdout.write(usage)
} else if (args.length > 0) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  run().catch((error: unknown) => {
    const why = error instanceof TotpServerError ? error.message : String(error)
    process.stderr.write(`kit-totp-server: ${why.replaceAll('\n', ' ')}\n`)
    process.exit(1)
  })
}
