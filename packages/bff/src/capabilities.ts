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

/**
 * Asks the provider once in ten minutes. A 404 is the plain wire. While it cannot be asked, what was last known
 * holds, and before that the plain wire, which promises least.
 */
export function createCapabilities(
  client: TotpClient,
  now: () => number,
): () => Promise<ProviderCapabilities> {
  let known = plainWire
  let askAgainAtMs = 0
  let asking: Promise<ProviderCapabilities> | undefined

  const ask = async () => {
    try {
      const answer = await client.kit.capabilities({})
      known = {
        plainWire: false,
        rotateForUsers: answer.rotate_consumer,
        reveal: answer.reveal_recovery_codes !== false,
      }
      askAgainAtMs = now() + rememberMs
    } catch (error) {
      if (error instanceof TotpClientError && error.code === 'refused' && error.status === 404) {
        known = plainWire
        askAgainAtMs = now() + rememberMs
      }
    }
    asking = undefined
    return known
  }

  return async () => {
    if (now() < askAgainAtMs) return known
    asking ??= ask()
    return asking
  }
}
