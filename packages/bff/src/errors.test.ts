import { type ErrorCode, errors, ProblemBody } from '@kit/contract'
import { TotpClientError } from '@kit/totp-client'
import { endpoints, type WireErrorType, wireErrors } from '@kit/totp-client/wire'
import { describe, expect, it } from 'vitest'
import { BffError, toProblem, toRefusal } from './errors.js'

const refused = (errorType: string, status = 400, retryAfterSeconds?: number) =>
  new TotpClientError('refused', {
    endpoint: 'totps.authenticate',
    reason: 'refused',
    errorType,
    status,
    retryAfterSeconds,
  })

/** What a person can do about it; every other type of the wire tells of our own mistakes. */
const expected: Partial<Record<WireErrorType, ErrorCode>> = {
  unable_to_authenticate_totp: 'invalid_code',
  invalid_totp_code: 'invalid_code',
  invalid_code: 'invalid_code',
  recovery_code_used_as_totp_code: 'invalid_code',
  totp_code_already_authenticated: 'code_already_used',
  unable_to_authenticate_recovery_code: 'invalid_recovery_code',
  invalid_recovery_code: 'invalid_recovery_code',
  totp_code_used_as_recovery_code: 'invalid_recovery_code',
  user_not_found: 'not_enrolled',
  organization_not_found: 'not_enrolled',
  member_not_found: 'not_enrolled',
  totp_not_found: 'not_enrolled',
  totps_not_found_for_user: 'not_enrolled',
  recovery_codes_not_found: 'not_enrolled',
  no_active_recovery_code_backed_factor: 'not_enrolled',
  expired_totp: 'registration_expired',
  active_totp_exists: 'already_enrolled',
  user_lock_limit_reached: 'locked',
  too_many_requests: 'rate_limited',
  session_not_found: 'unauthenticated',
  invalid_session_token: 'unauthenticated',
  intermediate_session_not_found: 'unauthenticated',
  invalid_intermediate_session_token_for_organization: 'unauthenticated',
  member_session_member_id_mismatch: 'unauthenticated',
  insufficient_factors: 'unauthenticated',
  action_available_only_once_primary_authentication_is_met: 'unauthenticated',
  action_available_only_for_active_members: 'not_supported',
  operation_restricted_by_organization_mfa_methods: 'not_supported',
  invalid_b2b_endpoint: 'not_supported',
  invalid_consumer_endpoint: 'not_supported',
  route_not_found: 'not_supported',
  internal_server_error: 'outcome_unknown',
}

describe('what the provider refuses', () => {
  it.each(Object.keys(wireErrors) as WireErrorType[])('%s', (errorType) => {
    const refusal = toRefusal(refused(errorType, wireErrors[errorType].status))
    expect(refusal.code).toBe(expected[errorType] ?? 'internal')
  })

  it('a type that nobody knows is ours to look into', () => {
    expect(toRefusal(refused('brand_new_type')).code).toBe('internal')
    expect(toRefusal(refused('brand_new_type', 503)).code).toBe('outcome_unknown')
    expect(toRefusal(refused('brand_new_type', 429)).code).toBe('rate_limited')
    expect(toRefusal(refused('constructor')).code).toBe('internal')
  })
})

it.each([
  ['F1', 'timeout', 'upstream_timeout'],
  ['F2', 'unreachable', 'upstream_unavailable'],
  ['F3', 'outcome_unknown', 'outcome_unknown'],
  ['F7', 'malformed', 'bad_upstream'],
] as const)('%s: %s is answered as %s', (_row, code, answered) => {
  const error = new TotpClientError(code, { endpoint: 'totps.authenticate', reason: 'x' })
  expect(toRefusal(error).code).toBe(answered)
})

it.each([
  ['a gateway', 'outcome_unknown', 502],
  ['the provider', 'refused', 503],
  ['a reset', 'outcome_unknown', undefined],
] as const)('F3, F5: after a fault of %s only what can have changed is unknown', (_whose, code, status) => {
  const after = (endpoint: string) =>
    toRefusal(new TotpClientError(code, { endpoint, reason: 'x', status, retryAfterSeconds: 7 }))
  const read = { code: 'upstream_unavailable', retryAfterSeconds: 7 }
  const gets = Object.entries(endpoints).flatMap(([name, { method }]) => (method === 'GET' ? name : []))
  const postsThatRead = ['totps.recoveryCodes', 'sessions.authenticate', 'b2b.sessions.authenticate']
  for (const endpoint of [...gets, ...postsThatRead]) expect(after(endpoint)).toMatchObject(read)
  const changed = { code: 'outcome_unknown', retryAfterSeconds: 7 }
  for (const endpoint of ['totps.authenticate', 'users.deleteTotp'])
    expect(after(endpoint)).toMatchObject(changed)
})

it.each([
  [0, 1],
  [0.2, 1],
  [30, 30],
  [301, 300],
  [86_400, 300],
])('F6: passes a Retry-After of %d on as %d seconds', (given, passed) => {
  const problem = toProblem(toRefusal(refused('too_many_requests', 429, given)), 'r')
  expect(problem).toMatchObject({ code: 'rate_limited', status: 429, retryAfterSeconds: passed })
})

it('T104: tells a wait of our own limits as long as it is', () => {
  expect(toProblem(new BffError('rate_limited', { retryAfterSeconds: 600 }), 'r').retryAfterSeconds).toBe(600)
})

it.each([
  [0, 1],
  [3_600, 3_600],
  [86_401, 86_400],
])('T19: passes a lock of %d seconds on as %d seconds', (given, passed) => {
  const problem = toProblem(toRefusal(refused('user_lock_limit_reached', 429, given)), 'r')
  expect(problem).toMatchObject({ code: 'locked', retryAfterSeconds: passed })
})

it('F6: has a Retry-After for a limit, even where the provider gives none, and none for a lock without end', () => {
  expect(toProblem(toRefusal(refused('too_many_requests', 429)), 'r').retryAfterSeconds).toBe(1)
  expect(toProblem(toRefusal(refused('user_lock_limit_reached', 429)), 'r')).not.toHaveProperty(
    'retryAfterSeconds',
  )
})

describe('a problem body', () => {
  it.each(Object.keys(errors) as ErrorCode[])('%s follows the contract', (code) => {
    const problem = toProblem(new BffError(code, { attemptsLeft: 2 }), 'r1')
    expect(ProblemBody.parse(problem)).toEqual(problem)
    expect(problem.status).toBe(errors[code].status)
  })

  it.each([
    new Error('SENTINEL'),
    'SENTINEL',
    { message: 'SENTINEL' },
    null,
    undefined,
    new BffError('internal', { cause: new Error('SENTINEL') }),
  ])('T83: says nothing of what caused it', (thrown) => {
    const problem = toProblem(toRefusal(thrown), 'r1')
    expect(problem.code).toBe('internal')
    expect(JSON.stringify(problem)).not.toContain('SENTINEL')
  })
})
