import { MfaProvider } from '@kit/react'
import { QueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'
import { csrfToken, fakeFetch } from './fake-bff.js'
import type { Look } from './look.js'
import { lendClipboard, play } from './play.js'
import type { Specimen, State } from './specimens.js'

/** Where the kit remembers whose codes were shown and not called saved, by the first letters of the token. */
const unsavedKey = 'kit-unsaved-codes'

/** One component in one state, in the look that was chosen, with a BFF of its own that has no server. */
export function Stage({ specimen, state, look }: { specimen: Specimen; state: State; look: Look }) {
  const root = useRef<HTMLDivElement>(null)
  const { queryClient, fetch } = useMemo(
    () => ({
      queryClient: new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false } } }),
      fetch: fakeFetch(state.answers ?? {}),
    }),
    [state],
  )
  useEffect(() => {
    // Read by what stands here once it knows its person, and by no other stage: those know theirs already.
    if (state.unsaved) sessionStorage.setItem(unsavedKey, csrfToken)
    const stop = new AbortController()
    const giveBack = state.clipboard && lendClipboard(state.clipboard)
    if (root.current) void play(root.current, state.steps ?? [], stop.signal).then(giveBack)
    return () => {
      stop.abort()
      // An enrolment that was only shown here leaves no codes to save on the Security page.
      sessionStorage.removeItem(unsavedKey)
    }
  }, [state])
  return (
    <div ref={root} className="stage" dir={look.dir} lang={look.locale} data-theme={look.theme}>
      <MfaProvider
        baseUrl="/gallery"
        queryClient={queryClient}
        fetch={fetch}
        {...(look.messages && { messages: look.messages })}
      >
        {(state.render ?? specimen.render)()}
      </MfaProvider>
    </div>
  )
}
