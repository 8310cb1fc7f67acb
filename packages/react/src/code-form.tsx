import type { ReactNode } from 'react'
import { AttemptForm, type AttemptFormProps } from './attempt-form.js'
import { CodeInput } from './code-input.js'
import { form as english } from './messages/en.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'

/** What every form with a code takes. */
export interface CodeFormOptions {
  /** Digits of a code. Default 6; 8 for secrets that were imported so. */
  digits?: 6 | 8 | undefined
  /** Sends the code by itself with its last digit, and says so beforehand. Default true. */
  autoSubmit?: boolean | undefined
  /** Moves the focus into the field when it appears. Default false. */
  autoFocus?: boolean | undefined
}

interface CodeFormProps
  extends CodeFormOptions,
    Pick<AttemptFormProps, 'titleId' | 'error' | 'isPending' | 'send'> {
  children?: ReactNode
}

/** A form with one field for a code of the authenticator app. */
export function CodeForm({ digits = 6, autoSubmit = true, autoFocus, ...form }: CodeFormProps) {
  const t = useGroup('form', english)
  const hint = formatMessage(useLocale(), t.codeHint, { count: digits })
  return (
    <AttemptForm
      {...form}
      incomplete={(code) => (code.length < digits ? hint : undefined)}
      field={({ onComplete, ...field }) => (
        <CodeInput
          {...field}
          name="code"
          length={digits}
          label={t.codeLabel}
          hint={autoSubmit ? `${hint} ${t.autoSubmit}` : hint}
          autoFocus={autoFocus}
          onComplete={autoSubmit ? onComplete : undefined}
        />
      )}
    />
  )
}
