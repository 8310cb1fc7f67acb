// The challenge loads this file when it is needed. So what it needs of the kit is handed to it: a module that both
// import would be a file of its own before the first code, and cost 330 bytes more.
import type { MfaStatus } from '@kit/contract'
import { type ReactNode, type RefObject, useEffect, useId } from 'react'
import { Heading } from './heading.js'
import type { Messages } from './messages/en.js'
import type { NextStep, OnSuccess } from './next-step.js'
import { recovered } from './recovery-words.js'
import type { Format } from './use-messages.js'

/**
 * What a person typed as the contract takes it: any width, any dash, any space, at most 64 characters; what no code
 * can hold falls away. Case and look-alikes are for the server, which knows the alphabet.
 */
export const plainRecoveryCode = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/\s+/g, ' ')
    .replace(/[^\w -]|_/g, '')
    .trim()
    .slice(0, 64)

interface RecoveryFieldProps {
  /** Of the `<input>`. */
  field: { ref: RefObject<HTMLInputElement | null>; value: string; autoFocus: boolean | undefined }
  messages: Messages | undefined
  error: ReactNode
  busy: boolean
  onChange: (value: string) => void
}

/** A field for a recovery code. */
export function RecoveryField({ field, messages, error, busy, onChange }: RecoveryFieldProps) {
  const t = messages?.recovered ?? recovered
  const id = useId()
  // Typed before the script was there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, after hydration
  useEffect(() => onChange((field.ref.current as HTMLInputElement).value), [])
  return (
    <div className="kit-field">
      <label htmlFor={id}>{t.recovery}</label>
      <p id={`${id}h`}>{t.forgiving}</p>
      <input
        {...field}
        name="recovery-code"
        data-state={field.value ? 'filled' : 'empty'}
        type="text"
        inputMode="text"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        translate="no"
        dir="ltr"
        readOnly={busy}
        aria-busy={busy}
        id={id}
        data-kit="recovery-code-input"
        aria-invalid={!!error}
        aria-describedby={`${id}h ${id}e`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}e`} role="alert">
        {error}
      </p>
    </div>
  )
}

interface StockProps {
  status: MfaStatus
  low: boolean
  messages: Messages | undefined
  format: Format
}

/** How many recovery codes are left, with a warning when they are few or none, and where new ones come from. */
export function RecoveryStock({ status, low, messages, format }: StockProps) {
  const t = messages?.recovered ?? recovered
  const { recoveryCodesRemaining: count, capabilities } = status
  return (
    <>
      {count !== null && (
        <p className="kit-stock" data-state={low ? 'low' : 'enough'}>
          {format(t.left, { count })} {low && t.low}
        </p>
      )}
      {!capabilities.rotate && <p>{t.noRotate}</p>}
    </>
  )
}

interface AfterSignInProps extends StockProps {
  /** The person has just used a recovery code. */
  spent: boolean
  onSuccess: OnSuccess | undefined
  words: Messages['form']
}

/** After a recovery code, or with few of them left: set up another app, make new codes, or go on. */
export function AfterSignIn({ spent, onSuccess, words, ...stock }: AfterSignInProps) {
  const t = stock.messages?.recovered ?? recovered
  const { status } = stock
  const { remove, rotate } = status.capabilities
  const button = (name: string, text: string, next?: NextStep) => (
    <button type="button" data-kit-action={name} onClick={() => onSuccess?.(status, next)}>
      {text}
    </button>
  )
  return (
    <>
      <Heading step="after" first>
        {t.title}
      </Heading>
      {spent && <p>{t.body}</p>}
      <RecoveryStock {...stock} />
      <div className="kit-actions">
        {(spent || !rotate) && remove && button('restart', t.replace, 'replace')}
        {rotate && button('rotate', t.rotate, 'rotate')}
        {button('continue', words.continue)}
      </div>
    </>
  )
}
