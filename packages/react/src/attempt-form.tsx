import { type ReactNode, useRef, useState } from 'react'
import { Action } from './action.js'
import { CodeInput } from './code-input.js'
import { useMfa } from './context.js'
import { ErrorText } from './error-text.js'
import { form as english } from './messages/en.js'
import { isRefusal, MfaError, maySpend } from './mfa-error.js'
import { useCountdown } from './use-countdown.js'
import { useFormat, useGroup } from './use-messages.js'

/** What every form with a code takes. */
export interface CodeFormOptions {
  /** Digits of a code. Default: those of the provider. */
  digits?: 6 | 8 | undefined
  /** Sends the code by itself with its last digit, and says so beforehand. Default true. */
  autoSubmit?: boolean | undefined
  /** Moves the focus to the form when it appears. Default false. */
  autoFocus?: boolean | undefined
}

interface AttemptFormProps extends CodeFormOptions {
  /** The form's accessible name. */
  title: string
  /** Asks for a recovery code instead of a code of the app. */
  recovery?: typeof import('./recovery.js') | null | undefined
  /** Sends a value to be judged; rejects with {@link MfaError}. */
  send: (value: string) => Promise<unknown>
  /** Further buttons; `attempt` runs what one of them does as the form's own sending is run, and says what failed. */
  children?: (attempt: (action: () => Promise<unknown>) => void) => ReactNode
}

/**
 * A form with one field that the server judges. It sends once at a time; a value that is refused or may be spent is
 * said, cleared, and the focus stays; a wait that the server asks for is counted down, and nothing is sent meanwhile.
 * After a success it stays busy until its host takes it away: Enter must not send the spent code again.
 */
export function AttemptForm(props: AttemptFormProps) {
  const mfa = useMfa()
  const { title, recovery, digits = mfa.digits, autoSubmit = true, autoFocus, send, children } = props
  const t = useGroup('form', english)
  const hint = useFormat()(t.digits, { count: digits })
  const [value, setValue] = useState('')
  // False while something is sent, and after a success.
  const [failure, setFailure] = useState<MfaError | string | false>()
  const [until, setUntil] = useState<number>()
  const ref = useRef<HTMLInputElement>(null)
  // Known at once, unlike busy: the last digit and Enter may come before the next render.
  const sending = useRef(false)
  const wait = useCountdown(until)
  const busy = failure === false
  const waited = until && !wait

  const attempt = async (action: () => Promise<unknown>) => {
    if (sending.current) return
    sending.current = true
    setFailure(false)
    try {
      await action()
    } catch (cause) {
      const error = cause instanceof MfaError ? cause : new MfaError('internal')
      setFailure(error)
      setUntil(error.retryAfterSeconds && Date.now() + error.retryAfterSeconds * 1000)
      if (isRefusal(error) || maySpend(error.code)) setValue('')
      ref.current?.focus()
      sending.current = false
    }
  }

  const submit = (typed: string) => {
    const next = recovery ? recovery.plainRecoveryCode(typed) : typed
    ref.current?.focus()
    if (wait) return
    if (next.length < (recovery ? 1 : digits)) setFailure(recovery ? t.useRecovery : hint)
    else void attempt(() => send(next))
  }

  const problem = failure instanceof MfaError ? !waited && <ErrorText error={failure} wait={wait} /> : failure
  const field = { ref, value, autoFocus }

  return (
    <form
      className="kit-form"
      // Sent before the script is there, it would put the code into the address otherwise.
      method="post"
      data-state={busy ? 'checking' : wait ? 'waiting' : failure ? 'error' : 'idle'}
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        submit(value)
      }}
    >
      {recovery ? (
        <recovery.RecoveryField
          field={field}
          messages={mfa.messages}
          error={problem}
          busy={busy}
          onChange={setValue}
        />
      ) : (
        <CodeInput
          {...field}
          name="code"
          length={digits}
          label={t.code}
          hint={autoSubmit ? `${hint} ${t.auto}` : hint}
          error={problem}
          busy={busy}
          onChange={setValue}
          onComplete={autoSubmit ? submit : undefined}
        />
      )}
      <p role="status">{busy ? t.busy : waited ? t.again : ''}</p>
      <div className="kit-actions">
        <Action name="submit" type="submit" busy={busy || !!wait}>
          {t.submit}
        </Action>
        {children?.(attempt)}
      </div>
    </form>
  )
}
