import { useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { type StepUp, useMfa, type Waiting } from './context.js'
import { challenge } from './messages/en.js'
import { MfaError } from './mfa-error.js'
import { useGroup } from './use-messages.js'
import { mfaStatusOptions, useMfaStatus } from './use-send.js'
import { Verify } from './verify.js'

/**
 * Runs the host's own calls and asks for a code where they need one: `await stepUp(() => fetch('/api/vault'))`.
 * See {@link StepUp}.
 */
export function useStepUp(): StepUp {
  const { ask, baseUrl, client, queryClient } = useMfa()
  return useMemo<StepUp>(() => {
    // `mfa_required` is said to people without an authenticator app too; they have no code to give.
    const asksForCode = async (error: unknown) => {
      const { code } = Object(error)
      if (code !== 'mfa_required') return code === 'step_up_required'
      return (await queryClient.ensureQueryData(mfaStatusOptions({ baseUrl, client })).catch(() => {}))
        ?.enrolled
    }
    return async (action, options) => {
      for (;;) {
        try {
          const answer = await action()
          const refusal = answer instanceof Response && answer.status === 403
          if (!(refusal && (await asksForCode(await MfaError.from(answer.clone()))))) return answer
        } catch (error) {
          if (!(await asksForCode(error))) throw error
        }
        await new Promise<void>((resolve, reject) => {
          ask((waiting) => [...waiting, { ...options, Dialog: StepUpDialog, resolve, reject }])
        })
      }
    }
  }, [ask, baseUrl, client, queryClient])
}

/**
 * Asks for a code over the page: the browser's own modal dialog, which keeps the focus inside, closes on Escape and
 * gives the focus back to what had it.
 */
function StepUpDialog({ waiting }: { waiting: readonly Waiting[] }) {
  const { ask } = useMfa()
  const { stepUp } = useGroup('challenge', challenge)
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = ref.current as HTMLDialogElement
    dialog.showModal()
    return () => dialog.close()
  }, [])
  // Whoever waits by then: calls join while a code is checked, and settling one twice does nothing.
  const settle = (answer: (call: Waiting) => void) => () =>
    ask((now) => {
      now.forEach(answer)
      return []
    })
  const cancel = settle(({ reject }) => reject(new MfaError('aborted')))
  // What one person asked for is not carried out with the code of another, who signed in meanwhile.
  const token = useMfaStatus().data?.csrfToken
  const asked = useRef(token)
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once for each who is signed in, or nobody
  useEffect(() => {
    asked.current ??= token
    if (token !== asked.current) cancel()
  }, [token])
  return (
    <dialog ref={ref} onCancel={cancel} data-kit="step-up" data-state="open" aria-label={stepUp}>
      <Verify
        className="kit-panel"
        recovery={waiting.some(({ codeOnly }) => codeOnly) ? null : undefined}
        autoFocus
        onSuccess={settle(({ resolve }) => resolve())}
        onCancel={cancel}
      />
    </dialog>
  )
}
