import { type ReactNode, type RefObject, useMemo, useRef, useState } from 'react'
import { ErrorText } from './error-text.js'
import { form as english } from './messages/en.js'
import { MfaError } from './mfa-error.js'
import { useCountdown } from './use-countdown.js'
import { useGroup } from './use-messages.js'

/** What the form gives to its field. */
export interface AttemptField {
  ref: RefObject<HTMLInputElement | null>
  value: string
  onChange: (value: string) => void
  /** Sends at once, for a field that knows when it is full. */
  onComplete: (value: string) => void
  error: ReactNode
  busy: boolean
}

/** Props of {@link AttemptForm}. */
export interface AttemptFormProps {
  titleId: string
  /** Sends a value to be judged; rejects with {@link MfaError}. */
  send: (value: string) => Promise<unknown>
  error: MfaError | null
  isPending: boolean
  /** Why a value is not worth sending yet; undefined when it is. */
  incomplete: (value: string) => string | undefined
  field: (field: AttemptField) => ReactNode
  /** Further buttons. */
  children?: ReactNode
}

/**
 * A form with one field that the server judges. It sends once at a time; a refused value is said, cleared, and the
 * focus stays; a wait that the server asks for is counted down, and nothing is sent meanwhile.
 */
export function AttemptForm(props: AttemptFormProps) {
  const { error, isPending, incomplete, send } = props
  const t = useGroup('form', english)
  const [value, setValue] = useState('')
  const [missing, setMissing] = useState<string>()
  const ref = useRef<HTMLInputElement>(null)
  // Known at once, unlike isPending: the last digit and Enter may come before the next render.
  const sending = useRef(false)
  const until = useMemo(
    () => (error?.retryAfterSeconds ? Date.now() + error.retryAfterSeconds * 1000 : undefined),
    [error],
  )
  const wait = useCountdown(until)
  const waited = until !== undefined && !wait

  const submit = async (next: string) => {
    ref.current?.focus()
    if (sending.current || wait) return
    const problem = incomplete(next)
    setMissing(problem)
    if (problem) return
    sending.current = true
    try {
      await send(next)
    } catch (refusal) {
      if (refusal instanceof MfaError && (refusal.status === 422 || refusal.status === 429)) setValue('')
      ref.current?.focus()
    }
    sending.current = false
  }

  return (
    <form
      className="kit-form"
      data-state={isPending ? 'checking' : wait ? 'waiting' : error ? 'error' : 'idle'}
      aria-labelledby={props.titleId}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit(value)
      }}
    >
      {props.field({
        ref,
        value,
        onChange: setValue,
        onComplete: (next) => void submit(next),
        error:
          missing || (error && !isPending && !waited && <ErrorText error={error} wait={wait} />) || undefined,
        busy: isPending,
      })}
      <p role="status">{isPending ? t.checking : waited ? t.retryNow : ''}</p>
      <div className="kit-actions">
        <button type="submit" data-kit-action="submit" aria-disabled={isPending || wait > 0}>
          {t.submit}
        </button>
        {props.children}
      </div>
    </form>
  )
}
