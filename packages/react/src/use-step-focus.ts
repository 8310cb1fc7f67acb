import { type RefObject, useEffect, useRef } from 'react'

/**
 * Moves the focus to the heading of a new step, so that a screen reader reads it and the keyboard goes on from there.
 * Not to the first step that is shown: a page that loads takes the focus from nobody.
 *
 * @param first the first step takes the focus too, since a click has brought it
 */
export function useStepFocus(step: string, first = false): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null)
  const before = useRef(first ? '' : step)
  useEffect(() => {
    if (before.current !== step && before.current !== 'loading') heading.current?.focus()
    before.current = step
  }, [step])
  return heading
}
