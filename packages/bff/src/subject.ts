import type { IncomingMessage } from 'node:http'
import type { TotpClient } from '@kit/totp-client'

/**
 * Who is asking, in the host's words. `accountName` is what authenticator apps show. `sessionId` is the host's
 * own sign-in: another value voids the cookie, so that a new sign-in is never born verified. `sessionToken` or
 * `intermediateSessionToken` is the provider's, from a first factor that the provider has seen.
 */
export type Subject =
  | {
      kind: 'user'
      /**
       * 1 to 128 of `A-Z a-z 0-9 . _ | -`, an organization's slug also of `~`, and not `.` or `..`, as all ids: they
       * end up in paths of the provider. Anything else is answered with `internal`, and the log names the field.
       */
      userId: string
      accountName: string
      sessionId?: string | undefined
      sessionToken?: string | undefined
    }
  | {
      kind: 'member'
      organizationId: string
      memberId: string
      accountName: string
      sessionId?: string | undefined
      sessionToken?: string | undefined
      intermediateSessionToken?: string | undefined
    }

/** Tells who is asking; null is nobody. What it throws is answered as an error and never counts as nobody. */
export type Identify = (req: IncomingMessage) => Subject | null | Promise<Subject | null>

/** What a ready-made strategy may need of the BFF that it serves. */
export interface IdentityContext {
  upstream: TotpClient
  /** Milliseconds since the epoch. */
  now: () => number
  /** Counts a question to the provider before anybody is known. @throws BffError rate_limited, by the client's address */
  limitQuestions: (req: IncomingMessage) => Promise<void>
  /** For the log at level `debug`: why a token that came is nobody's. Nothing of the token may be in it. */
  tokenRefused: (reason: string) => void
}

/** What a connected strategy is. */
export interface ConnectedIdentify extends Identify {
  /**
   * Who the provider last said it was, where that is too old to count; null otherwise. For what changes and proves
   * nothing, while the provider cannot be asked. With `evenOver`, also where the session has ended since.
   */
  lastKnown?(req: IncomingMessage, evenOver: boolean): Subject | null
}

/** A strategy that asks the provider: `createBff` connects it. */
export interface IdentityStrategy {
  connect(context: IdentityContext): ConnectedIdentify
}
