import { TotpClientError } from '@kit/totp-client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMarks, signedOutMark } from './marks.js'
import { bindingOf, type Session } from './session.js'
import { createSignOuts } from './sign-out.js'
import type { Subject } from './subject.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const hour = 3_600_000
const session = (): Session => ({
  kind: 'user',
  binding: 'b',
  provider: { sessionToken: 'token-1', expiresAtMs: Date.now() + hour },
})

/** A provider that fails as often as it is told to. */
function start(failures: TotpClientError[]) {
  const asked: string[] = []
  let revoked = 0
  const revoke = (product: string) => async (body: { session_token?: string | undefined }) => {
    asked.push(`${product} ${body.session_token}`)
    const failure = failures.shift()
    if (failure) throw failure
    return { request_id: 'r', status_code: 200 }
  }
  const client = { sessions: { revoke: revoke('user') }, b2b: { sessions: { revoke: revoke('member') } } }
  const marks = createMarks(Date.now)
  const { end, ...others } = createSignOuts({ client, marks, now: Date.now })
  const signOuts = {
    ...others,
    end: (subject: Subject | null, held: Session | null, userAgent?: string) =>
      end({ subject, session: held, userAgent }, () => void revoked++),
  }
  return { asked, client, marks, signOuts, revoked: () => revoked }
}
/** Who made the cookie, by a host that has no session at the provider. */
const ada = { kind: 'user', userId: 'u', accountName: '' } as const
const away = () => new TotpClientError('unreachable', { endpoint: 'sessions.revoke', reason: 'ECONNREFUSED' })
const gone = () =>
  new TotpClientError('refused', {
    endpoint: 'sessions.revoke',
    reason: 'refused',
    errorType: 'session_not_found',
    status: 404,
  })

it('T69: is told to the provider again until it hears, and counts here at once', async () => {
  const { asked, marks, signOuts, revoked } = start([away(), away(), away()])
  await signOuts.end(null, session())
  expect(await marks.has(signedOutMark('token-1'))).toBe(true)
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(Array(4).fill('user token-1'))
  expect(revoked()).toBe(1)
  await vi.advanceTimersByTimeAsync(hour)
  expect(asked).toHaveLength(4)
})

it.each([
  [429, 'too_many_requests'],
  [401, 'unauthorized_credentials'],
  [404, 'route_not_found'],
  [500, 'internal_server_error'],
])('T69: is told again where the provider answers %s %s', async (status, errorType) => {
  const { asked, signOuts, revoked } = start([
    new TotpClientError('refused', { endpoint: 'sessions.revoke', reason: 'refused', errorType, status }),
  ])
  await signOuts.end(null, session())
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toHaveLength(2)
  expect(revoked()).toBe(1)
})

it('F44: a clock that is set back does not keep the database of marks away', async () => {
  let asked = 0
  const query = async () => {
    if (++asked === 1) throw new Error('down')
    return []
  }
  let nowMs = Date.now()
  const marks = createMarks(() => nowMs, { query, close: async () => {} })
  await marks.has('spent code')
  await marks.has('spent code')
  expect(asked).toBe(1)
  nowMs -= hour
  await vi.advanceTimersByTimeAsync(5_001)
  await marks.has('spent code')
  expect(asked).toBe(2)
})

it('is not told again where the provider knows no such session', async () => {
  const { asked, signOuts } = start([gone()])
  await signOuts.end(null, session())
  await vi.advanceTimersByTimeAsync(hour)
  expect(asked).toHaveLength(1)
})

it('is not told again once the session is over anyway, nor after close', async () => {
  const over = start(Array.from({ length: 1_000 }, away))
  await over.signOuts.end(ada, session())
  await vi.advanceTimersByTimeAsync(2 * hour)
  const asked = over.asked.length
  expect(asked).toBeLessThan(70)
  await vi.advanceTimersByTimeAsync(hour)
  expect(over.asked).toHaveLength(asked)

  const closed = start(Array.from({ length: 10 }, away))
  await closed.signOuts.end(null, session())
  await closed.signOuts.close()
  const untilThen = closed.asked.length
  await vi.advanceTimersByTimeAsync(hour)
  expect(closed.asked).toHaveLength(untilThen)
})

it('T69: is told once more when the process ends, which nobody else would do', async () => {
  const { asked, signOuts, revoked } = start([away()])
  await signOuts.end(null, session())
  await signOuts.close()
  expect(asked).toHaveLength(2)
  expect(revoked()).toBe(1)
})

it.each(['provider', 'database'])(
  'T69: ends with the process no sign-out that waits for the %s',
  async (slow) => {
    const { asked, client, marks } = start([away()])
    let letGo = () => {}
    const late = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const revoke = (body: { session_token?: string | undefined }) =>
      late.then(() => client.sessions.revoke(body))
    const keep: typeof marks.keep = (...mark) => late.then(() => marks.keep(...mark))
    const signOuts = createSignOuts({
      client: slow === 'provider' ? { ...client, sessions: { revoke } } : client,
      marks: slow === 'database' ? { ...marks, keep } : marks,
      now: Date.now,
    })
    let revoked = 0
    void signOuts.end({ subject: null, session: session(), userAgent: undefined }, () => void revoked++)
    const closed = signOuts.close()
    letGo()
    await closed
    expect(asked).toHaveLength(2)
    expect(revoked).toBe(1)
  },
)

it('F46: asks for one session in one row, however often it is signed out', async () => {
  const { asked, signOuts } = start(Array.from({ length: 1_000 }, away))
  for (let i = 0; i < 50; i++) await signOuts.end(null, session())
  await Promise.all(Array.from({ length: 50 }, () => signOuts.end(null, session())))
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toHaveLength(2)
  await signOuts.close()
  expect(asked).toHaveLength(3)
  await vi.advanceTimersByTimeAsync(hour)
  expect(asked).toHaveLength(3)
})

it('keeps the end of the process waiting no longer than two seconds', async () => {
  const calls = [Promise.reject(away()), new Promise<never>(() => {})]
  const revoke = () => calls.shift() ?? Promise.reject(away())
  const client = { sessions: { revoke }, b2b: { sessions: { revoke } } }
  const signOuts = createSignOuts({ client, marks: createMarks(Date.now), now: Date.now })
  await signOuts.end({ subject: null, session: session(), userAgent: undefined }, () => {})
  const ended = signOuts.close().then(() => 'ended')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await ended).toBe('ended')
})

it('ends the session of the host along with that of the cookie, each once', async () => {
  const { asked, signOuts } = start([])
  const subject = { kind: 'member', organizationId: 'o', memberId: 'm', accountName: '' } as const
  await signOuts.end({ ...subject, sessionToken: 'token-2' }, { ...session(), kind: 'member' })
  await signOuts.end({ ...subject, sessionToken: 'token-1' }, { ...session(), kind: 'member' })
  expect(asked).toEqual(['member token-1', 'member token-2', 'member token-1'])
})

it.each<[string, Subject | null]>([
  ['of the host that the cookie shares', { ...ada, sessionToken: 'token-1' }],
  ['that may be the host’s, since nobody can say who had it', null],
])('T69: remembers a session %s for as long as the host’s may last', async (_which, subject) => {
  const { asked, marks, signOuts } = start(Array.from({ length: 70 }, away))
  await signOuts.end(subject, session())
  await vi.advanceTimersByTimeAsync(2 * hour)
  expect(asked.length).toBeGreaterThan(70)
  expect(await marks.has(signedOutMark('token-1'))).toBe(true)
})

it('T69: a later sign-out that knows of a longer session lets the earlier one last as long', async () => {
  const { asked, marks, signOuts, revoked } = start(Array.from({ length: 70 }, away))
  await signOuts.end(ada, session())
  await signOuts.end({ ...ada, sessionToken: 'token-1' }, session())
  await signOuts.end(ada, session())
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2 * hour)
  expect(revoked()).toBe(1)
  expect(await marks.has(signedOutMark('token-1'))).toBe(true)
})

it('T69: ends what was made for whoever left meanwhile, and nothing of theirs once they are back', async () => {
  const { asked, signOuts } = start([])
  const before = signOuts.watch(bindingOf(ada), 'Firefox', signOuts.count())
  await signOuts.end(ada, null, 'Firefox')
  const back = signOuts.watch(bindingOf(ada), 'Firefox', signOuts.count())
  expect(await before.hasLeft(session(), () => {})).toBe(true)
  expect(asked).toEqual(['user token-1'])
  expect(await back.hasLeft(session(), () => {})).toBe(false)
  expect(await signOuts.watch('b', 'Firefox', signOuts.count()).hasLeft(session(), () => {})).toBe(false)
  expect(asked).toHaveLength(1)
})

it('T69: ends nothing that was made in another browser of the same person', async () => {
  const { asked, signOuts } = start([])
  const elsewhere = signOuts.watch(bindingOf(ada), 'Safari', signOuts.count())
  await signOuts.end(ada, null, 'Firefox')
  expect(await elsewhere.hasLeft(session(), () => {})).toBe(false)
  expect(asked).toEqual([])
})

it('T69: asks once for a session that was raised while it was signed out', async () => {
  const { asked, signOuts } = start([])
  const watch = signOuts.watch('b', 'Firefox', signOuts.count())
  await signOuts.end(null, session(), 'Firefox')
  expect(await watch.hasLeft(session(), () => {})).toBe(true)
  expect(asked).toEqual(['user token-1'])
})

it('F16: does not wait for a provider that hangs', async () => {
  const hanging = start([])
  const never = () => new Promise<never>(() => {})
  const signOuts = createSignOuts({
    client: { sessions: { revoke: never }, b2b: { sessions: { revoke: never } } },
    marks: hanging.marks,
    now: Date.now,
  })
  const ended = signOuts.end({ subject: null, session: session(), userAgent: undefined }, () => {})
  await vi.advanceTimersByTimeAsync(100)
  await expect(ended).resolves.toBeUndefined()
})
