import type { MfaStatus } from '@kit/contract'
import { useState } from 'react'
import { AfterSignIn, needsChoice, type OnSuccess } from './after-sign-in.js'
import type { CodeFormOptions } from './code-form.js'
import { challenge } from './messages/en.js'
import { useGroup } from './use-messages.js'
import { Verify } from './verify.js'

/** Props of {@link TotpChallenge}. */
export interface TotpChallengeProps extends CodeFormOptions {
  /** The person is verified: go on to the page they want, or to `<MfaSettings start={next} />`. */
  onSuccess?: OnSuccess | undefined
  /** Shows a button that leaves the challenge. */
  onCancel?: (() => void) | undefined
  className?: string | undefined
}

/**
 * Sign-in with a code of the authenticator app, or with a recovery code instead.
 *
 * `data-kit="challenge"`, `data-state`: `code`, `recovery-code`, or `after` where a recovery code was used or few
 * are left and the person chooses what to do about it.
 */
export function TotpChallenge({ onSuccess, onCancel, className, ...options }: TotpChallengeProps) {
  const t = useGroup('challenge', challenge)
  const [view, setView] = useState<'code' | 'recovery-code'>('code')
  const [passed, setPassed] = useState<MfaStatus>()
  return (
    <section className={className} data-kit="challenge" data-state={passed ? 'after' : view}>
      {passed ? (
        <AfterSignIn status={passed} onSuccess={onSuccess} />
      ) : (
        <Verify
          {...options}
          title={t.title}
          onView={setView}
          onPass={(status) => (needsChoice(status) ? setPassed(status) : onSuccess?.(status))}
          onCancel={onCancel}
        />
      )}
    </section>
  )
}
