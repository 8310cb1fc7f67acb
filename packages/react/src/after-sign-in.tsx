import type { MfaStatus } from '@kit/contract'
import { Action } from './action.js'
import { form, recovered } from './messages/en.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'
import { useStepFocus } from './use-step-focus.js'

/** What a person chose to see to first: a new authenticator app, or new recovery codes. */
export type NextStep = 'replace' | 'rotate'

/** Takes the person on; `next` is where {@link MfaSettings} should begin: `<MfaSettings start={next} />`. */
export type OnSuccess = (status: MfaStatus, next?: NextStep) => void

/** Whether the person should hear how few recovery codes are left: three or fewer. `null` means that nobody knows. */
const isLow = (remaining: number | null): boolean => remaining !== null && remaining < 4

/** How many recovery codes are left, with a warning when they are few or none. */
export function RecoveryStock({ remaining }: { remaining: number | null }) {
  const t = useGroup('recovered', recovered)
  const locale = useLocale()
  const low = isLow(remaining)
  return (
    remaining !== null && (
      <p className="kit-stock" data-state={low ? 'low' : 'enough'}>
        {formatMessage(locale, t.left, { count: remaining })} {low && t.low}
      </p>
    )
  )
}

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
