/** Runs one task for all who ask for the same thing while it is under way. */
export interface Flights<T> {
  share(key: string, run: () => Promise<T>): Promise<T>
}

/** Between two looks for those that are over. One timer for all: one each costs 2 µs a request. */
const sweepEveryMs = 50

/**
 * A double click, two tabs and StrictMode's second effect get one verdict, twice: F40, T101.
 *
 * @param lingerMs how long a success is still answered after it is done, up to a twentieth of a second more, for a
 *   second request that was sent at the same time and arrived late
 */
export function createFlights<T>(lingerMs: number): Flights<T> {
  const underWay = new Map<string, Promise<T>>()
  /** Until when a success is answered, the oldest first. */
  const landed = new Map<string, number>()
  let isWatched = false

  const watch = (ms: number) => {
    isWatched = true
    setTimeout(sweep, ms).unref()
  }
  const sweep = () => {
    const now = performance.now()
    for (const [key, untilMs] of landed) {
      if (untilMs > now) break
      landed.delete(key)
      underWay.delete(key)
    }
    isWatched = false
    if (landed.size > 0) watch(sweepEveryMs)
  }

  return {
    share(key, run) {
      const known = underWay.get(key)
      if (known !== undefined) return known
      const flight = run()
      underWay.set(key, flight)
      const forget = () => void underWay.delete(key)
      const linger = () => {
        landed.set(key, performance.now() + lingerMs)
        if (!isWatched) watch(lingerMs)
      }
      void flight.then(lingerMs > 0 ? linger : forget, forget)
      return flight
    },
  }
}
