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

/** As much of the client as it takes. */
interface Asking {
  kit: Pick<TotpClient['kit'], 'capabilities'>
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
export function createCapabilities(client: Asking, now: () => number): () => Promise<ProviderCapabilities> {
  let known = plainWire
  let isTold = false
  /** What was heard last, or that nothing was, counts from when on and for how long. */
  let countsFromMs = 0
  let countsForMs = 0
  let asking: Promise<void> | undefined

  /** Once the clock was set back, nobody can tell how old an answer is: F44. */
  const counts = () => countsFromMs <= now() && now() < countsFromMs + countsForMs
  const count = (forMs: number) => {
    countsFromMs = now()
    countsForMs = forMs
  }

  const tell = (capabilities: ProviderCapabilities) => {
    known = capabilities
    isTold = true
    count(rememberMs)
  }

  const ask = async () => {
    count(restMs)
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
    if (!counts()) asking ??= ask()
    if (!isTold && asking !== undefined)
      await Promise.race([asking, sleep(patienceMs, undefined, { ref: false })])
    return known
  }
}
