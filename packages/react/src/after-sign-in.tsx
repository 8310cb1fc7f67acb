import type { MfaStatus } from '@kit/contract'
import { form, recovered } from './messages/en.js'
import { isLow, RecoveryStock } from './recovery-stock.js'
import { useGroup } from './use-messages.js'
import { useStepFocus } from './use-step-focus.js'

/** What a person chose to see to first: a new authenticator app, or new recovery codes. */
export type NextStep = 'replace' | 'rotate'

/** Takes the person on; `next` is where {@link MfaSettings} should begin: `<MfaSettings start={next} />`. */
export type OnSuccess = (status: MfaStatus, next?: NextStep) => void

/** Whether there is something to say between a good code and the host's page: mostly there is not. */
export const needsChoice = ({ verified, recoveryCodesRemaining }: MfaStatus): boolean =>
  verified?.method === 'recovery_code' || isLow(recoveryCodesRemaining)

/** After a recovery code, or with few of them left: set up another app, make new codes, or go on. */
export function AfterSignIn({ status, onSuccess }: { status: MfaStatus; onSuccess: OnSuccess | undefined }) {
  const t = useGroup('recovered', recovered)
  const words = useGroup('form', form)
  const heading = useStepFocus('choice', true)
  const { capabilities, recoveryCodesRemaining, verified } = status
  const byRecoveryCode = verified?.method === 'recovery_code'
  const button = (action: string, text: string, next?: NextStep) => (
    <button type="button" data-kit-action={action} onClick={() => onSuccess?.(status, next)}>
      {text}
    </button>
  )
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {byRecoveryCode ? t.title : words.verified}
      </h2>
      {byRecoveryCode && <p>{t.body}</p>}
      <RecoveryStock remaining={recoveryCodesRemaining} />
      <div className="kit-actions">
        {byRecoveryCode && capabilities.remove && button('restart', t.replace, 'replace')}
        {capabilities.rotate && button('rotate', t.rotate, 'rotate')}
        {button('continue', words.continue)}
      </div>
    </>
  )
}
