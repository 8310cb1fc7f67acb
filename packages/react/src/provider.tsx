import { QueryClient, QueryClientContext } from '@tanstack/react-query'
import { type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { createMfaClient } from './client.js'
import { type Mfa, MfaContext, type Waiting } from './context.js'
import type { Messages } from './messages/en.js'

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
  /** Digits of a code wherever a component does not say otherwise. Default 6; 8 for whoever was imported with 8. */
  digits?: 6 | 8 | undefined
  /** Instead of the page's own `fetch`. Keep its identity: another one makes another client. */
  fetch?: typeof globalThis.fetch | undefined
  children?: ReactNode
}

/** Gives the client, the language and the step-up dialog to every hook and component below it. */
export function MfaProvider(props: MfaProviderProps) {
  const { baseUrl, fetch, messages, digits = 6, locale = messages?.locale ?? 'en' } = props
  const above = useContext(QueryClientContext)
  const [own] = useState(() => new QueryClient())
  const [waiting, ask] = useState<readonly Waiting[]>([])
  const queryClient = props.queryClient ?? above ?? own
  const client = useMemo(() => createMfaClient({ baseUrl, fetch }), [baseUrl, fetch])
  const mfa = useMemo<Mfa>(
    () => ({ baseUrl, client, queryClient, ask, locale, messages, digits }),
    [baseUrl, client, queryClient, locale, messages, digits],
  )
  // Tells the client of focus and network, as a QueryClientProvider does; mounts are counted.
  useEffect(() => {
    queryClient.mount()
    return () => queryClient.unmount()
  }, [queryClient])
  const Dialog = waiting[0]?.Dialog
  return (
    <MfaContext.Provider value={mfa}>
      {props.children}
      {Dialog && <Dialog waiting={waiting} />}
    </MfaContext.Provider>
  )
}
