import { randomUUID } from 'node:crypto'
import type { RequestListener, ServerResponse } from 'node:http'
import { createTotpClient, type TotpClient } from '@kit/totp-client'
import pino from 'pino'
import { type BffConfig, ConfigError } from './config.js'
import { checkDatabase } from './database.js'
import { BffError, toProblem } from './errors.js'
import { type HttpServer, listen, withShedding } from './http-server.js'
import { createBff } from './index.js'
import { createOps } from './ops.js'
import { createRespond, type Respond, respondProblem } from './respond.js'

/** The server that comes along in this process. */
export interface EmbeddedServer {
  projectId: string
  secret: string
  fetch: (request: Request) => Promise<Response>
  close(): Promise<void>
}

/** The way to the provider. */
export interface Upstream {
  client: TotpClient
  /** Why the server in this process cannot serve, in words; null where it can, or where there is none. */
  fault(): Promise<string | null>
  close(): Promise<void>
}

/** Where an option of the client comes from. */
const variableOf: Readonly<Record<string, string>> = {
  projectId: 'PROJECT_ID',
  secret: 'PROJECT_SECRET',
  baseUrl: 'UPSTREAM_URL',
}

/** Opens the way to the provider that the configuration names. @throws ConfigError */
export async function openUpstream(
  { upstream }: BffConfig,
  openEmbedded: () => Promise<EmbeddedServer>,
): Promise<Upstream> {
  if (upstream.kind === 'embedded') {
    const { projectId, secret, fetch, close } = await openEmbedded()
    const fault = async () => {
      const answer = await fetch(new Request('http://embedded/readyz'))
      return answer.ok ? null : String(Object(await answer.json()).reason)
    }
    return { client: createTotpClient({ projectId, secret, fetch }), fault, close }
  }
  const { projectId, secret, baseUrl } = upstream
  try {
    const client = createTotpClient({ projectId, secret, ...(baseUrl && { baseUrl }) })
    return { client, fault: async () => null, close: () => client.close() }
  } catch (error) {
    // It begins with the option's name.
    const message = error instanceof Error ? error.message : ''
    throw new ConfigError(message.replace(/^\w+/, (option) => variableOf[option] ?? option))
  }
}

export interface ProgramLog {
  logger: pino.Logger
  /** How many lines nobody took. */
  dropped: () => number
  /** Writes what is left. Waits a second at most, and lets go of the rest: where nobody reads it, the process could not end. */
  end(): Promise<void>
}

/** A log that no request waits for: where nobody reads it, lines are dropped beyond one megabyte, and counted (F47). */
export function createLogger(level: string): ProgramLog {
  const destination = pino.destination({ fd: 2, sync: false, maxLength: 1_000_000 })
  let dropped = 0
  destination.on('drop', () => dropped++)
  return {
    logger: pino({ level, base: null }, destination),
    dropped: () => dropped,
    end: () =>
      new Promise((resolve) => {
        destination.once('close', resolve)
        destination.end()
        setTimeout(() => {
          destination.destroy()
          resolve()
        }, 1_000)
      }),
  }
}

export interface Running {
  /** `http://HOST:PORT` */
  url: string
  opsUrl: string
  /** Drains and lets go of everything. */
  stop(): Promise<void>
}

/** Requests at once, above which further ones are told to come back. */
const maxInFlight = 256
const maxLagMs = 200

/**
 * Starts what `kit-bff` is: the API, the page beside it, and health and metrics on a port of their own.
 *
 * @throws ConfigError where the environment cannot work
 */
export async function start(config: BffConfig, upstream: Upstream, log: ProgramLog): Promise<Running> {
  const { host, mount, staticDir, databaseUrl } = config
  // One that was never there is a mistake, and no outage: T28.
  if (databaseUrl) {
    const { ok, text } = await checkDatabase(databaseUrl)
    if (!ok) throw new ConfigError(text)
  }
  const server = await listenOn('PORT', config.port, host)
  const ops = await listenOn('OPS_PORT', config.opsPort, '127.0.0.1')
  // As browsers write it: without the port 80.
  const origin = config.origin ?? new URL(`http://localhost:${server.port}`).origin
  const bff = createBff({
    upstream: upstream.client,
    identify: config.identify,
    origin,
    cookieKeys: config.cookieKeys,
    issuer: config.issuer,
    trustedProxies: config.trustedProxies,
    ...(databaseUrl && { databaseUrl }),
    logger: log.logger,
  })
  const secure = origin.startsWith('https:')
  const respond = createRespond(secure)
  const nothingHere: RequestListener = (_req, res) => respond(res, 404, null)
  const page = staticDir === undefined ? nothingHere : await loadPage(staticDir, secure)
  const refuse = createRefuse(respond)
  server.answer(withShedding(bff.handler(page, { mount }), { maxInFlight, maxLagMs, refuse }))

  const metrics = async () => (await bff.metrics()) + droppedLines(log.dropped())
  ops.answer(createOps(metrics, server.isDraining, upstream.fault))
  // Loads what counts, after everything listens: no request has to wait for it.
  void bff.metrics()

  return {
    url: urlOf(host, server.port),
    opsUrl: urlOf('127.0.0.1', ops.port),
    async stop() {
      await server.drain()
      await bff.close()
      await upstream.close()
      await ops.drain()
    },
  }
}

/** In the text format of Prometheus: the log is the program's, and what the library counts knows nothing of it. */
const droppedLines = (count: number) => `
# HELP kit_bff_log_lines_dropped_total Log lines that nobody took.
# TYPE kit_bff_log_lines_dropped_total counter
kit_bff_log_lines_dropped_total ${count}
`

const urlOf = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`

async function listenOn(name: string, port: number, host: string): Promise<HttpServer> {
  try {
    return await listen(port, host)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new ConfigError(
        `HOST: cannot listen on ${host} (${code}). Set HOST to an address of this machine, or 0.0.0.0 for all.`,
      )
    }
    throw new ConfigError(
      `${name}: cannot listen on ${host}:${port} (${code}). Set ${name} to one that is free.`,
    )
  }
}

/** What serves files takes 15 ms to load, and few have it. */
async function loadPage(staticDir: string, secure: boolean): Promise<RequestListener> {
  const { createStaticApp } = await import('./static-app.js')
  return createStaticApp(staticDir, secure)
}

/** The same body as every refusal, without asking anybody anything. */
const createRefuse = (respond: Respond) => (res: ServerResponse, why: 'busy' | 'failed') => {
  if (res.headersSent) return void res.destroy()
  const refusal =
    why === 'busy' ? new BffError('upstream_unavailable', { retryAfterSeconds: 1 }) : new BffError('internal')
  respondProblem(respond, res, toProblem(refusal, randomUUID()))
}
