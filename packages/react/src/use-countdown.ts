import { useEffect, useReducer } from 'react'

/** Whole seconds until a moment (milliseconds since 1970), counted down to 0 on the page's clock. */
export function useCountdown(until: number | undefined): number {
  const [, tick] = useReducer((ticks: number) => ticks + 1, 0)
  const left = until === undefined ? 0 : Math.max(0, Math.ceil((until - Date.now()) / 1000))
  const running = left > 0
  useEffect(() => {
    if (!running) return
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [running])
  return left
}
