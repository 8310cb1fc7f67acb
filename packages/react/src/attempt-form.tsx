import { type ReactNode, useId, useMemo, useRef, useState } from 'react'
import { CodeInput } from './code-input.js'
import { ErrorText } from './error-text.js'
import { form as english, error as errorEnglish } from './messages/en.js'
import { isRefusal, type MfaError } from './mfa-error.js'
import { useCountdown } from './use-countdown.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'

/** What every form with a code takes. */
export interface CodeFormOptions {
  /** Digits of a code. Default 6; 8 for secrets that were imported so. */
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
  recovery?: boolean | undefined
  /** Sends a value to be judged; rejects with {@link MfaError}. */
  send: (value: string) => Promise<unknown>
  error: MfaError | null
  isPending: boolean
  /** Further buttons. */
  children?: ReactNode
}

/**
 * What a person typed as the contract takes it: any width, any dash, any space, at most 64 characters; what no code
 * can hold falls away. Case and look-alikes are for the server, which knows the alphabet.
 */
const plainRecoveryCode = (text: string) =>
  text
    .normalize('NFKC')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/\s+/g, ' ')
    .replace(/[^\w -]|_/g, '')
    .trim()
    .slice(0, 64)

/**
 * A form with one field that the server judges. It sends once at a time; a refused value is said, cleared, and the
 * focus stays; a wait that the server asks for is counted down, and nothing is sent meanwhile.
 */
export function AttemptForm(props: AttemptFormProps) {
  const {
    title,
    recovery,
    digits = 6,
    autoSubmit = true,
    autoFocus,
    send,
    error,
    isPending,
    children,
  } = props
  const t = useGroup('form', english)
  const { invalid_recovery_code } = useGroup('error', errorEnglish)
  const hint = formatMessage(useLocale(), t.digits, { count: digits })
  const [value, setValue] = useState('')
  const [missing, setMissing] = useState(false)
  const ref = useRef<HTMLInputElement>(null)
  // Known at once, unlike isPending: the last digit and Enter may come before the next render.
  const sending = useRef(false)
  const until = useMemo(
    () => error?.retryAfterSeconds && Date.now() + error.retryAfterSeconds * 1000,
    [error],
  )
  const wait = useCountdown(until)
  const waited = until && !wait
  const id = useId()

  const submit = async (typed: string) => {
    const next = recovery ? plainRecoveryCode(typed) : typed
    const partial = next.length < (recovery ? 1 : digits)
    ref.current?.focus()
    if (sending.current || wait) return
    setMissing(partial)
    if (partial) return
    sending.current = true
    try {
      await send(next)
    } catch (refusal) {
      if (isRefusal(refusal)) setValue('')
      ref.current?.focus()
    }
    sending.current = false
  }

  const problem = missing
    ? recovery
      ? invalid_recovery_code
      : hint
    : error && !isPending && !waited && <ErrorText error={error} wait={wait} />
  const field = { ref, value, autoFocus }

  return (
    <form
      className="kit-form"
      data-state={isPending ? 'checking' : wait ? 'waiting' : error ? 'error' : 'idle'}
      aria-label={title}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit(value)
      }}
    >
      {recovery ? (
        <div className="kit-field">
          <label htmlFor={id}>{t.recovery}</label>
          <p id={`${id}h`}>{t.forgiving}</p>
          <input
            {...field}
            id={id}
            name="recovery-code"
            data-kit="recovery-code-input"
            data-state={value ? 'filled' : 'empty'}
            type="text"
            inputMode="text"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            translate="no"
            dir="ltr"
            readOnly={isPending}
            aria-busy={isPending}
            aria-invalid={!!problem}
            aria-describedby={`${id}h ${id}e`}
            onChange={(event) => setValue(event.target.value)}
          />
          <p role="alert" id={`${id}e`}>
            {problem}
          </p>
        </div>
      ) : (
        <CodeInput
          {...field}
          name="code"
          length={digits}
          label={t.code}
          hint={autoSubmit ? `${hint} ${t.auto}` : hint}
          error={problem}
          busy={isPending}
          onChange={setValue}
          onComplete={autoSubmit ? (code) => void submit(code) : undefined}
        />
      )}
      <p role="status">{isPending ? t.busy : waited ? t.again : ''}</p>
      <div className="kit-actions">
        <button type="submit" data-kit-action="submit" aria-disabled={isPending || wait > 0}>
          {t.submit}
        </button>
        {children}
      </div>
    </form>
  )
}
