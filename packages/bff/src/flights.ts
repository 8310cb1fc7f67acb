/** Runs one task for all who ask for the same thing while it is under way. */
export interface Flights<T> {
  share(key: string, run: () => Promise<T>): Promise<T>
}

/**
 * A double click, two tabs and StrictMode's second effect get one verdict, twice: F40, T101.
 *
 * @param lingerMs how long a success is still answered after it is done, for a second request that was sent
 *   at the same time and arrived late
 */
export function createFlights<T>(lingerMs: number): Flights<T> {
  const underWay = new Map<string, Promise<T>>()
  return {
    share(key, run) {
      const known = underWay.get(key)
      if (known !== undefined) return known
      const flight = run()
      underWay.set(key, flight)
      const forget = () => void underWay.delete(key)
      const linger = () => void setTimeout(forget, lingerMs).unref()
      void flight.then(lingerMs > 0 ? linger : forget, forget)
      return flight
    },
  }
}
