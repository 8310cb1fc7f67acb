import { TotpClientError } from '@kit/totp-client'
import { expect, it } from 'vitest'
import { createCapabilities } from './capabilities.js'

const away = new TotpClientError('unreachable', { endpoint: 'kit.capabilities', reason: 'ECONNREFUSED' })
const answer = {
  status_code: 200,
  request_id: 'r',
  rotate_consumer: true,
  sessions: true,
  reveal_recovery_codes: false,
}

/** A provider that can be away, and a clock that can be set. */
function start(isAway: boolean) {
  const world = { isAway, nowMs: Date.parse('2026-11-22T00:00:00Z'), asked: 0 }
  const ask = async () => {
    world.asked++
    if (world.isAway) throw away
    return answer
  }
  return { world, capabilities: createCapabilities({ kit: { capabilities: ask } }, () => world.nowMs) }
}

it('asks once in ten minutes, and every five seconds while there is no answer', async () => {
  const { world, capabilities } = start(true)
  const askedAfter = async (ms: number) => {
    world.nowMs += ms
    await capabilities()
    return world.asked
  }
  expect(await capabilities()).toMatchObject({ plainWire: true, rotateForUsers: false })
  expect(await askedAfter(4_999)).toBe(1)
  world.isAway = false
  expect(await askedAfter(1)).toBe(2)
  expect(await capabilities()).toEqual({ plainWire: false, rotateForUsers: true, reveal: false })
  expect(await askedAfter(599_999)).toBe(2)
  expect(await askedAfter(1)).toBe(3)
})

it.each([
  ['there is no answer', true],
  ['there is one', false],
])('F44: asks again at once where the clock was set back while %s', async (_when, isAway) => {
  const { world, capabilities } = start(isAway)
  await capabilities()
  world.isAway = false
  world.nowMs -= 3_600_000
  expect(await capabilities()).toMatchObject({ rotateForUsers: true })
  await capabilities()
  expect(world.asked).toBe(2)
})
