import type { Response } from 'express'

/** What the demo's own back end refuses with; the BFF has a table of its own. */
const problems = {
  invalid_request: { status: 400, title: 'The request has a field that is missing, wrong or unknown.' },
  not_supported: { status: 400, title: 'This demo runs on a provider without organizations.' },
  unauthenticated: { status: 401, title: 'Nobody is signed in.' },
  wrong_credentials: { status: 401, title: 'The e-mail address, password or organization is wrong.' },
  foreign_origin: { status: 403, title: 'The request came from a page of another origin.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  taken: { status: 409, title: 'There is an account with this e-mail address already.' },
  body_too_large: { status: 413, title: 'The body is too large.' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json.' },
  rate_limited: { status: 429, title: 'Too many attempts. Wait a moment, then try again.' },
  internal: { status: 500, title: 'Something went wrong on the server.' },
  provider_unavailable: { status: 503, title: 'The sign-in provider cannot be reached.' },
} as const

type ProblemCode = keyof typeof problems

/** Thrown by a route to refuse; the error handler of `app.ts` answers with it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(
    readonly code: ProblemCode,
    /** `fields`: what is wrong with each field of the form. `retryAfterSeconds`: also sent as Retry-After. */
    readonly details: { fields?: Record<string, string>; retryAfterSeconds?: number } = {},
  ) {
    super(problems[code].title)
  }
}

/** Answers with `application/problem+json` (RFC 9457). */
export function sendProblem(res: Response, { code, details }: Refusal): void {
  const { status, title } = problems[code]
  if (details.retryAfterSeconds !== undefined) res.set('retry-after', String(details.retryAfterSeconds))
  res
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: `urn:demo:error:${code}`, title, status, code, ...details }))
}
