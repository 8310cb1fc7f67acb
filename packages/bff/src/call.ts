import type { Asker } from './asker.js'

/** Who asks, from where, in which request. */
export interface Call extends Asker {
  requestId: string
  userAgent: string | undefined
  /** How many sign-outs there had been when the request came. */
  leftBefore: number
  /** Names the browser as well as it can be: requests of one may share a verdict, those of two must not. */
  browser: readonly (string | undefined)[]
  /** An IPv4 address, or an IPv6 network. */
  addressKey: string
}
