import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type RequestHandler, Router } from 'express'

const folder = fileURLToPath(new URL('../app', import.meta.url))
const paths = ['/', '/mfa', '/security', '/vault', '/gallery']

// Everything comes from this origin; nothing is inline, and no string becomes markup or code.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** Headers of every answer, of the API as well. */
export const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'content-security-policy': contentSecurityPolicy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  next()
}

/** The built app: its files for a year, since their names change with them; its one page asked for each time. */
export function pages({ origin }: { origin: string }): Router {
  const router = Router()
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false, redirect: false }),
  )
  router.use(
    express.static(folder, { index: false, redirect: false, cacheControl: false, dotfiles: 'ignore' }),
  )
  router.get(/.*/, (req, res, next) => {
    if (req.accepts('html') !== 'html') return next()
    // Cookies and the origin check go by name, and http://127.0.0.1 is another name than http://localhost.
    if (req.headers.host !== new URL(origin).host) return res.redirect(307, origin + req.originalUrl)
    res.status(paths.includes(req.path) ? 200 : 404)
    res.set('cache-control', 'no-cache').sendFile(join(folder, 'index.html'), { cacheControl: false })
  })
  return router
}
