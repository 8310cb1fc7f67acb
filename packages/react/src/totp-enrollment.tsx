import { type ReactNode, useEffect, useState } from 'react'
import { Action } from './action.js'
import { AttemptForm, type CodeFormOptions } from './attempt-form.js'
import { CodesToSave, type SiteOptions } from './codes-to-save.js'
import { ErrorAlert } from './error-text.js'
import { Heading } from './heading.js'
import { enrollment, error as errorEnglish, form, recoveryCodes, settings } from './messages/en.js'
import { QrCode } from './qr-code.js'
import { SecretKey } from './secret-key.js'
import { useFormat, useGroup } from './use-messages.js'
import { type TotpEnrollmentOptions, useTotpEnrollment } from './use-totp-enrollment.js'

/** Props of {@link TotpEnrollment}. */
export interface TotpEnrollmentProps
  extends TotpEnrollmentOptions,
    Omit<CodeFormOptions, 'digits'>,
    SiteOptions {
  /** Moves the focus to the heading when it appears: for a page that shows it at a click. Default false. */
  autoFocus?: boolean | undefined
  className?: string | undefined
}

/**
 * Setting up an authenticator app: introduction, QR code and key with the first code, recovery codes, done.
 *
 * `data-kit="enrollment"`, `data-state`: the step of {@link EnrollmentState}.
 */
export function TotpEnrollment({ className, autoSubmit, autoFocus, ...options }: TotpEnrollmentProps) {
  const flow = useTotpEnrollment(options)
  const { state, error, isPending } = flow
  const t = useGroup('enrollment', enrollment)
  const words = useGroup('form', form)
  const { on } = useGroup('settings', settings)
  const errors = useGroup('error', errorEnglish)
  const codeWords = useGroup('recoveryCodes', recoveryCodes)
  const format = useFormat()
  // A page by touch is most likely on the phone that has the app, where nobody can scan it.
  const [isTouch, setTouch] = useState<boolean>()
  useEffect(() => setTouch(window.matchMedia?.('(pointer: coarse)').matches), [])

  const title = /codes|unsaved/.test(state.step) ? codeWords.title : t.title
  const button = (action: string, text: string, onClick: () => unknown) => (
    <Action name={action} busy={isPending || flow.isConfirming} onClick={() => void onClick()}>
      {text}
    </Action>
  )
  const cancel = button('cancel', words.cancel, flow.cancel)

  const content = (): ReactNode => {
    switch (state.step) {
      case 'intro':
        return (
          <>
            <p>{t.intro}</p>
            {options.replace && <p>{t.replace}</p>}
            <div className="kit-actions">
              {state.resumable
                ? button('continue', words.continue, flow.start)
                : button('start', t.title, flow.start)}
              {state.resumable && button('restart', t.restart, flow.restart)}
              {(state.resumable || options.onCancel) && cancel}
            </div>
          </>
        )
      case 'scan': {
        const { otpauthUri, secret } = state.pending
        const link = (
          <p>
            <a href={otpauthUri}>{t.open}</a>
          </p>
        )
        return (
          <>
            {isTouch && link}
            <p>{t.scan}</p>
            <QrCode value={otpauthUri} />
            {!isTouch && link}
            <p>{t.key}</p>
            <SecretKey value={secret} />
            {/* New secrets have 6, whatever a person was imported with. */}
            <AttemptForm digits={6} autoSubmit={autoSubmit} title={t.title} send={flow.confirm}>
              {() => cancel}
            </AttemptForm>
            {state.secondsLeft > 0 && <p role="timer">{format(t.expires, { time: state.secondsLeft })}</p>}
          </>
        )
      }
      case 'expired':
        return (
          <>
            <p>{errors.registration_expired}</p>
            <div className="kit-actions">
              {button('restart', t.restart, flow.restart)}
              {cancel}
            </div>
          </>
        )
      case 'codes':
        return <CodesToSave site={options.site} codes={state.recoveryCodes} onSaved={flow.saved} />
      case 'unsaved':
        return (
          <>
            <p>{t.unsaved}</p>
            <div className="kit-actions">
              {state.canReveal && button('reveal', codeWords.reveal, flow.reveal)}
              {button('saved', codeWords.saved, flow.saved)}
            </div>
          </>
        )
      case 'enrolled':
        return (
          <>
            <p>{errors.already_enrolled}</p>
            {options.onDone && button('continue', words.continue, options.onDone)}
          </>
        )
      case 'done':
        return <p>{on}</p>
    }
  }

  return (
    <section className={className} data-kit="enrollment" data-state={state.step} aria-label={title}>
      {/* After a cancel the step is the same, and the button that had the focus gone. */}
      <Heading step={(state as { resumable?: true }).resumable || state.step} first={autoFocus}>
        {title}
      </Heading>
      {content()}
      <p role="status">{isPending ? words.busy : ''}</p>
      <ErrorAlert error={error} />
    </section>
  )
}
