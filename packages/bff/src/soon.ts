import { BffError } from './errors.js'

/** @throws BffError upstream_timeout when `promise` takes longer than its patience; it goes on behind */
export function soon<T>(promise: Promise<T>, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new BffError('upstream_timeout')), patienceMs)
    promise.then(
      (value) => {
        clearTimeout(late)
        resolve(value)
      },
      (error) => {
        clearTimeout(late)
        reject(error)
      },
    )
  })
}
