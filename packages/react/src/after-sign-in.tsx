import type { MfaStatus } from '@kit/contract'
import { Action } from './action.js'
import { form, recovered } from './messages/en.js'
import { isLow, RecoveryStock } from './recovery-stock.js'
import { useGroup } from './use-messages.js'
import { useStepFocus } from './use-step-focus.js'

/** What a person chose to see to first: a new authenticator app, or new recovery codes. */
export type NextStep = 'replace' | 'rotate'

/** Takes the person on; `next` is where {@link MfaSettings} should begin: `<MfaSettings start={next} />`. */
export type OnSuccess = (status: MfaStatus, next?: NextStep) => void

const byRecoveryCode = ({ verified }: MfaStatus) => verified?.method === 'recovery_code'

/** Whether there is something to say between a good code and the host's page: mostly there is not. */
export const needsChoice = (status: MfaStatus): boolean =>
  byRecoveryCode(status) || isLow(status.recoveryCodesRemaining)

/** After a recovery code, or with few of them left: set up another app, make new codes, or go on. */
export function AfterSignIn({ status, onSuccess }: { status: MfaStatus; onSuccess: OnSuccess | undefined }) {
  const t = useGroup('recovered', recovered)
  const words = useGroup('form', form)
  const heading = useStepFocus('after', true)
  const { capabilities, recoveryCodesRemaining } = status
  const button = (name: string, text: string, next?: NextStep) => (
    <Action name={name} onClick={() => onSuccess?.(status, next)}>
      {text}
    </Action>
  )
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {t.title}
      </h2>
      {byRecoveryCode(status) && <p>{t.body}</p>}
      <RecoveryStock remaining={recoveryCodesRemaining} />
      <div className="kit-actions">
        {byRecoveryCode(status) && capabilities.remove && button('restart', t.replace, 'replace')}
        {capabilities.rotate && button('rotate', t.rotate, 'rotate')}
        {button('continue', words.continue)}
      </div>
    </>
  )
}
