import { expect, test } from 'vitest'
import { Refusal } from './problem.js'
import { createThrottle } from './throttle.js'

function refusalOf(run: () => unknown): Refusal | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  return undefined
}

test('an account has ten attempts in a quarter of an hour, from any address', () => {
  let now = 0
  const throttle = createThrottle(() => now)
  const guess = (n: number) => throttle.attempt({ account: 'ada', address: `192.0.2.${n}` })
  for (let n = 0; n < 10; n++) guess(n)
  expect(refusalOf(() => guess(11))).toMatchObject({
    code: 'rate_limited',
    details: { retryAfterSeconds: 900 },
  })
  expect(refusalOf(() => throttle.attempt({ account: 'bob', address: '192.0.2.1' }))).toBeUndefined()
  now = 15 * 60_000
  expect(refusalOf(() => guess(12))).toBeUndefined()
})

test('an address has a hundred attempts, over all accounts', () => {
  const throttle = createThrottle(() => 0)
  for (let n = 0; n < 100; n++) throttle.attempt({ account: `a${n}`, address: '192.0.2.1' })
  expect(refusalOf(() => throttle.attempt({ account: 'b', address: '192.0.2.1' }))?.code).toBe('rate_limited')
})

test('a success gives its account and its address their attempts back', () => {
  const throttle = createThrottle(() => 0)
  for (let n = 0; n < 300; n++) throttle.attempt({ account: 'ada', address: '192.0.2.1' }).succeeded()
  expect(refusalOf(() => throttle.attempt({ account: 'ada', address: '192.0.2.1' }))).toBeUndefined()
})

test('attempts on endless accounts do not fill the memory', () => {
  const throttle = createThrottle(() => 0)
  for (let n = 0; n < 30_000; n++) throttle.attempt({ account: `a${n}`, address: `${n}` })
  expect(throttle.size()).toBeLessThanOrEqual(10_000)
})
