#!/usr/bin/env node
import { createTotpClient } from '@kit/totp-client'
import { check } from './check.js'
import { ConfigError, readConfig } from './config.js'
import { createLog } from './log.js'
import { createLogger, type OpenEmbedded, openUpstream, start } from './program.js'

const usage = `kit-bff          starts; reads its configuration from the environment
kit-bff check    reads the configuration, calls the provider once, says what is wrong
`
const { argv, env, stdout, stderr } = process

/** The server in this process: its own variables, no port. Nothing else of this package knows that it exists. */
const openEmbedded: OpenEmbedded = async () => {
  const { createTotpServer, openConfiguredStore, readServerConfig } = await import('@kit/totp-server')
  const config = readServerConfig(env)
  const { options } = config
  const store = await openConfiguredStore(config)
  const server = createTotpServer({ ...options, store })
  const client = createTotpClient({
    projectId: options.projectId,
    secret: options.secrets[0] ?? '',
    baseUrl: 'http://localhost',
    fetch: server.fetch,
  })
  return {
    client,
    async close() {
      await client.close()
      await server.close()
    },
  }
}

async function runCheck(): Promise<void> {
  const config = readConfig(env)
  stdout.write('ok     The configuration is complete.\n')
  const upstream = await openUpstream(config, openEmbedded)
  const findings = await check(config, upstream.client)
  for (const { ok, text } of findings) stdout.write(`${ok ? 'ok    ' : 'wrong '} ${text}\n`)
  await upstream.close()
  process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1
}

async function run(): Promise<void> {
  const config = readConfig(env)
  const logger = createLogger(config.logLevel)
  const log = createLog(logger)
  const exit = (code: number) => {
    // Where nobody reads the log, its last lines are not waited for.
    setTimeout(() => process.exit(code), 1_000)
    logger.flush(() => process.exit(code))
  }
  process.on('unhandledRejection', (error) => log.failure({ what: 'unhandledRejection', error }))
  process.on('uncaughtException', (error) => {
    log.failure({ what: 'uncaughtException', error })
    exit(1)
  })
  const upstream = await openUpstream(config, openEmbedded)
  const running = await start(config, upstream, logger)
  stdout.write(`listening on ${running.url}\n`)
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

/** One line that says what to change; where the fault is ours, where it came from. */
function refuse(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const known = error instanceof ConfigError || (error instanceof Error && error.name === 'TotpServerError')
  const text = known || !(error instanceof Error) ? message : (error.stack ?? message)
  stderr.write(`kit-bff: ${text}\n`)
  process.exit(1)
}

const [command, ...rest] = argv.slice(2)
if (rest.length > 0 || (command !== undefined && command !== 'check')) {
  stderr.write(usage)
  process.exitCode = 2
} else {
  await (command === 'check' ? runCheck() : run()).catch(refuse)
}
