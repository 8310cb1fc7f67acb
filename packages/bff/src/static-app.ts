import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { hsts } from './respond.js'

/** Nothing but what this origin serves, no string ever becomes code (Trusted Types), no frame around it: T79, T80. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/**
 * A name that changes with the content, as bundlers write it: `/assets/index-BkQ3x9_d.js`, `/static/main.8f3a2b1c.js`.
 * Words, dates and sizes are no hashes; a hash that looks like one is asked for anew, which costs little.
 */
const hashed =
  /\/(?:assets|static)\/.+[-.](?=[\w-]*[A-Z\d])(?!(?:[A-Z][a-z]+)+\.|[\dx_-]+\.)(?:[\w-]{8}|[\da-f]{9,32})(?:\.[a-z\d]+)+$/

/**
 * Serves a built single-page app. Hashed files never change and are kept for a year; all others are asked for
 * anew. A page navigation to a path without a file gets `index.html`; anything else that is not there is 404, so
 * that a missing script never is a page.
 *
 * @param secure whether the origin is https: HSTS then, for a year
 */
export function createStaticApp(folder: string, secure: boolean) {
  const index = readFileSync(join(folder, 'index.html'))
  const pageHeaders = {
    'Content-Security-Policy': contentSecurityPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    ...(secure ? { 'Strict-Transport-Security': hsts } : {}),
  }
  const serve = sirv(folder, {
    etag: true,
    brotli: true,
    gzip: true,
    extensions: ['html'],
    setHeaders: (res, path) => {
      res.setHeader('Cache-Control', hashed.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })

  return (req: IncomingMessage, res: ServerResponse): void => {
    for (const [name, value] of Object.entries(pageHeaders)) res.setHeader(name, value)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.writeHead(405, { Allow: 'GET, HEAD', 'Cache-Control': 'no-store' }).end()
      return
    }
    serve(req, res, () => {
      if (!isNavigation(req)) {
        res.writeHead(404, { 'Cache-Control': 'no-store' }).end()
        return
      }
      res.writeHead(200, {
        'Cache-Control': 'no-cache',
        'Content-Length': index.length,
        'Content-Type': 'text/html; charset=utf-8',
      })
      res.end(req.method === 'HEAD' ? undefined : index)
    })
  }
}

/** Whoever loads a page asks for HTML first; scripts, styles and calls ask for something else, or for anything. */
const isNavigation = ({ headers }: IncomingMessage) => /^text\/html\b/.test(headers.accept ?? '')
