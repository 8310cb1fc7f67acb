// Express 5 with fetch, zod and helmet: a careful hand without a library for the provider.
import { createServer } from 'node:http'
import express from 'express'
import helmet from 'helmet'
import { z } from 'zod'
import { authorization, cookieOf, listen, upstream, userOf } from './shared.mjs'

const Input = z.strictObject({ code: z.string().regex(/^[0-9]{6}$/) })
const Reply = z.looseObject({
  status_code: z.literal(200),
  user_id: z.string(),
  session_token: z.string(),
  session: z.looseObject({ expires_at: z.string() }),
})
const app = express()
app.use(helmet())
app.use(express.json({ limit: 4096 }))
app.post('/authenticate', async (request, response) => {
  const { code } = Input.parse(request.body)
  const answer = await fetch(`${upstream}/v1/totps/authenticate`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: userOf(request), totp_code: code, session_duration_minutes: 60 }),
    signal: AbortSignal.timeout(8000),
  })
  const reply = Reply.parse(await answer.json())
  response.setHeader('set-cookie', cookieOf(reply.session_token))
  response.json({ verified: true, userId: reply.user_id, expiresAt: reply.session.expires_at })
})
listen(createServer(app))
