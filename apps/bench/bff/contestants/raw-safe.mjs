// The floor with care, written by hand: body cap, regular expression on the code, deadlines, tokens into an
// HttpOnly cookie and out of the body, security headers. No sealed session, no limits, no CSRF, no events.
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { authorization, cookieOf, listen, securityHeaders, upstream, userOf } from './shared.mjs'

const pool = new Pool(upstream, { connections: 50, headersTimeout: 5000, bodyTimeout: 5000 })
const headers = { authorization, 'content-type': 'application/json' }
const maxBodyBytes = 4096

const refuse = (response, status, code) => {
  const text = JSON.stringify({ code })
  response
    .writeHead(status, {
      ...securityHeaders,
      'content-type': 'application/json',
      'content-length': text.length,
    })
    .end(text)
}

const server = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/authenticate') return refuse(response, 404, 'not_found')
  if (request.headers['content-type'] !== 'application/json')
    return refuse(response, 415, 'unsupported_media_type')
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
    if (body.length > maxBodyBytes) {
      refuse(response, 413, 'body_too_large')
      request.destroy()
    }
  })
  request.on('end', async () => {
    try {
      const { code } = JSON.parse(body)
      if (typeof code !== 'string' || !/^[0-9]{6}$/.test(code))
        return refuse(response, 400, 'invalid_request')
      const answer = await pool.request({
        path: '/v1/totps/authenticate',
        method: 'POST',
        headers,
        body: JSON.stringify({ user_id: userOf(request), totp_code: code, session_duration_minutes: 60 }),
      })
      const reply = JSON.parse(await answer.body.text())
      if (answer.statusCode !== 200 || reply.status_code !== 200) return refuse(response, 422, 'invalid_code')
      const { session_token: _token, session_jwt: _jwt, ...rest } = reply
      const text = JSON.stringify(rest)
      response.writeHead(200, {
        ...securityHeaders,
        'set-cookie': cookieOf(reply.session_token),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      response.end(text)
    } catch {
      refuse(response, 502, 'bad_upstream')
    }
  })
})
listen(server)
