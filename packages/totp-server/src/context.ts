import type { Environment } from './ids.js'
import type { JwtSigner } from './jwt.js'
import type { RandomBytes } from './random.js'
import type { Keyring } from './seal.js'
import type { AttemptLimits, RecoveryLimits, Store } from './store.js'

/** The one that signs, and further ones whose JWTs count. */
export type Signers = readonly [JwtSigner, ...JwtSigner[]]

/** What every operation works with. */
export interface Context {
  readonly store: Store
  readonly projectId: string
  readonly environment: Environment
  /** Issuer that authenticator apps show. */
  readonly projectName: string
  readonly keyring: Keyring
  readonly attemptLimits: AttemptLimits
  readonly recoveryLimits: RecoveryLimits
  /** `hashed` keeps no copy that could be told again. */
  readonly recoveryCodes: 'sealed' | 'hashed'
  readonly autoProvision: boolean
  readonly random: RandomBytes
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The signer of this project's JWTs first, then those of other algorithms it has used. */
  readonly signers: () => Promise<Signers>
  /** The same, read anew: another process may have begun with another algorithm. */
  readonly freshSigners: () => Promise<Signers>
}
