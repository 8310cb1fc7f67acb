// Kit with nothing switched off but the ceiling of the limits, logging as its program does: MOUNT_IN=express mounts the router in the app,
// anything else matches its routes in front of the app.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createBff } from '@kit/bff'
import express from 'express'
import { pino } from 'pino'
import { listen, projectId, secret, upstream } from './shared.mjs'

const most = { max: 1_000_000, windowSeconds: 1 }
const { MOUNT_IN, SUBJECT_MAX, COOKIE_KEY, DATABASE_URL } = process.env
const subject = SUBJECT_MAX ? { max: Number(SUBJECT_MAX), windowSeconds: 600 } : most
const high = { address: most, session: most, subject }
const bff = createBff({
  upstream: { projectId, secret, baseUrl: upstream },
  identify: (request) => {
    const userId = request.headers['x-user']
    return userId
      ? { kind: 'user', userId, accountName: 'someone@example.com', sessionId: `host-${userId}` }
      : null
  },
  origin: 'https://app.example.com',
  cookieKeys: [COOKIE_KEY ?? randomBytes(32).toString('base64')],
  issuer: 'Bench',
  ...(DATABASE_URL && { databaseUrl: DATABASE_URL }),
  limits: { judged: high, other: high },
  onEvent: () => {},
  logger: pino({ level: 'info', base: null }, pino.destination({ dest: '/dev/null', sync: false })),
})
const app = express()
if (MOUNT_IN === 'express') {
  app.use('/mfa', bff.router)
  listen(createServer(app))
} else {
  listen(createServer(bff.handler(app, { mount: '/mfa' })))
}
