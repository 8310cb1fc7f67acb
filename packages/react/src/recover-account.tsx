import * as recovery from './recovery.js'
import { type SignInProps, Verify } from './verify.js'

/** Props of {@link RecoverAccount}. */
export type RecoverAccountProps = Omit<SignInProps, 'digits' | 'autoSubmit'>

/**
 * Sign-in with a recovery code, on a page of its own.
 *
 * `data-kit="recover"`, `data-state`: `recovery-code`, then `after` while the person chooses between a new
 * authenticator app, new recovery codes, and going on.
 */
export function RecoverAccount(props: RecoverAccountProps) {
  return <Verify {...props} kit="recover" recovery={recovery} />
}
