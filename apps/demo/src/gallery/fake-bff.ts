import type { MfaStatus, PendingTotp } from '@kit/contract'
import { type ErrorCode, errors, type Problem } from '@kit/contract/errors'

/** What the BFF would answer to `POST /totp` and its sisters, below the mount. */
export type Answers = Readonly<Record<string, () => Response | Promise<Response>>>

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

export const recoveryCodes = Array.from({ length: 10 }, (_, n) => `${n}k7q-m3xd-9v0${n}-ht${n}w`)

export const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
export const otpauthUri = `otpauth://totp/Larkspur:ada%40example.com?secret=${secret}&issuer=Larkspur`

export const csrfToken = 'gallery'

/** Somebody with an active authenticator app who has not been asked for a code yet. */
const enrolled: MfaStatus = {
  subject: { kind: 'user', accountName: 'ada@example.com' },
  csrfToken,
  enrolled: true,
  required: false,
  verified: null,
  pending: null,
  recoveryCodesRemaining: 8,
  capabilities: { reveal: true, rotate: true, remove: true, setDefault: false },
}

export const verified = (method: 'totp' | 'recovery_code' = 'totp'): MfaStatus['verified'] => ({
  method,
  at: inMinutes(0),
  freshUntil: inMinutes(5),
  expiresAt: inMinutes(60),
})

export const statusOf = (changes: Partial<MfaStatus> = {}) => json({ ...enrolled, ...changes })

export const pending = (minutes = 10) =>
  json(
    {
      registrationId: 'totp-1',
      secret,
      otpauthUri,
      expiresAt: inMinutes(minutes),
      recoveryCodes,
    } satisfies PendingTotp,
    201,
  )

export const codes = json({ recoveryCodes })

export const problem = (code: ErrorCode, facts: Partial<Problem> = {}) => {
  const { status, title } = errors[code]
  const body: Problem = {
    type: `urn:kit:error:${code}`,
    title,
    status,
    code,
    requestId: 'gallery-1',
    ...facts,
  }
  return () => Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } })
}

export const never = () => new Promise<Response>(() => {})

/**
 * A BFF that has no server: answers from a table, and with `internal` to what the table does not hold. What it says to
 * have begun is pending from then on.
 */
export function fakeFetch(answers: Answers): typeof fetch {
  const table: Answers = { 'GET /status': statusOf(), ...answers }
  let begun: MfaStatus['pending'] = null
  return async (input, init) => {
    const path = new URL(String(input), location.origin).pathname.replace(/^\/gallery/, '')
    const line = `${init?.method ?? 'GET'} ${path}`
    const answer = await (table[line] ?? problem('internal'))()
    if (line === 'POST /totp' && answer.ok) begun = { expiresAt: (await answer.clone().json()).expiresAt }
    if (line === 'GET /status' && begun) return Response.json({ ...(await answer.json()), pending: begun })
    return answer
  }
}
