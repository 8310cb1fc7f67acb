import { createServer } from 'node:http'
import { TotpServerError } from '@kit/totp-server'
import { createDemo } from './app.js'
import { readSettings, SettingsError } from './settings.js'

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

async function start() {
  const settings = readSettings(process.env)
  const demo = await createDemo(settings)
  const server = createServer(demo.app)

  server.on('error', (error: NodeJS.ErrnoException) => {
    fail(
      error.code === 'EADDRINUSE'
        ? `Port ${settings.port} is in use. Stop what listens there, or choose another: PORT=4010 npx -y pnpm@12 demo`
        : `The demo cannot listen on ${settings.host}:${settings.port}: ${error.message}`,
    )
  })
  server.listen(settings.port, settings.host, () => {
    process.stdout.write(`listening on ${settings.origin}\n`)
  })

  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    // Answers under way are finished; what hangs after five seconds is cut.
    setTimeout(() => server.closeAllConnections(), 5000).unref()
    server.close(() => {
      demo.close().then(
        () => process.exit(0),
        (error: Error) => fail(`The demo did not stop cleanly: ${error.message}`),
      )
    })
    server.closeIdleConnections()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

start().catch((error: unknown) => {
  if (error instanceof SettingsError || error instanceof TotpServerError) fail(error.message)
  throw error
})
