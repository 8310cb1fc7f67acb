// The floor: node:http in, undici out, the body passed through.
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { authorization, listen, upstream } from './shared.mjs'

const pool = new Pool(upstream, { connections: 50 })
const headers = { authorization, 'content-type': 'application/json' }

listen(
  createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { code } = JSON.parse(Buffer.concat(chunks))
    const answer = await pool.request({
      path: '/v1/totps/authenticate',
      method: 'POST',
      headers,
      body: JSON.stringify({
        user_id: request.headers['x-user'],
        totp_code: code,
        session_duration_minutes: 60,
      }),
    })
    const text = await answer.body.text()
    response.writeHead(answer.statusCode, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    response.end(text)
  }),
)
