#!/usr/bin/env node
import process, { argv, env, stderr, stdout } from 'node:process'
import { ConfigError, readConfig } from './config.js'
import { createLog } from './log.js'
import { createLogger, type EmbeddedServer, openUpstream, type ProgramLog, start } from './program.js'

const usage = `kit-bff          starts; reads its configuration from the environment
kit-bff check    reads the configuration, calls the provider once, says what is wrong
`

/** The server in this process: its own variables, no port. No other file of this package imports `@kit/totp-server`. */
async function openEmbedded(logger?: ProgramLog['logger']): Promise<EmbeddedServer> {
  const { createTotpServer, openConfiguredStore, readServerConfig } = await import('@kit/totp-server').catch(
    () => {
      throw new ConfigError(
        'UPSTREAM=embedded needs the package @kit/totp-server: install it beside this one.',
      )
    },
  )
  const config = readServerConfig(env)
  const { projectId, secrets } = config.options
  const server = createTotpServer({
    ...config.options,
    store: await openConfiguredStore(config),
    ...(logger && {
      logger: {
        // Each of its requests is one of ours, which has a line already.
        info: (facts, message) => logger.debug(facts, message),
        warn: (facts, message) => logger.warn(facts, message),
        error: (facts, message) => logger.error(facts, message),
      },
    }),
  })
  return { projectId, secret: secrets[0] ?? '', fetch: server.fetch, close: server.close }
}

async function runCheck(): Promise<void> {
  const { check } = await import('./check.js')
  const config = readConfig(env)
  const upstream = await openUpstream(config, () => openEmbedded())
  stdout.write('ok     The configuration is complete.\n')
  const findings = await check(config, upstream)
  for (const { ok, text } of findings) stdout.write(`${ok ? 'ok    ' : 'wrong '} ${text}\n`)
  await upstream.close()
  process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1
}

async function run(): Promise<void> {
  const config = readConfig(env)
  const programLog = createLogger(config.logLevel)
  const { logger } = programLog
  const log = createLog(logger)
  const exit = (code: number) => void programLog.end().then(() => process.exit(code))
  process.on('unhandledRejection', (error) => log.failure({ what: 'unhandledRejection', error }))
  process.on('uncaughtException', (error) => {
    log.failure({ what: 'uncaughtException', error })
    exit(1)
  })
  const upstream = await openUpstream(config, () => openEmbedded(logger))
  const running = await start(config, upstream, programLog)
  stdout.write(`listening on ${running.url}\n`)
  // Keys that are not the database's show up in the log now.
  void upstream.fault()
  const stop = () => {
    running.stop().then(
      () => exit(0),
      (error) => {
        log.failure({ what: 'stop', error })
        exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

/** Errors whose message says in one line what to change: ours, and those of the embedded server. */
const spoken = ['ConfigError', 'TotpServerError']

function refuse(error: unknown): void {
  const { name, message, stack = message } = error instanceof Error ? error : new Error(String(error))
  stderr.write(`kit-bff: ${spoken.includes(name) ? message : stack}\n`)
  process.exit(1)
}

const [command, ...rest] = argv.slice(2)
if (command === '--help' && rest.length === 0) {
  stdout.write(usage)
} else if (rest.length > 0 || (command !== undefined && command !== 'check')) {
  stderr.write(usage)
  process.exitCode = 2
} else {
  await (command === 'check' ? runCheck() : run()).catch(refuse)
}
