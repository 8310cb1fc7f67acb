import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Problem } from '@kit/contract'

/** What an answer may carry besides status and body. */
export interface AnswerExtras {
  /** A `Set-Cookie` value of ours; those of the host stay. */
  cookie?: string | undefined
  headers?: OutgoingHttpHeaders | undefined
}

/** Writes an answer: JSON, or nothing where `body` is null. */
export type Respond = (
  res: ServerResponse,
  status: number,
  body: string | null,
  extras?: AnswerExtras & { type?: string },
) => void

/** The same on pages and on answers, since browsers keep what they heard last (RFC 6797 section 8.1): T95. */
export const hsts = 'max-age=31536000; includeSubDomains'

/**
 * The one writer of answers, but for those of `static-app` and `ops`. Its headers are put together once: nothing is
 * ever stored on the way (T77), framed, sniffed, or loaded from elsewhere, and HTTPS is remembered for a year, below
 * this host too, where the origin has it.
 */
export function createRespond(secure: boolean): Respond {
  const constant = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    Vary: 'Origin, Sec-Fetch-Site',
    'X-Content-Type-Options': 'nosniff',
    ...(secure ? { 'Strict-Transport-Security': hsts } : {}),
  }
  return (res, status, body, { cookie, headers, type = 'application/json; charset=utf-8' } = {}) => {
    if (res.headersSent || res.destroyed) return
    // Express names itself on every answer unless told not to.
    if (res.hasHeader('x-powered-by')) res.removeHeader('x-powered-by')
    const own: OutgoingHttpHeaders =
      body === null ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }
    if (cookie !== undefined) own['Set-Cookie'] = withHostCookies(res, cookie)
    // Not by a spread: each property that V8 sets after one costs 0.8 µs.
    res.writeHead(status, Object.assign(own, constant, headers))
    res.end(body ?? undefined)
  }
}

/** Answers with a refusal (RFC 9457). */
export function respondProblem(
  respond: Respond,
  res: ServerResponse,
  problem: Problem,
  headers?: OutgoingHttpHeaders,
): void {
  const { status, retryAfterSeconds } = problem
  respond(res, status, JSON.stringify(problem), {
    type: 'application/problem+json',
    headers: { ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': retryAfterSeconds }), ...headers },
  })
}

/** `Set-Cookie` values the host has set on this answer, and ours. */
function withHostCookies(res: ServerResponse, cookie: string): string[] {
  const set = res.getHeader('set-cookie')
  return [...(Array.isArray(set) ? set : set === undefined ? [] : [String(set)]), cookie]
}
