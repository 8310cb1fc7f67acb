import { createTotpClient, TotpClientError } from '@kit/totp-client'
import { expect, it } from 'vitest'
import { type BreakerState, type UpstreamCall, withBreaker } from './breaker.js'

const refusal = (status: number, error_type: string) => () =>
  Response.json(
    { status_code: status, request_id: 'request-id-x', error_type, error_message: '', error_url: '' },
    { status },
  )
const answers = {
  ok: () => Response.json({ status_code: 200, request_id: 'request-id-x' }),
  wrongCode: refusal(401, 'unable_to_authenticate_totp'),
  tooMany: refusal(429, 'too_many_requests'),
  fault: refusal(500, 'internal_server_error'),
  html: () => new Response('<html>', { status: 200 }),
}

function setUp() {
  const clock = { ms: 0 }
  const provider: { answer: () => Response | Promise<Response>; calls: number } = {
    answer: answers.ok,
    calls: 0,
  }
  const states: BreakerState[] = []
  const calls: UpstreamCall[] = []
  const client = createTotpClient({
    projectId: 'project-test-1',
    secret: 'secret',
    fetch: async () => {
      provider.calls++
      return provider.answer()
    },
  })
  const guarded = withBreaker(client, {
    clock: () => clock.ms,
    onState: (state) => states.push(state),
    onCall: (call) => calls.push(call),
  })
  const call = () => guarded.sessions.revoke({ session_token: 't' }).then(() => 'ok', codeOf)
  const codeOf = (error: unknown) =>
    error instanceof TotpClientError ? `${error.code} ${error.reason}` : 'other'
  const repeat = async (times: number) => {
    for (let i = 0; i < times; i++) await call()
  }
  return { clock, provider, states, calls, guarded, call, repeat }
}

it('F15: opens at half of twenty calls within ten seconds, and then answers at once', async () => {
  const { provider, states, call, repeat } = setUp()
  await repeat(10)
  provider.answer = answers.fault
  await repeat(9)
  expect(states).toEqual([])
  await repeat(1)
  expect(states).toEqual(['open'])
  const before = provider.calls
  const begun = performance.now()
  for (let i = 0; i < 100; i++) expect(await call()).toBe('unreachable breaker_open')
  expect((performance.now() - begun) / 100).toBeLessThan(20)
  expect(provider.calls).toBe(before)
})

it('F15: after ten seconds one call tries, and its verdict decides', async () => {
  const { clock, provider, states, call, repeat } = setUp()
  provider.answer = answers.fault
  await repeat(20)
  clock.ms += 10_000
  const before = provider.calls
  let settle = (_response: Response) => {}
  const held = new Promise<Response>((resolve) => {
    settle = resolve
  })
  provider.answer = () => held
  const first = call()
  expect(await call()).toBe('unreachable breaker_open')
  settle(answers.fault())
  expect(await first).toBe('refused refused')
  expect(provider.calls).toBe(before + 1)
  clock.ms += 10_000
  provider.answer = answers.ok
  expect(await call()).toBe('ok')
  expect(await call()).toBe('ok')
  expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
})

it('F15: wrong codes and limits of the provider never open it', async () => {
  const { provider, states, repeat } = setUp()
  provider.answer = answers.wrongCode
  await repeat(500)
  provider.answer = answers.tooMany
  await repeat(500)
  expect(states).toEqual([])
})

it('F15: answers that are not the provider count against it, and old ones are forgotten', async () => {
  const { clock, provider, states, repeat } = setUp()
  provider.answer = answers.html
  await repeat(19)
  clock.ms += 11_000
  await repeat(19)
  expect(states).toEqual([])
  await repeat(1)
  expect(states).toEqual(['open'])
})

it('F16: counts a caller that waited in vain, and not one that went away', async () => {
  const { clock, provider, states, guarded } = setUp()
  provider.answer = () => new Promise<Response>(() => {})
  const giveUp = async (afterMs: number) => {
    const stop = new AbortController()
    const call = guarded.sessions.revoke({ session_token: 't' }, { signal: stop.signal })
    clock.ms += afterMs
    stop.abort()
    await expect(call).rejects.toThrow('aborted')
  }
  for (let i = 0; i < 30; i++) await giveUp(50)
  expect(states).toEqual([])
  clock.ms += 20_000
  const calls = Array.from({ length: 20 }, () => {
    const stop = new AbortController()
    return { stop, call: guarded.sessions.revoke({ session_token: 't' }, { signal: stop.signal }) }
  })
  clock.ms += 2_500
  for (const { stop } of calls) stop.abort()
  await Promise.allSettled(calls.map(({ call }) => call))
  expect(states).toEqual(['open'])
})

it('F16: a try that its caller gave up decides nothing, and the next call tries', async () => {
  const { clock, provider, states, guarded, call, repeat } = setUp()
  provider.answer = answers.fault
  await repeat(20)
  clock.ms += 10_000
  provider.answer = () => new Promise<Response>(() => {})
  const stop = new AbortController()
  const given = guarded.sessions.revoke({ session_token: 't' }, { signal: stop.signal })
  stop.abort()
  await expect(given).rejects.toThrow('aborted')
  expect(states).toEqual(['open', 'half_open', 'open'])
  provider.answer = answers.fault
  expect(await call()).toBe('refused refused')
  expect(await call()).toBe('unreachable breaker_open')
  expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'open'])
})

it('times every call, on every level of the client', async () => {
  const { calls, guarded } = setUp()
  await guarded.sessions.revoke({ session_token: 't' })
  await guarded.b2b.sessions.revoke({ member_session_id: 'm' })
  expect(calls).toEqual([
    { endpoint: 'sessions.revoke', durationMs: 0, outcome: 'ok' },
    { endpoint: 'b2b.sessions.revoke', durationMs: 0, outcome: 'ok' },
  ])
})
