import { useState } from 'react'
import { recoveryCodes } from './messages/en.js'
import { useGroup } from './use-messages.js'

/** How the last copy went; belongs in `data-state`. */
export type CopyState = 'idle' | 'copied' | 'failed'

/**
 * Copies text on a click. Where the clipboard refuses, or there is none (an insecure page, a web view), the text on
 * the page is selected instead, ready for the person's own copy.
 */
export function useCopy() {
  const t = useGroup('recoveryCodes', recoveryCodes)
  const [state, setState] = useState<CopyState>('idle')

  /**
   * @param text what goes on the clipboard
   * @param shown the element that shows it, selected where the clipboard refuses
   */
  const copy = async (text: string, shown: Element | null) => {
    // Back to idle first, so that a live region says "copied" again the second time.
    setState('idle')
    try {
      // Nothing is awaited before this call: Safari allows it only inside of the click.
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      if (shown) getSelection()?.selectAllChildren(shown)
      setState('failed')
    }
  }

  return { state, copy, said: <span role="status">{state !== 'idle' && t[state]}</span> }
}
