import { useEffect, useState } from 'react'

/** Whole seconds until a moment (milliseconds since 1970), counted down to 0 on the page's clock. */
export function useCountdown(until = 0): number {
  const [, tick] = useState(0)
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000))
  const running = left > 0
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => tick(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [running])
  return left
}
