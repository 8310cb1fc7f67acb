import type { MfaStatus } from '@kit/contract'
import { type ReactNode, useId } from 'react'
import { AttemptForm } from './attempt-form.js'
import { useRecover } from './hooks.js'
import { form as english, error as errorEnglish } from './messages/en.js'
import { useGroup } from './use-messages.js'

/** Longest recovery code that the contract takes. */
const maxLength = 64

/**
 * What a person typed as the contract takes it: any script's width, any dash, any space; what no code can hold falls
 * away. Case and look-alikes are for the server, which knows the alphabet.
 */
function plainRecoveryCode(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/\s+/g, ' ')
    .replace(/[^A-Za-z0-9 -]/g, '')
    .trim()
    .slice(0, maxLength)
}

interface RecoveryFormProps {
  titleId: string
  onPass: (status: MfaStatus) => void
  autoFocus?: boolean | undefined
  children?: ReactNode
}

/** A form with one field for a recovery code. */
export function RecoveryForm({ titleId, onPass, autoFocus, children }: RecoveryFormProps) {
  const t = useGroup('form', english)
  const { invalidRecoveryCode } = useGroup('error', errorEnglish)
  const { mutateAsync, error, isPending } = useRecover()
  const id = useId()
  return (
    <AttemptForm
      titleId={titleId}
      error={error}
      isPending={isPending}
      incomplete={(text) => (plainRecoveryCode(text) ? undefined : invalidRecoveryCode)}
      send={async (text) => onPass(await mutateAsync({ recoveryCode: plainRecoveryCode(text) }))}
      field={({ ref, value, onChange, error: problem, busy }) => (
        <div className="kit-field">
          <label htmlFor={id}>{t.recoveryLabel}</label>
          <p id={`${id}h`}>{t.recoveryHint}</p>
          <input
            ref={ref}
            id={id}
            name="recovery-code"
            data-kit="recovery-code-input"
            data-state={value ? 'filled' : 'empty'}
            type="text"
            inputMode="text"
            autoComplete="off"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            translate="no"
            dir="ltr"
            // biome-ignore lint/a11y/noAutofocus: the person has just asked for this field, or the host says so
            autoFocus={autoFocus}
            value={value}
            readOnly={busy}
            aria-busy={busy || undefined}
            aria-invalid={problem ? true : undefined}
            aria-describedby={problem ? `${id}h ${id}e` : `${id}h`}
            onChange={(event) => onChange(event.target.value)}
          />
          <div role="alert">{problem && <p id={`${id}e`}>{problem}</p>}</div>
        </div>
      )}
    >
      {children}
    </AttemptForm>
  )
}
