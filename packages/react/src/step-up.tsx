import { useEffect, useLayoutEffect, useRef } from 'react'
import { challenge } from './messages/en.js'
import { useGroup } from './use-messages.js'
import { Verify } from './verify.js'

interface StepUpDialogProps {
  codeOnly: boolean
  onPass: () => void
  onCancel: () => void
}

/**
 * Asks for a code over the page: the browser's own modal dialog, which keeps the focus inside, closes on Escape and
 * gives the focus back to what had it.
 */
export function StepUpDialog({ codeOnly, onPass, onCancel }: StepUpDialogProps) {
  const t = useGroup('challenge', challenge)
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!dialog?.open) dialog?.showModal()
    return () => dialog?.close()
  }, [])
  // Escape closes the dialog by itself; React 18 does not know the event.
  useEffect(() => {
    const dialog = ref.current
    dialog?.addEventListener('cancel', onCancel)
    return () => dialog?.removeEventListener('cancel', onCancel)
  }, [onCancel])
  return (
    <dialog ref={ref} data-kit="step-up" data-state="open" aria-label={t.stepUp}>
      <Verify
        title={t.stepUp}
        only={codeOnly ? 'code' : undefined}
        autoFocus
        onPass={onPass}
        onCancel={onCancel}
      />
    </dialog>
  )
}
