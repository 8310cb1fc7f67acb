import type { MfaStatus } from '@kit/contract'
import { useState } from 'react'
import { Action } from './action.js'
import { AttemptForm, type CodeFormOptions } from './attempt-form.js'
import { useAuthenticateTotp, useRecover } from './hooks.js'
import { form } from './messages/en.js'
import { useGroup } from './use-messages.js'

interface VerifyProps extends CodeFormOptions {
  title: string
  /** Takes one kind alone, and offers no change to the other. */
  only?: 'code' | 'recovery-code' | undefined
  onPass: (status: MfaStatus) => void
  onCancel?: (() => void) | undefined
  /** Tells which form is shown. */
  onView?: ((view: 'code' | 'recovery-code') => void) | undefined
}

/** A code of the app, or a recovery code instead: one click apart, and the focus goes along. */
export function Verify(props: VerifyProps) {
  const { title, only, onPass, onCancel, onView, autoFocus, ...options } = props
  const t = useGroup('form', form)
  const authenticate = useAuthenticateTotp()
  const recover = useRecover()
  const [view, setView] = useState(only)
  const recovery = view === 'recovery-code'
  const { error, isPending } = recovery ? recover : authenticate
  const other = recovery ? 'code' : 'recovery-code'
  const heading = recovery ? t.useRecovery : title
  return (
    <>
      <h2>{heading}</h2>
      <AttemptForm
        key={other}
        {...options}
        title={heading}
        recovery={recovery}
        autoFocus={autoFocus || view !== only}
        error={error}
        isPending={isPending}
        send={async (value) =>
          onPass(
            await (recovery
              ? recover.mutateAsync({ recoveryCode: value })
              : authenticate.mutateAsync({ code: value })),
          )
        }
      >
        {!only && (
          <Action
            name={`use-${other}`}
            onClick={() => {
              setView(other)
              onView?.(other)
            }}
          >
            {recovery ? t.useCode : t.useRecovery}
          </Action>
        )}
        {onCancel && (
          <Action name="cancel" onClick={onCancel}>
            {t.cancel}
          </Action>
        )}
      </AttemptForm>
    </>
  )
}
