import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Runs `work` and counts the HMAC-SHA-1s it makes, which nothing but codes of authenticator apps is made by. */
export async function countHmacs(work: () => unknown): Promise<number> {
  const original = crypto.createHmac
  let count = 0
  crypto.createHmac = (...args) => {
    if (args[0].toUpperCase() === 'SHA1') count++
    return original(...args)
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    crypto.createHmac = original
    syncBuiltinESMExports()
  }
  return count
}
