import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createBff } from '@kit/bff'
import { createTotpClient } from '@kit/totp-client'
import { createTotpServer, openConfiguredStore, readServerConfig } from '@kit/totp-server'
import express, { type Request } from 'express'

const port = Number(process.env.PORT ?? 3000)
const pageFolder = process.env.STATIC_DIR ?? fileURLToPath(new URL('page', import.meta.url))

// The provider, in this process. KIT_DEV=1 makes its keys and keeps them, with the SQLite file, in DATA_DIR.
const config = readServerConfig({ DATA_DIR: '.data', ...process.env, KIT_DEV: '1' })
const { projectId, secrets } = config.options
const provider = createTotpServer({ ...config.options, store: await openConfiguredStore(config) })

// Your own sign-in stands here. This one believes every name.
const signIns = new Map<string, string>()
// A name may hold anything, an id may not (docs/identity.md), and it lasts: yours stands in your table of users.
const idOf = (name: string) => createHash('sha256').update(name).digest('hex')
const signInOf = (req: IncomingMessage) => /(?:^|; )sign-in=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''

const bff = createBff({
  // No port between the two: the client calls the provider's handler.
  upstream: createTotpClient({ projectId, secret: secrets[0] ?? '', fetch: provider.fetch }),
  identify: (req) => {
    const sessionId = signInOf(req)
    const name = signIns.get(sessionId)
    return name === undefined ? null : { kind: 'user', userId: idOf(name), accountName: name, sessionId }
  },
  origin: `http://localhost:${port}`,
  // Sign-ins end with this process, so this key may as well. Yours comes from your secret store.
  cookieKeys: [randomBytes(32).toString('base64')],
  issuer: 'Example',
})

const app = express()
app.use('/mfa', bff.router)

app.post('/sign-in', express.json(), (req: Request<unknown, unknown, { name: string }>, res) => {
  const sessionId = randomUUID()
  signIns.set(sessionId, req.body.name)
  res.cookie('sign-in', sessionId, { httpOnly: true, sameSite: 'lax' }).sendStatus(204)
})

app.post('/sign-out', async (req, res) => {
  await bff.signOut(req, res)
  signIns.delete(signInOf(req))
  res.clearCookie('sign-in').sendStatus(204)
})

app.get('/secret-page', bff.requireMfa(), (_req, res) => {
  res.json({ text: 'Only after a code.' })
})

app.use(express.static(pageFolder))

app.listen(port, '127.0.0.1', () => process.stdout.write(`listening on http://localhost:${port}\n`))
