import type { ReactNode } from 'react'
import { Action } from './action.js'
import { ErrorAlert } from './error-text.js'
import { Heading } from './heading.js'
import { form } from './messages/en.js'
import type { MfaError } from './mfa-error.js'
import { useGroup } from './use-messages.js'

interface ConfirmPanelProps {
  title: string
  /** What will happen. */
  children: ReactNode
  /** The change itself. */
  operation: { error: MfaError | null; isPending: boolean; mutateAsync: () => Promise<unknown> }
  onDone: () => void
  onCancel: () => void
}

/** Says what a change does before it is done; appears at a click and takes the focus. */
export function ConfirmPanel({ title, children, operation, onDone, onCancel }: ConfirmPanelProps) {
  const { error, isPending, mutateAsync } = operation
  const t = useGroup('form', form)
  return (
    <section aria-label={title} className="kit-panel">
      <Heading step="confirm" first>
        {title}
      </Heading>
      <p>{children}</p>
      <p role="status">{isPending ? t.busy : ''}</p>
      <ErrorAlert error={error} />
      <div className="kit-actions">
        <Action name="continue" busy={isPending} onClick={() => void mutateAsync().then(onDone, () => {})}>
          {t.continue}
        </Action>
        <Action name="cancel" busy={isPending} onClick={onCancel}>
          {t.cancel}
        </Action>
      </div>
    </section>
  )
}
