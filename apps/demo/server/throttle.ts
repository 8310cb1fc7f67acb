import { Refusal } from './problem.js'

const windowMs = 15 * 60_000
const maxKeys = 10_000

/**
 * Counts sign-in attempts by account and by address, in this process. Each attempt is counted before its password
 * is judged, so parallel guesses cannot slip through; a success gives its own attempts back.
 */
export function createThrottle(clock: () => number = Date.now) {
  const windows = new Map<string, { count: number; endsAt: number }>()

  const take = (key: string, limit: number) => {
    const now = clock()
    let window = windows.get(key)
    if (!window || window.endsAt <= now) {
      window = { count: 0, endsAt: now + windowMs }
      windows.delete(key)
      windows.set(key, window)
      // The map is in the order of time, so the first is the one that would end first.
      const [oldest] = windows.keys()
      if (windows.size > maxKeys && oldest !== undefined) windows.delete(oldest)
    }
    if (window.count >= limit) {
      throw new Refusal('rate_limited', { retryAfterSeconds: Math.ceil((window.endsAt - now) / 1000) })
    }
    window.count += 1
  }

  const giveBack = (key: string) => {
    const window = windows.get(key)
    if (window) window.count -= 1
  }

  return {
    size: () => windows.size,
    /** @throws {Refusal} `rate_limited` when the account or the address has used its attempts up. */
    attempt({ account, address }: { account: string; address: string }) {
      const accountKey = `account ${account}`
      const addressKey = `address ${address}`
      take(addressKey, 100)
      take(accountKey, 10)
      return {
        succeeded() {
          windows.delete(accountKey)
          giveBack(addressKey)
        },
      }
    },
  }
}
