import { setTimeout as sleep } from 'node:timers/promises'
import { BffError } from './errors.js'

/** @throws BffError upstream_timeout when `promise` takes longer than its patience; it goes on behind */
export async function soon<T>(promise: Promise<T>, patienceMs: number): Promise<T> {
  const patience = new AbortController()
  const late = sleep(patienceMs, undefined, { signal: patience.signal }).then(() => {
    throw new BffError('upstream_timeout')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    patience.abort()
    late.catch(() => {})
    promise.catch(() => {})
  }
}
