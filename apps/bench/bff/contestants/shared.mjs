// What every contestant is given, so that none differs by accident.
export const upstream = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:1'
export const projectId = 'project-test-00000000-0000-4000-8000-000000000000'
export const secret = 'not-a-real-secret'
export const authorization = `Basic ${Buffer.from(`${projectId}:${secret}`).toString('base64')}`
export const port = Number(process.env.PORT ?? 0)

/** The subject is the host's session; here a header stands for it. */
export const userOf = (request) => request.headers['x-user'] ?? 'user-test-1'

export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  vary: 'Origin, Sec-Fetch-Site',
}

export const cookieOf = (token) => `session=${token}; Path=/; HttpOnly; Secure; SameSite=Strict`

export function listen(server) {
  server.keepAliveTimeout = 60_000
  server.listen(port, '127.0.0.1', function () {
    console.log(`listening on http://127.0.0.1:${this.address().port}`)
  })
}

// An orderly end, so that a profile gets written.
process.once('SIGTERM', () => process.exit())
