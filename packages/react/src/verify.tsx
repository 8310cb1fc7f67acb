import type { MfaStatus } from '@kit/contract'
import { useId, useState } from 'react'
import { CodeForm, type CodeFormOptions } from './code-form.js'
import { useAuthenticateTotp } from './hooks.js'
import { challenge, form } from './messages/en.js'
import { RecoveryForm } from './recovery-form.js'
import { useGroup } from './use-messages.js'

interface VerifyProps extends CodeFormOptions {
  title: string
  hint?: string | undefined
  /** Offers no recovery code. */
  codeOnly?: boolean | undefined
  onPass: (status: MfaStatus) => void
  onCancel?: (() => void) | undefined
  /** Tells which form is shown. */
  onView?: ((view: 'code' | 'recovery-code') => void) | undefined
}

/** A code of the app, or a recovery code instead: one click apart, the focus goes along. */
export function Verify({
  title,
  hint,
  codeOnly,
  onPass,
  onCancel,
  onView,
  autoFocus,
  ...options
}: VerifyProps) {
  const t = useGroup('form', form)
  const { recoveryTitle } = useGroup('challenge', challenge)
  const { mutateAsync, error, isPending } = useAuthenticateTotp()
  const [view, setView] = useState<'code' | 'recovery-code'>()
  const titleId = useId()
  const show = (next: 'code' | 'recovery-code') => {
    setView(next)
    onView?.(next)
  }
  const back = onCancel && (
    <button type="button" data-kit-action="cancel" onClick={onCancel}>
      {t.cancel}
    </button>
  )

  if (view === 'recovery-code')
    return (
      <div data-kit="recover" data-state="form">
        <h2 id={titleId}>{recoveryTitle}</h2>
        <RecoveryForm titleId={titleId} onPass={onPass} autoFocus>
          <button type="button" data-kit-action="use-code" onClick={() => show('code')}>
            {t.useCode}
          </button>
          {back}
        </RecoveryForm>
      </div>
    )
  return (
    <>
      <h2 id={titleId}>{title}</h2>
      {hint && <p>{hint}</p>}
      <CodeForm
        {...options}
        titleId={titleId}
        autoFocus={autoFocus || view === 'code'}
        error={error}
        isPending={isPending}
        send={async (code) => onPass(await mutateAsync({ code }))}
      >
        {!codeOnly && (
          <button type="button" data-kit-action="use-recovery-code" onClick={() => show('recovery-code')}>
            {t.useRecoveryCode}
          </button>
        )}
        {back}
      </CodeForm>
    </>
  )
}
