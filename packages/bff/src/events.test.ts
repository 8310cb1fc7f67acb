import { afterEach, expect, it, vi } from 'vitest'
import { createEvents, type EventsOptions, eventSubject, type KitEvent } from './events.js'
import { createLog } from './log.js'
import { createMetrics } from './metrics.js'

afterEach(() => void vi.useRealTimers())

const now = () => Date.parse('2030-01-01T00:00:00Z')
const origin = { requestId: 'r1', subject: { kind: 'user', userId: 'user-1' } as const, address: '192.0.2.1' }

function setUp(options: Partial<EventsOptions> = {}) {
  const lines: object[] = []
  const write = (fields: object) => void lines.push(fields)
  const log = createLog({ debug: write, info: write, warn: write, error: write })
  const metrics = createMetrics()
  return { lines, metrics, events: createEvents({ log, metrics, now, retryAfterMs: [1, 1, 1], ...options }) }
}

const count = async (metrics: ReturnType<typeof createMetrics>, name: string) => {
  const [line] = (await metrics.text()).split('\n').filter((text) => text.startsWith(name))
  return Number(line?.split(' ').at(-1))
}

it('tells the host, the log and the metrics of an event', async () => {
  const told: KitEvent[] = []
  const { events, lines, metrics } = setUp({ onEvent: (event) => void told.push(event) })
  events.emit({ type: 'challenge_passed', method: 'totp', factorId: 'totp-1' }, origin)
  const event = {
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    type: 'challenge_passed',
    method: 'totp',
    factorId: 'totp-1',
    ...origin,
  }
  expect(told).toEqual([{ ...event, at: '2030-01-01T00:00:00.000Z' }])
  expect(lines).toEqual([event])
  expect(await count(metrics, 'kit_bff_events_total{')).toBe(1)
})

it('names a subject by its ids and nothing else', () => {
  expect(eventSubject({ kind: 'user', userId: 'u', accountName: 'ada', sessionToken: 'planted' })).toEqual({
    kind: 'user',
    userId: 'u',
  })
  expect(
    eventSubject({
      kind: 'member',
      organizationId: 'o',
      memberId: 'm',
      accountName: 'a',
      intermediateSessionToken: 'planted',
    }),
  ).toEqual({ kind: 'member', organizationId: 'o', memberId: 'm' })
})

it('F48: a hook that fails is told again, the same event, and nobody waits for it', async () => {
  const told: string[] = []
  const done = deferred()
  const { events, metrics } = setUp({
    onEvent: async ({ id }) => {
      told.push(id)
      if (told.length < 3) throw new Error('mail server down')
      done.resolve(undefined)
    },
  })
  events.emit({ type: 'removed', factorId: 'totp-1' }, origin)
  await done.promise
  expect(new Set(told).size).toBe(1)
  expect(await count(metrics, 'kit_bff_event_hook_failures_total')).toBe(2)
})

it('F48: a hook that always fails is told four times and then left, in the log without its words', async () => {
  vi.useFakeTimers()
  let times = 0
  const { events, lines } = setUp({
    onEvent() {
      times++
      throw new Error('planted-secret')
    },
  })
  events.emit({ type: 'upstream_degraded' })
  await vi.advanceTimersByTimeAsync(100_000)
  expect(times).toBe(4)
  expect(lines).toHaveLength(5)
  expect(JSON.stringify(lines)).not.toContain('planted')
})

it('F48: hooks that hang are limited in number, and the rest is counted', async () => {
  let hanging = 0
  const { events, lines, metrics } = setUp({
    onEvent: () => {
      hanging++
      return new Promise<void>(() => {})
    },
  })
  for (let i = 0; i < 1_500; i++) events.emit({ type: 'upstream_degraded' })
  expect(hanging).toBe(1_000)
  expect(lines).toHaveLength(1_500)
  expect(await count(metrics, 'kit_bff_event_hook_failures_total')).toBe(500)
})

function deferred() {
  let resolve = (_value: unknown) => {}
  const promise = new Promise<unknown>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
