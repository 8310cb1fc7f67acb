import { type ReactNode, useEffect, useRef } from 'react'

let first = true

/** One page: names the tab, and takes the focus to its heading when the visitor comes from another page. */
export function Page({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Larkspur`
  }, [title])
  useEffect(() => {
    // A field that took the focus already keeps it.
    const taken = document.activeElement?.closest('main')
    if (!first && !taken) heading.current?.focus({ preventScroll: true })
    first = false
  }, [])
  return (
    <>
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead ? <p className="lead">{lead}</p> : null}
      </header>
      {children}
    </>
  )
}

/** Something is on its way; says so to everybody. */
export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {what}
    </p>
  )
}

/** Something did not work, and what can be done about it. */
export function Trouble({ message, onRetry }: { message: string; onRetry: () => void }) {
  return (
    <div className="card trouble" role="alert">
      <p>{message}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}
