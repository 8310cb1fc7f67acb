import type { FakeBff } from '../fake-bff.js'

/** What happened on a page of the fixture; tests read it as `window.log`. */
export const log = {
  changes: [] as { value: string; reason: string }[],
  completes: [] as string[],
  submits: [] as string[],
  commits: 0,
  saved: 0,
  passed: 0,
  prints: 0,
  /** Warnings and errors of the console, and of hydration. */
  messages: [] as string[],
  /** Refusals of the content security policy. */
  violations: [] as string[],
}

declare global {
  interface Window {
    log: typeof log
    /** The BFF of a flow page. */
    bff: FakeBff
    /** Gives the field of the code page other props. */
    setProps: (props: Record<string, unknown>) => void
  }
}

if (typeof window !== 'undefined') {
  window.log = log
  window.print = () => {
    log.prints++
  }
  for (const level of ['error', 'warn'] as const)
    console[level] = (...parts: unknown[]) => void log.messages.push(parts.map(String).join(' '))
  document.addEventListener('securitypolicyviolation', (event) =>
    log.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`),
  )
}
