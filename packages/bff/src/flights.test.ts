import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createFlights } from './flights.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('runs once for all who ask at the same time, and again for whoever comes after', async () => {
  const flights = createFlights<number>(0)
  let runs = 0
  const run = async () => ++runs
  expect(await Promise.all([flights.share('a', run), flights.share('a', run)])).toEqual([1, 1])
  expect(await flights.share('a', run)).toBe(2)
  expect(await Promise.all([flights.share('a', run), flights.share('b', run)])).toEqual([3, 4])
})

it('answers a success a little longer, and never a failure', async () => {
  const flights = createFlights<number>(500)
  let runs = 0
  const run = async () => ++runs
  await flights.share('a', run)
  await vi.advanceTimersByTimeAsync(499)
  expect(await flights.share('a', run)).toBe(1)
  await vi.advanceTimersByTimeAsync(2)
  expect(await flights.share('a', run)).toBe(2)

  const fail = async () => {
    throw new Error(`${++runs}`)
  }
  await expect(Promise.all([flights.share('b', fail), flights.share('b', fail)])).rejects.toThrow('3')
  await expect(flights.share('b', fail)).rejects.toThrow('4')
})
