import { jwt } from './identity-jwt.js'
import { stytchSession } from './identity-stytch.js'
import { trustedHeaders } from './identity-trusted-headers.js'
import type { ConnectedIdentify, Identify, IdentityContext, IdentityStrategy } from './subject.js'

export type { Identify, IdentityContext, IdentityStrategy, Subject } from './subject.js'

/** Turns either form of the option `identify` into the function. */
export function toIdentify(
  identify: Identify | IdentityStrategy,
  context: IdentityContext,
): ConnectedIdentify {
  return 'connect' in identify ? identify.connect(context) : identify
}

/** The ready-made strategies. */
export const identity = { stytchSession, jwt, trustedHeaders }
