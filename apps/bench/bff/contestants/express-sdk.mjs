// What the provider's quick start leads to: Express 5 and the official SDK.
import { createServer } from 'node:http'
import express from 'express'
import stytch from 'stytch'
import { cookieOf, listen, projectId, secret, upstream, userOf } from './shared.mjs'

const client = new stytch.Client({ project_id: projectId, secret, env: upstream })
const app = express()
app.use(express.json())
app.post('/authenticate', async (request, response) => {
  const reply = await client.totps.authenticate({
    user_id: userOf(request),
    totp_code: request.body.code,
    session_duration_minutes: 60,
  })
  response.setHeader('set-cookie', cookieOf(reply.session_token))
  response.json({ verified: true, userId: reply.user_id, expiresAt: reply.session.expires_at })
})
listen(createServer(app))
