import type { MfaStatus } from '@kit/contract'
import { useEffect, useState } from 'react'
import { Action } from './action.js'
import type { CodeFormOptions } from './attempt-form.js'
import { CodesToSave, type SiteOptions } from './codes-to-save.js'
import { ConfirmPanel } from './confirm-panel.js'
import { useMfa } from './context.js'
import { ErrorAlert } from './error-text.js'
import { Heading } from './heading.js'
import { useRecoveryCodes, useRemoveTotp } from './hooks.js'
import { challenge, error as errorEnglish, form, recoveryCodes, settings } from './messages/en.js'
import { isLow, type NextStep } from './next-step.js'
import { RecoveryStock } from './recovery.js'
import { recovered } from './recovery-words.js'
import { RotatePanel } from './rotate-panel.js'
import { TotpEnrollment } from './totp-enrollment.js'
import { useUnsavedCodes } from './unsaved-codes.js'
import { useFormat, useGroup } from './use-messages.js'
import type { OperationHook } from './use-operation.js'
import { useMfaStatus } from './use-send.js'

/** Props of {@link MfaSettings}. */
export interface MfaSettingsProps extends Omit<CodeFormOptions, 'autoFocus' | 'digits'>, SiteOptions {
  /** Begins with a change: what the person chose after signing in with a recovery code. */
  start?: NextStep | undefined
  className?: string | undefined
}

/** `off` is the setting up. It is sticky: it stays until its last step, though the status says `enrolled` before that. */
type View = 'on' | 'off' | 'replace' | 'rotate' | 'remove'

/**
 * A person's own settings: whether it is on and required, another authenticator app, recovery codes, turning it off.
 * What needs a fresh code asks for it and then goes on by itself.
 *
 * `data-kit="settings"`, `data-state`: `loading`, `off`, `on`, or the change under way: `replace`, `codes`, `rotate`,
 * `remove`.
 */
export function MfaSettings({ className, start, ...options }: MfaSettingsProps) {
  const t = useGroup('settings', settings)
  const { busy } = useGroup('form', form)
  const { title } = useGroup('challenge', challenge)
  const { data: status, error } = useMfaStatus()
  const csrfToken = status?.csrfToken
  const [unsaved, forget] = useUnsavedCodes(csrfToken)
  const [view, setView] = useState<View>(start ?? 'on')
  const reveal = useRecoveryCodes()

  // While rendering, so that the page never shows the settings in between.
  if (unsaved ? view !== 'off' : status && view === 'on' && !status.enrolled) setView('off')

  // biome-ignore lint/correctness/useExhaustiveDependencies: codes that are shown go with their person, and with MFA
  useEffect(reveal.reset, [csrfToken, view])

  const home = () => {
    forget()
    setView('on')
  }
  const state = status ? (reveal.data ? 'codes' : view) : 'loading'

  return (
    <section className={className} data-kit="settings" data-state={state} aria-label={title}>
      {/* The panels of a change have a heading of their own, which takes the focus next. */}
      <Heading step={state}>{title}</Heading>
      <p role="status">{status ? (status.enrolled ? t.on : t.off) : error ? '' : busy}</p>
      {status ? (
        <>
          {status.required && <p>{t.required}</p>}
          {state === 'on' && <Home status={status} reveal={reveal} onView={setView} />}
          {reveal.data && (
            <CodesToSave site={options.site} codes={reveal.data.recoveryCodes} onSaved={reveal.reset} />
          )}
          {view === 'off' && <TotpEnrollment {...options} onDone={home} />}
          {view === 'replace' && (
            <TotpEnrollment {...options} replace autoFocus onDone={home} onCancel={home} />
          )}
          {view === 'rotate' && (
            <RotatePanel
              key={csrfToken}
              site={options.site}
              csrfToken={csrfToken}
              onDone={home}
              onCancel={home}
            />
          )}
          {view === 'remove' && <RemovePanel onDone={home} onCancel={home} />}
        </>
      ) : (
        <ErrorAlert error={error} />
      )}
    </section>
  )
}

interface HomeProps {
  status: MfaStatus
  reveal: OperationHook<'recoveryCodes'>
  onView: (view: View) => void
}

function Home({ status, reveal, onView }: HomeProps) {
  const t = useGroup('settings', settings)
  const codes = useGroup('recoveryCodes', recoveryCodes)
  const { rotate, replace } = useGroup('recovered', recovered)
  const { upstream_unavailable } = useGroup('error', errorEnglish)
  const { capabilities } = status
  const button = (action: string, text: string, onClick: () => void) => (
    <Action name={action} busy={reveal.isPending} onClick={onClick}>
      {text}
    </Action>
  )
  return (
    <>
      {status.stale && <p>{upstream_unavailable}</p>}
      <RecoveryStock
        status={status}
        low={isLow(status.recoveryCodesRemaining)}
        messages={useMfa().messages}
        format={useFormat()}
      />
      <ErrorAlert error={reveal.error} />
      <div className="kit-actions">
        {capabilities.remove && button('restart', replace, () => onView('replace'))}
        {capabilities.reveal && button('reveal', codes.reveal, () => reveal.mutate())}
        {capabilities.rotate && button('rotate', rotate, () => onView('rotate'))}
        {capabilities.remove && !status.required && button('remove', t.remove, () => onView('remove'))}
      </div>
    </>
  )
}

function RemovePanel(panel: { onDone: () => void; onCancel: () => void }) {
  const t = useGroup('settings', settings)
  return (
    <ConfirmPanel title={t.remove} operation={useRemoveTotp()} {...panel}>
      {t.removeBody}
    </ConfirmPanel>
  )
}
