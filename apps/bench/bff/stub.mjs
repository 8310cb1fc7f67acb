// The provider of the BFF bench: answers like the real one, at once or after LATENCY_MS, and judges nothing.
import { createServer } from 'node:http'

const latencyMs = Number(process.env.LATENCY_MS ?? 0)
const now = '2026-01-01T00:00:00Z'
const later = '2036-01-01T00:00:00Z'

const user = (userId) => ({
  biometric_registrations: [],
  created_at: now,
  crypto_wallets: [],
  emails: [{ email: 'someone@example.com', email_id: 'email-test-1', verified: true }],
  external_id: null,
  is_locked: false,
  lock_created_at: null,
  lock_expires_at: null,
  name: { first_name: '', last_name: '', middle_name: '' },
  password: null,
  phone_numbers: [],
  providers: [],
  roles: ['stytch_user'],
  status: 'active',
  totps: [{ totp_id: 'totp-test-1', verified: true }],
  trusted_metadata: {},
  untrusted_metadata: {},
  user_id: userId,
  webauthn_registrations: [],
})

const factor = {
  authenticator_app_factor: { totp_id: 'totp-test-1' },
  created_at: now,
  delivery_method: 'authenticator_app',
  last_authenticated_at: now,
  sequence_order: 'SECONDARY',
  type: 'totp',
  updated_at: now,
}

const session = (userId) => ({
  attributes: { ip_address: '', user_agent: '' },
  authentication_factors: [factor],
  custom_claims: {},
  expires_at: later,
  last_accessed_at: now,
  roles: ['stytch_user'],
  session_id: 'session-test-1',
  started_at: now,
  user_id: userId,
})

// Built once a subject, so that the stub costs the same for every contestant.
const cache = new Map()
const answerFor = (userId, make) => {
  const key = `${make.name} ${userId}`
  if (!cache.has(key))
    cache.set(key, JSON.stringify({ request_id: 'request-id-test-1', status_code: 200, ...make(userId) }))
  return cache.get(key)
}
const authenticated = (userId) => ({
  session: session(userId),
  // A real JWT is about this long.
  session_jwt: `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(900)}.${'y'.repeat(342)}`,
  session_token: `token-${userId}`.padEnd(44, '_'),
  totp_id: 'totp-test-1',
  user: user(userId),
  user_id: userId,
})
const read = (userId) => user(userId)
const recoveryCodes = (userId) => ({
  user_id: userId,
  totps: [
    {
      totp_id: 'totp-test-1',
      verified: true,
      recovery_codes: ['0000-1111-2222-3333', '4444-5555-6666-7777'],
    },
  ],
})
const notFound = JSON.stringify({
  status_code: 404,
  request_id: 'request-id-test-1',
  error_type: 'route_not_found',
  error_message: 'The route provided is not supported.',
  error_url: 'https://stytch.com/docs/api/errors/404#route_not_found',
})

const refused = JSON.stringify({
  status_code: 401,
  request_id: 'request-id-test-1',
  error_type: 'unable_to_authenticate_totp',
  error_message: 'The code is not right.',
  error_url: 'https://stytch.com/docs/api/errors/401#unable_to_authenticate_totp',
})

let connections = 0
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    const path = request.url.split('?')[0]
    let status = 200
    let text
    if (path === '/connections') text = JSON.stringify({ connections })
    else if (path === '/v1/totps/authenticate' || path === '/v1/sessions/authenticate') {
      const userId =
        /"user_id":"([^"]+)"/.exec(body)?.[1] ?? /token-([\w-]+?)_*"/.exec(body)?.[1] ?? 'user-test-1'
      // Somebody whose codes are always wrong.
      if (userId.startsWith('user-refused')) {
        status = 401
        text = refused
      } else text = answerFor(userId, authenticated)
    } else if (path === '/v1/totps/recovery_codes') {
      text = answerFor(/"user_id":"([^"]+)"/.exec(body)?.[1] ?? 'user-test-1', recoveryCodes)
    } else if (path.startsWith('/v1/users/')) text = answerFor(decodeURIComponent(path.slice(10)), read)
    else {
      status = 404
      text = notFound
    }
    const send = () =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text)
    if (latencyMs > 0) setTimeout(send, latencyMs)
    else send()
  })
})
server.on('connection', () => connections++)
server.keepAliveTimeout = 60_000
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
)
