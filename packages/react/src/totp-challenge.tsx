import { type SignInProps, Verify } from './verify.js'

/** Props of {@link TotpChallenge}. */
export type TotpChallengeProps = SignInProps

/**
 * Sign-in with a code of the authenticator app, or with a recovery code instead.
 *
 * `data-kit="challenge"`, `data-state`: `code`, `recovery-code`, or `after` where a recovery code was used or few
 * are left and the person chooses what to do about it.
 */
export function TotpChallenge(props: TotpChallengeProps) {
  return <Verify {...props} kit="challenge" />
}
