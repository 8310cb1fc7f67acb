import { QueryClient, QueryClientContext } from '@tanstack/react-query'
import { type ReactNode, useContext, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { createMfaClient } from './client.js'
import { type Mfa, MfaContext, type StepUp, type StepUpOptions } from './context.js'
import { challenge, type Messages } from './messages/en.js'
import { MfaError } from './mfa-error.js'
import { useGroup } from './use-messages.js'
import { Verify } from './verify.js'

/** Props of {@link MfaProvider}. */
export interface MfaProviderProps {
  /** Where the BFF is mounted, on the origin of the page: `/mfa`. */
  baseUrl: string
  /** Default: the one of the QueryClientProvider above, or else one of its own. */
  queryClient?: QueryClient | undefined
  /** BCP 47 tag for plurals, digits and times. Default: the locale of `messages`. */
  locale?: string | undefined
  /** A catalogue of `@kit/react/messages/…`. Default: English. */
  messages?: Messages | undefined
  /** Instead of the page's own `fetch`. Keep its identity: another one makes another client. */
  fetch?: typeof globalThis.fetch | undefined
  children?: ReactNode
}

interface Asking extends StepUpOptions {
  resolve: () => void
  reject: (error: MfaError) => void
}

const asksForCode = (error: unknown) =>
  error instanceof Object &&
  'code' in error &&
  (error.code === 'step_up_required' || error.code === 'mfa_required')

/** Gives the client, the language and the step-up dialog to every hook and component below it. */
export function MfaProvider(props: MfaProviderProps) {
  const { baseUrl, fetch, messages, locale = messages?.locale ?? 'en' } = props
  const above = useContext(QueryClientContext)
  const [own] = useState(() => new QueryClient())
  const [asking, setAsking] = useState<readonly Asking[]>([])
  const queryClient = props.queryClient ?? above ?? own

  const services = useMemo(() => {
    const stepUp: StepUp = async (action, options) => {
      for (;;) {
        try {
          const answer = await action()
          if (!(answer instanceof Response && answer.status === 403)) return answer
          if (!asksForCode(await MfaError.from(answer.clone()))) return answer
        } catch (error) {
          if (!asksForCode(error)) throw error
        }
        await new Promise<void>((resolve, reject) => {
          setAsking((others) => [...others, { ...options, resolve, reject }])
        })
      }
    }
    return { baseUrl, client: createMfaClient({ baseUrl, fetch }), queryClient, stepUp }
  }, [baseUrl, fetch, queryClient])
  const mfa = useMemo<Mfa>(() => ({ ...services, locale, messages }), [services, locale, messages])

  const settle = (answer: (one: Asking) => void) => () => {
    setAsking([])
    asking.forEach(answer)
  }

  return (
    <MfaContext.Provider value={mfa}>
      {props.children}
      {asking.length > 0 && (
        <StepUpDialog
          codeOnly={asking.some(({ codeOnly }) => codeOnly)}
          onPass={settle(({ resolve }) => resolve())}
          onCancel={settle(({ reject }) => reject(new MfaError('aborted')))}
        />
      )}
    </MfaContext.Provider>
  )
}

interface StepUpDialogProps {
  codeOnly: boolean
  onPass: () => void
  onCancel: () => void
}

/**
 * Asks for a code over the page: the browser's own modal dialog, which keeps the focus inside, closes on Escape and
 * gives the focus back to what had it.
 */
function StepUpDialog({ codeOnly, onPass, onCancel }: StepUpDialogProps) {
  const t = useGroup('challenge', challenge)
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!dialog?.open) dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog ref={ref} onCancel={onCancel} data-kit="step-up" data-state="open" aria-label={t.stepUp}>
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
