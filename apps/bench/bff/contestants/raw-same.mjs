// raw-safe, and by hand what Kit does besides: a sealed cookie in and out, CSRF, same origin, three limits, the
// answer's fields checked, an event and a line of log. What all that costs without any structure around it.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto'
import { createServer } from 'node:http'
import { pino } from 'pino'
import { Pool } from 'undici'
import { authorization, listen, securityHeaders, upstream, userOf } from './shared.mjs'

const pool = new Pool(upstream, { connections: 50, headersTimeout: 5000, bodyTimeout: 5000 })
const headers = { authorization, 'content-type': 'application/json' }
const log = pino({ level: 'info', base: null }, pino.destination({ dest: '/dev/null', sync: false }))
const key = randomBytes(32)
const maxBodyBytes = 4096
const counts = new Map()

function limited(name, max, windowMs) {
  const now = performance.now()
  const found = counts.get(name)
  if (!found || now - found.since >= windowMs) counts.set(name, { since: now, count: 1 })
  else if (++found.count > max) return true
  return false
}

function seal(value) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = cipher.update(JSON.stringify(value), 'utf8', 'base64url') + cipher.final('base64url')
  return `${nonce.toString('base64url')}.${body}.${cipher.getAuthTag().toString('base64url')}`
}

function open(cookie) {
  const [nonce, body, tag] = (/(?:^|; )session=([^;]*)/.exec(cookie ?? '')?.[1] ?? '').split('.')
  if (!tag) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'))
    decipher.setAuthTag(Buffer.from(tag, 'base64url'))
    return JSON.parse(decipher.update(body, 'base64url', 'utf8') + decipher.final('utf8'))
  } catch {
    return null
  }
}

const csrfOf = (user) => createHmac('sha256', key).update(user).digest()

function send(response, status, body, cookie) {
  const text = JSON.stringify(body)
  const all = {
    ...securityHeaders,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  }
  if (cookie) all['set-cookie'] = `session=${cookie}; Path=/; HttpOnly; Secure; SameSite=Strict`
  response.writeHead(status, all).end(text)
}

async function authenticate(request, response, body) {
  const requestId = randomUUID()
  const user = userOf(request)
  const session = open(request.headers.cookie)
  const known = session?.user === user ? session : null
  const given = Buffer.from(request.headers['x-csrf'] ?? '', 'base64url')
  const csrf = csrfOf(user)
  if (given.length !== csrf.length || !timingSafeEqual(given, csrf))
    return send(response, 403, { code: 'csrf_rejected' })
  const { code, ...others } = JSON.parse(body)
  if (typeof code !== 'string' || !/^[0-9]{6,8}$/.test(code) || Object.keys(others).length > 0)
    return send(response, 400, { code: 'invalid_request' })
  const browser = hash('sha256', `${request.headers.cookie} ${request.headers['user-agent']}`, 'base64url')
  const keys = [`a ${request.socket.remoteAddress}`, `s ${browser}`, `u ${user}`]
  if (keys.some((name) => limited(name, 1e6, 1000))) return send(response, 429, { code: 'rate_limited' })
  const answer = await pool.request({
    path: '/v1/totps/authenticate',
    method: 'POST',
    headers,
    body: JSON.stringify({
      user_id: user,
      totp_code: code,
      session_token: known?.token,
      session_duration_minutes: known ? undefined : 60,
    }),
  })
  const reply = JSON.parse(await answer.body.text())
  if (answer.statusCode !== 200 || reply.status_code !== 200)
    return send(response, 422, { code: 'invalid_code' })
  const {
    user_id: userId,
    session_token: token,
    session: { expires_at: expiresAt } = {},
    totp_id: totpId,
  } = reply
  if ([userId, token, expiresAt, totpId].some((field) => typeof field !== 'string') || userId !== user)
    return send(response, 502, { code: 'bad_upstream' })
  for (const name of keys) counts.get(name).count--
  const at = new Date().toISOString()
  log.info({ id: randomUUID(), type: 'challenge_passed', at, requestId, userId, totpId }, 'event')
  const cookie = seal({ user, token, expiresAt: Date.parse(expiresAt), mfa: { at, totpId } })
  const csrfToken = csrf.toString('base64url')
  send(
    response,
    200,
    { csrfToken, enrolled: true, verified: { method: 'totp', at, expiresAt }, pending: null },
    cookie,
  )
}

const server = createServer((request, response) => {
  if (request.url === '/mfa/status')
    return send(response, 200, { csrfToken: csrfOf(userOf(request)).toString('base64url') })
  if (request.method !== 'POST' || request.url !== '/mfa/totp/authenticate') return send(response, 404, {})
  if (request.headers['sec-fetch-site'] !== 'same-origin')
    return send(response, 403, { code: 'csrf_rejected' })
  if (request.headers['content-type'] !== 'application/json') return send(response, 415, {})
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
    if (body.length > maxBodyBytes) request.destroy()
  })
  request.on('end', () =>
    authenticate(request, response, body).catch(() => send(response, 502, { code: 'bad_upstream' })),
  )
})
listen(server)
