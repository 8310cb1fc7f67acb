import { useEffect, useState } from 'react'

/** Says only that codes were shown and not yet called saved: no code, no name. Ends with the tab. */
const key = 'kit-unsaved-codes'

/** Marks the recovery codes of this tab as shown but not yet saved, or as saved. */
export function markUnsaved(unsaved: boolean): void {
  // A browser may refuse storage altogether; then a reload does not know.
  try {
    if (unsaved) sessionStorage.setItem(key, '1')
    else sessionStorage.removeItem(key)
  } catch {}
}

/** Something where this tab was reloaded between the first code and "I have saved these". */
export function useUnsavedCodes(): string | null | undefined {
  const [unsaved, setUnsaved] = useState<string | null>()
  useEffect(() => {
    try {
      setUnsaved(sessionStorage.getItem(key))
    } catch {}
  }, [])
  return unsaved
}
