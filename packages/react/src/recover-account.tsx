import type { MfaStatus } from '@kit/contract'
import { useId, useState } from 'react'
import { AfterSignIn, type OnSuccess } from './after-sign-in.js'
import { challenge } from './messages/en.js'
import { RecoveryForm } from './recovery-form.js'
import { useGroup } from './use-messages.js'

/** Props of {@link RecoverAccount}. */
export interface RecoverAccountProps {
  /** The person is verified and has chosen what to do about the lost app: go on. */
  onSuccess?: OnSuccess | undefined
  /** Moves the focus into the field when it appears. Default false. */
  autoFocus?: boolean | undefined
  className?: string | undefined
}

/**
 * Sign-in with a recovery code, on a page of its own.
 *
 * `data-kit="recover"`, `data-state`: `form`, then `after` while the person chooses between a new authenticator app,
 * new recovery codes, and going on.
 */
export function RecoverAccount({ onSuccess, autoFocus, className }: RecoverAccountProps) {
  const t = useGroup('challenge', challenge)
  const [passed, setPassed] = useState<MfaStatus>()
  const titleId = useId()
  return (
    <section className={className} data-kit="recover" data-state={passed ? 'after' : 'form'}>
      {passed ? (
        <AfterSignIn status={passed} onSuccess={onSuccess} />
      ) : (
        <>
          <h2 id={titleId}>{t.recoveryTitle}</h2>
          <RecoveryForm titleId={titleId} onPass={setPassed} autoFocus={autoFocus} />
        </>
      )}
    </section>
  )
}
