import { type ReactNode, useEffect, useRef } from 'react'

interface HeadingProps {
  /** What the step that it stands over is called, `loading` before the first. */
  step: string | true
  /** The first step takes the focus too, since a click has brought it. */
  first?: boolean | undefined
  children: ReactNode
}

/**
 * A heading that takes the focus at each new step, so that a screen reader reads it and the keyboard goes on from
 * there. Not at the first step that is shown: a page that loads takes the focus from nobody.
 */
export function Heading({ step, first, children }: HeadingProps) {
  const ref = useRef<HTMLHeadingElement>(null)
  const before = useRef(first ? '' : step)
  useEffect(() => {
    if (before.current !== step && before.current !== 'loading') ref.current?.focus()
    before.current = step
  }, [step])
  return (
    <h2 ref={ref} tabIndex={-1}>
      {children}
    </h2>
  )
}
