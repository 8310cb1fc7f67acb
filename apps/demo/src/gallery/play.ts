/** One thing a visitor would do: press a button by its `data-kit-action`, or fill in a field by its `data-kit`. */
export type Step = { press: string } | { fill: string; with: string }

/** What a clipboard does with what is copied. */
export type Clipboard = 'takes' | 'refuses'

/** The page has another clipboard until what this gives is called. */
export function lendClipboard(kind: Clipboard): () => void {
  const lent = {
    writeText: async () => {
      if (kind === 'refuses') throw new DOMException('Write permission denied.', 'NotAllowedError')
    },
  }
  Object.defineProperty(navigator, 'clipboard', { value: lent, configurable: true })
  return () => {
    // Unless another state has one by now. The browser's own stands on the prototype.
    if (Object.is(navigator.clipboard, lent)) Reflect.deleteProperty(navigator, 'clipboard')
  }
}

/** Does the steps one after another, each as soon as its element is there; ends early when `signal` says so. */
export async function play(root: HTMLElement, steps: readonly Step[], signal: AbortSignal) {
  for (const step of steps) {
    const selector = 'press' in step ? `[data-kit-action="${step.press}"]` : `[data-kit="${step.fill}"]`
    const element = await appearance(root, selector, signal)
    if (!element) return
    if ('press' in step) element.click()
    else if (element instanceof HTMLInputElement) fill(element, step.with)
  }
}

function appearance(root: HTMLElement, selector: string, signal: AbortSignal): Promise<HTMLElement | null> {
  const find = () => root.querySelector<HTMLElement>(selector)
  return new Promise((resolve) => {
    const look = () => {
      const element = signal.aborted ? null : find()
      if (!element && !signal.aborted) return
      observer.disconnect()
      resolve(element)
    }
    const observer = new MutationObserver(look)
    observer.observe(root, { childList: true, subtree: true, attributes: true })
    signal.addEventListener('abort', look)
    look()
  })
}

/** As a password manager fills: the value first, then one event that says so. */
function fill(input: HTMLInputElement, value: string) {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, value)
  input.dispatchEvent(new Event('input', { bubbles: true }))
}
