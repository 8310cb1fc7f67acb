import { useEffect, useState } from 'react'

/** Whole seconds until a moment (milliseconds since 1970), counted down to 0 on the page's clock. */
export function useCountdown(until = 0): number {
  const [, tick] = useState(0)
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000))
  // biome-ignore lint/correctness/useExhaustiveDependencies: one timer from the first second to the last
  useEffect(() => {
    if (!left) return
    const timer = setInterval(() => tick(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [!left])
  return left
}
