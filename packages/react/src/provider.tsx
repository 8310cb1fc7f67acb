import { QueryClient, QueryClientContext } from '@tanstack/react-query'
import { type ReactNode, useContext, useMemo, useState } from 'react'
import { createMfaClient } from './client.js'
import { type Mfa, MfaContext, type StepUp, type StepUpOptions } from './context.js'
import type { Messages } from './messages/en.js'
import { MfaError } from './mfa-error.js'
import { StepUpDialog } from './step-up.js'
import { LanguageContext } from './use-messages.js'

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

const asksForCode = (code: unknown) => code === 'step_up_required' || code === 'mfa_required'

async function refused(answer: unknown): Promise<boolean> {
  return (
    answer instanceof Response &&
    answer.status === 403 &&
    asksForCode((await MfaError.from(answer.clone())).code)
  )
}

/** Gives the client, the language and the step-up dialog to every hook and component below it. */
export function MfaProvider(props: MfaProviderProps) {
  const { baseUrl, fetch, messages, locale = messages?.locale ?? 'en' } = props
  const above = useContext(QueryClientContext)
  const [own] = useState(() => new QueryClient())
  const [asking, setAsking] = useState<readonly Asking[]>([])
  const queryClient = props.queryClient ?? above ?? own

  const language = useMemo(() => ({ locale, messages }), [locale, messages])
  const mfa = useMemo<Mfa>(() => {
    const stepUp: StepUp = async (action, options = {}) => {
      for (;;) {
        try {
          const answer = await action()
          if (!(await refused(answer))) return answer
        } catch (error) {
          if (!(error instanceof Object && 'code' in error && asksForCode(error.code))) throw error
        }
        await new Promise<void>((resolve, reject) => {
          setAsking((others) => [...others, { ...options, resolve, reject }])
        })
      }
    }
    return { baseUrl, client: createMfaClient({ baseUrl, fetch }), queryClient, stepUp }
  }, [baseUrl, fetch, queryClient])

  const settle = (answer: (one: Asking) => void) => () => {
    setAsking([])
    asking.forEach(answer)
  }

  return (
    <MfaContext.Provider value={mfa}>
      <LanguageContext.Provider value={language}>
        {props.children}
        {asking.length > 0 && (
          <StepUpDialog
            codeOnly={asking.some(({ codeOnly }) => codeOnly)}
            onPass={settle(({ resolve }) => resolve())}
            onCancel={settle(({ reject }) => reject(new MfaError('aborted')))}
          />
        )}
      </LanguageContext.Provider>
    </MfaContext.Provider>
  )
}
