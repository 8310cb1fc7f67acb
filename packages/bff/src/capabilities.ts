import { setTimeout as sleep } from 'node:timers/promises'
import { type TotpClient, TotpClientError } from '@kit/totp-client'

/** What this provider can do beyond the plain wire. */
export interface ProviderCapabilities {
  /** Only the plain wire: nothing is known of its memory of spent codes. */
  plainWire: boolean
  rotateForUsers: boolean
  /** Unused recovery codes can be read again. */
  reveal: boolean
}

/** What the vendor's own wire has. */
const plainWire: ProviderCapabilities = { plainWire: true, rotateForUsers: false, reveal: true }
const rememberMs = 600_000
/** Until the next question after one that got no answer. */
const restMs = 5_000
/** How long the first requests wait for the first answer. */
const patienceMs = 1_000

/**
 * Asks the provider once in ten minutes, behind the requests but for the first. A 404 is the plain wire. While it
 * cannot be asked, what was last known holds, and before that the plain wire, which promises least.
 */
export function createCapabilities(
  client: TotpClient,
  now: () => number,
): () => Promise<ProviderCapabilities> {
  let known = plainWire
  let isTold = false
  let askAgainAtMs = 0
  let asking: Promise<void> | undefined

  const tell = (capabilities: ProviderCapabilities) => {
    known = capabilities
    isTold = true
    askAgainAtMs = now() + rememberMs
  }

  const ask = async () => {
    askAgainAtMs = now() + restMs
    try {
      const answer = await client.kit.capabilities({})
      tell({
        plainWire: false,
        rotateForUsers: answer.rotate_consumer,
        reveal: answer.reveal_recovery_codes !== false,
      })
    } catch (error) {
      if (error instanceof TotpClientError && error.code === 'refused' && error.status === 404)
        tell(plainWire)
    }
    asking = undefined
  }

  return async () => {
    if (now() >= askAgainAtMs) asking ??= ask()
    if (!isTold && asking !== undefined)
      await Promise.race([asking, sleep(patienceMs, undefined, { ref: false })])
    return known
  }
}
