import { BoundedMap } from './bounded-map.js'

/** One number that is counted. */
export interface Counter {
  /** What is counted, and of whom. */
  key: string
  max: number
  windowMs: number
}

/** How much of a window is left where it is full; null where there is room. */
export type FullForMs = number | null

/** Where counts are kept. */
export interface Counts {
  /** Counts one in each, whole. The longest wait of those that are over their limit. */
  add(counters: readonly Counter[]): FullForMs
  subtract(counters: readonly Counter[]): void
}

/** At some 300 bytes each, 15 MB. Beyond, the windows that began first are forgotten: T34. */
const maxCounters = 50_000

/** Counts of this process. `clock` is in milliseconds and never goes back. */
export function createMemoryCounts(clock: () => number): Counts {
  const windows = new BoundedMap<string, { count: number; endsAt: number }>(maxCounters)

  return {
    add(counters) {
      const now = clock()
      let waitMs: FullForMs = null
      for (const { key, max, windowMs } of counters) {
        let window = windows.get(key)
        if (!window || window.endsAt <= now) {
          window = { count: 0, endsAt: now + windowMs }
          windows.set(key, window)
        }
        window.count++
        if (window.count > max) waitMs = Math.max(waitMs ?? 0, window.endsAt - now)
      }
      return waitMs
    },
    subtract(counters) {
      for (const { key } of counters) {
        const window = windows.get(key)
        if (window && window.count > 0) window.count--
      }
    },
  }
}
