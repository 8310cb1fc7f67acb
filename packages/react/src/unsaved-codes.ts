import { useEffect, useState } from 'react'

/** Says only that codes were shown and not yet called saved, and to whom: no code, no name. Ends with the tab. */
const key = 'kit-unsaved-codes'

/**
 * Marks the recovery codes of this tab as shown but not yet saved.
 *
 * @param csrfToken of the person's status: a few letters of it tell people apart and open nothing
 */
export function markUnsaved(csrfToken = ''): void {
  // A browser may refuse storage altogether; then a reload does not know.
  try {
    sessionStorage.setItem(key, csrfToken.slice(0, 8))
  } catch {}
}

/**
 * Whether this tab was reloaded between this person's first code and "I have saved these", and what says that they are.
 */
export function useUnsavedCodes(csrfToken?: string) {
  const [unsaved, setUnsaved] = useState<string | null>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew when a session is back, since codes that went with it are marked
  useEffect(() => {
    try {
      setUnsaved(sessionStorage.getItem(key))
    } catch {}
  }, [csrfToken])
  const forget = () => {
    setUnsaved(null)
    try {
      sessionStorage.removeItem(key)
    } catch {}
  }
  return [unsaved && csrfToken?.startsWith(unsaved), forget] as const
}
