import { join } from 'node:path'
import { createBff } from '@kit/bff'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { accounts } from './accounts.js'
import { pages, securityHeaders } from './pages.js'
import { Refusal, sendProblem } from './problem.js'
import { openProvider, productName } from './provider.js'
import { named, type Settings } from './settings.js'
import { createSignInCookie } from './sign-in-cookie.js'
import { openStore } from './store.js'
import { subjectOf } from './subjects.js'
import { createTape } from './tape.js'
import { vault } from './vault.js'

export interface Demo {
  app: Express
  providerName: 'embedded' | 'stytch'
  close(): Promise<void>
}

/** The whole demo: the host's own sign-in, the BFF mounted beside it, and the built app. */
export async function createDemo(settings: Settings): Promise<Demo> {
  const { origin, dataDir, keys, stytch } = settings
  // A person is somebody at one provider, and unknown to another.
  const store = openStore(join(dataDir, stytch ? `demo-${stytch.projectId}.sqlite` : 'demo.sqlite'))
  const cookie = createSignInCookie({ store, origin })
  const tape = createTape(cookie.signInIdOf)
  const provider = await openProvider(settings, tape.watched)

  const bff = named('ORIGIN', () =>
    createBff({
      upstream: provider.client,
      identify: (req) => {
        const signIn = cookie.read(req)
        return signIn && subjectOf(signIn)
      },
      origin,
      cookieKeys: [keys.cookieKey],
      issuer: productName,
    }),
  )

  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders)

  app.use('/api', noStore)
  app.get('/api/what-happened', (req, res) => {
    const signIn = cookie.read(req)
    if (!signIn) throw new Refusal('unauthenticated')
    res.json({ exchanges: tape.of(signIn.id) })
  })
  app.use('/api', tape.record, ownOrigin(origin), jsonBody)
  app.use('/api', accounts({ store, provider, cookie, bff }))
  app.get('/api/about', (_req, res) => {
    res.json({ provider: provider.name, organizations: provider.name === 'embedded' })
  })
  app.get('/api/vault', bff.requireMfa(), vault)
  app.use('/api', notFound)

  // The page of the challenge has the address that the BFF is mounted on; everything below it is the BFF's.
  const site = pages({ origin })
  app.get('/mfa', site)
  app.use('/mfa', tape.record, bff.router)
  app.use(site, notFound)
  app.use(refuse)

  return {
    app,
    providerName: provider.name,
    async close() {
      await bff.close()
      await provider.close()
      store.close()
    },
  }
}

const notFound: RequestHandler = () => {
  throw new Refusal('not_found')
}

const noStore: RequestHandler = (_req, res, next) => {
  res.set('cache-control', 'no-store')
  next()
}

/** A page elsewhere cannot change anything here with the visitor's cookie. */
const ownOrigin =
  (origin: string): RequestHandler =>
  (req, _res, next) => {
    const asked = req.headers.origin
    const changes = req.method !== 'GET' && req.method !== 'HEAD'
    next(changes && asked !== undefined && asked !== origin ? new Refusal('foreign_origin') : undefined)
  }

const parseJson = express.json({ limit: '4kb' })

const jsonBody: RequestHandler = (req, res, next) => {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length']) > 0
  if (hasBody && !req.is('application/json')) next(new Refusal('unsupported_media_type'))
  else parseJson(req, res, next)
}

/** The last station: whatever was thrown becomes one problem body; what is unknown goes to the log alone. */
const refuse: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error)
  if (error instanceof Refusal) return sendProblem(res, error)
  const status = error instanceof Error && 'status' in error ? error.status : 500
  if (status === 413) return sendProblem(res, new Refusal('body_too_large'))
  if (status === 415) return sendProblem(res, new Refusal('unsupported_media_type'))
  if (status === 404) return sendProblem(res, new Refusal('not_found'))
  if (status === 400)
    return sendProblem(res, new Refusal('invalid_request', { fields: { body: 'This is not JSON.' } }))
  // Bodies hold passwords and tokens, so only the error's own words are written.
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`)
  sendProblem(res, new Refusal('internal'))
}
