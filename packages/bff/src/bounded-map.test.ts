import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BoundedMap } from './bounded-map.js'

it('keeps what was set last, whatever is set again or deleted between', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (list) => {
      const map = new BoundedMap<number, number>(4)
      let expected: number[] = []
      for (const [keep, key] of list) {
        expected = expected.filter((other) => other !== key)
        if (keep) expected = [...expected, key].slice(-4)
        if (keep) map.set(key, key)
        else map.delete(key)
        expect([...map.keys()]).toEqual(expected)
      }
    }),
  )
})

it('T34: costs the same when it is full', () => {
  const map = new BoundedMap<string, number>(50_000)
  const before = process.cpuUsage()
  for (let i = 0; i < 200_000; i++) map.set(`key ${i}`, i)
  expect(map.size).toBe(50_000)
  // Walking over what was deleted took 4.5 seconds of processor time here.
  expect(process.cpuUsage(before).user).toBeLessThan(1_500_000)
})

it('T34: lets go of what was set anew, also where it is never full', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const map = new BoundedMap<string, number[]>(50_000)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 200_000; i++) map.set(`key ${i % 100}`, [i])
  collect()
  expect(map.size).toBe(100)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1024 * 1024)
})
