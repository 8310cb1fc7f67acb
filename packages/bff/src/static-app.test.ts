import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createStaticApp } from './static-app.js'

const folder = mkdtempSync(join(tmpdir(), 'kit-bff-static-'))
/** Names that only look as if they changed with the content. */
const unhashed = [
  '/apple-touch-icon.png',
  '/android-chrome-192x192.png',
  '/my-stylesheet.css',
  '/user-agreement.html',
  '/other-BkQ3x9_d.js',
  '/assets/android-chrome-192x192.png',
  '/assets/my-stylesheet.css',
  '/assets/user-Settings.css',
  '/assets/photo-20240101.jpg',
  '/assets/bg-1024x768.png',
  '/assets/report-24-11-22.pdf',
  '/assets/report-2024_11_22.pdf',
  '/assets/inter-OpenSans.woff2',
]
let server: Server
let base: string

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>')
  writeFileSync(join(folder, '.env'), 'SECRET=planted')
  const hashed = [
    '/assets/index-BkQ3x9_d.js',
    '/assets/index-BkQ3x9_d.js.map',
    '/assets/main.8f3a2b1c.chunk.js',
  ]
  for (const path of [...hashed, ...unhashed]) writeFileSync(join(folder, path), 'export {}')
  server = createServer(createStaticApp(folder, true)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

const page = { accept: 'text/html,application/xhtml+xml' }

it('keeps hashed files for a year and asks anew for all others', async () => {
  const cacheOf = async (path: string) => (await fetch(base + path)).headers.get('cache-control')
  expect(await cacheOf('/assets/index-BkQ3x9_d.js')).toBe('public, max-age=31536000, immutable')
  for (const path of ['/assets/main.8f3a2b1c.chunk.js', '/assets/index-BkQ3x9_d.js.map'])
    expect(await cacheOf(path), path).toBe('public, max-age=31536000, immutable')
  for (const path of ['/', '/index.html', '/favicon.svg', ...unhashed])
    expect(await cacheOf(path), path).toBe('no-cache')
  const { headers } = await fetch(`${base}/`)
  const again = await fetch(`${base}/`, { headers: { 'if-none-match': String(headers.get('etag')) } })
  expect(again.status).toBe(304)
})

it('gives the page to navigations alone: a file that is missing is missing', async () => {
  const deep = await fetch(`${base}/security/settings`, { headers: page })
  expect([deep.status, deep.headers.get('content-type'), deep.headers.get('cache-control')]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-cache',
  ])
  expect(await deep.text()).toContain('<title>page</title>')
  for (const headers of [
    { accept: '*/*' },
    { accept: 'application/json' },
    { accept: 'application/json, text/html' },
  ]) {
    expect((await fetch(`${base}/assets/gone-12345678.js`, { headers })).status).toBe(404)
  }
})

it('T79, T80, T95: says on every answer what may run and who may frame it', async () => {
  for (const path of ['/', '/assets/index-BkQ3x9_d.js', '/nothing', '/deep/page']) {
    const { headers } = await fetch(base + path, { headers: path === '/deep/page' ? page : {} })
    const policy = String(headers.get('content-security-policy'))
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "base-uri 'none'",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      expect(policy).toContain(rule)
    }
    expect(policy).not.toMatch(/unsafe|\*|http/)
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
  }
})

it('serves neither dot files nor what lies outside the folder, and takes no other method', async () => {
  for (const path of ['/.env', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/%00', '/%ff']) {
    const response = await fetch(base + path)
    expect(response.status, path).toBe(404)
  }
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.end('GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 404/)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`${base}/`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  }
  expect(await (await fetch(`${base}/deep`, { method: 'HEAD', headers: page })).text()).toBe('')
})
