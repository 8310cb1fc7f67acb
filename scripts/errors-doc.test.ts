import { expect, it } from 'vitest'
import { commonErrors, type ErrorCode, errors, routes } from '../packages/contract/src/index.js'

/** What the person who embeds Kit can do; the table in the contract says what the code means. */
const cure = {
  not_found: 'Check the mount path and `baseUrl`.',
  method_not_allowed: 'See the `Allow` header, and the route table.',
  csrf_rejected:
    'Serve the page from `origin`, send `x-csrf` with the `csrfToken` of the last status. A page on another subdomain is another origin.',
  unsupported_media_type: 'Send `content-type: application/json`, without content encoding.',
  body_too_large: 'No body of the contract is larger than 4 KiB.',
  unauthenticated:
    'Sign in with the host again; `identify` named nobody, or an intermediate session has expired.',
  invalid_request:
    'Send what the schema says and nothing else. A field that names a subject, a token or a secret is always refused.',
  already_enrolled: 'Remove the authenticator first, then create.',
  not_enrolled: 'Create a registration and confirm it with its first code.',
  registration_expired: 'Create again; the old QR code is void.',
  mfa_required: 'Show the challenge.',
  step_up_required: 'Ask for a code, then repeat the request. The components do it by themselves.',
  invalid_code:
    'Ask again. `attemptsLeft`, where it is there, says how many are left before the next delay; `retryAfterSeconds` is there once that begins.',
  code_already_used: 'Wait for the next code; every code works once.',
  invalid_recovery_code: 'Ask again; every recovery code works once.',
  rate_limited: 'Wait for `Retry-After`.',
  locked:
    'Wait for `Retry-After` where it is there, or use a recovery code. Without it, the authenticator has to be set up anew.',
  not_supported:
    'The provider lacks the operation, as `capabilities` of the status says beforehand, or the organization does not allow it.',
  bad_upstream: 'Look into the log by `requestId`: the provider answered something that cannot be trusted.',
  upstream_unavailable: 'Try again; the log says why the provider cannot be reached.',
  outcome_unknown: 'Read the status, then try again with the next code: this one may be spent.',
  upstream_timeout: 'Try again with the next code: this one may be spent.',
  internal: 'Look into the log by `requestId`.',
} satisfies Record<ErrorCode, string>

/** What a host's own route behind `requireMfa` may answer. */
const gateErrors: readonly ErrorCode[] = [
  'unauthenticated',
  'mfa_required',
  'step_up_required',
  'bad_upstream',
  'upstream_unavailable',
  'upstream_timeout',
  'internal',
]

const answeredBy = (code: ErrorCode) => {
  const by = (commonErrors as readonly ErrorCode[]).includes(code)
    ? ['every route']
    : Object.values(routes)
        .filter((route) => (route.errors as readonly ErrorCode[]).includes(code))
        .map((route) => `\`${route.method} ${route.path}\``)
  return [...by, ...(gateErrors.includes(code) ? ['`requireMfa`'] : [])].join(', ')
}

it('docs/errors.md says what the error table says (run with -u to write it anew)', async () => {
  const sections = Object.entries(errors).map(
    ([code, { status, title, retry }]) =>
      `## ${code}\n\n${status} · retry: ${retry}\n\n${title}\n\n${cure[code as ErrorCode]}\n\nAnswered by ${answeredBy(code as ErrorCode)}.\n`,
  )
  const text = `<!-- Made from packages/contract/src/errors.ts by scripts/errors-doc.test.ts. -->

# Errors

Every answer that is not a success is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "urn:kit:error:invalid_code",
  "title": "${errors.invalid_code.title}",
  "status": ${errors.invalid_code.status},
  "code": "invalid_code",
  "requestId": "quote this; the log has it too",
  "attemptsLeft": 3
}
\`\`\`

\`retryAfterSeconds\` repeats the Retry-After header. In the browser the same code is on \`MfaError\`.

Retry: \`never\` means that something else has to happen first, \`later\` that the same request can succeed after a wait, \`new-code\` that it
takes another code.

${sections.join('\n')}`
  await expect(text).toMatchFileSnapshot('../docs/errors.md')
})
