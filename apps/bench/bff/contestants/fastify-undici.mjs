// Fastify 5 with a schema, and undici.
import fastify from 'fastify'
import { Pool } from 'undici'
import { authorization, cookieOf, port, securityHeaders, upstream, userOf } from './shared.mjs'

const pool = new Pool(upstream, { connections: 50, headersTimeout: 5000, bodyTimeout: 5000 })
const headers = { authorization, 'content-type': 'application/json' }
const app = fastify({ bodyLimit: 4096, keepAliveTimeout: 60_000 })
const body = {
  type: 'object',
  required: ['code'],
  additionalProperties: false,
  properties: { code: { type: 'string', pattern: '^[0-9]{6}$' } },
}
app.post('/authenticate', { schema: { body } }, async (request, reply) => {
  const answer = await pool.request({
    path: '/v1/totps/authenticate',
    method: 'POST',
    headers,
    body: JSON.stringify({
      user_id: userOf(request),
      totp_code: request.body.code,
      session_duration_minutes: 60,
    }),
  })
  const judged = JSON.parse(await answer.body.text())
  if (judged.status_code !== 200) return reply.code(422).send({ code: 'invalid_code' })
  reply.headers(securityHeaders).header('set-cookie', cookieOf(judged.session_token))
  return { verified: true, userId: judged.user_id, expiresAt: judged.session.expires_at }
})
console.log(`listening on ${await app.listen({ port, host: '127.0.0.1' })}`)
