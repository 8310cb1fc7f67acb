import { recovered as english } from './messages/en.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'

/** From this many recovery codes on, the person is told to make new ones. */
const lowStock = 3

/** Whether the person should hear how few recovery codes are left. `null` means that nobody knows. */
export const isLow = (remaining: number | null): remaining is number =>
  remaining !== null && remaining <= lowStock

/** How many recovery codes are left, with a warning when they are few or none. */
export function RecoveryStock({ remaining }: { remaining: number | null }) {
  const t = useGroup('recovered', english)
  const locale = useLocale()
  if (remaining === null) return null
  return (
    <p className="kit-stock" data-state={remaining === 0 ? 'none' : isLow(remaining) ? 'low' : 'enough'}>
      {remaining === 0 ? t.none : formatMessage(locale, t.remaining, { count: remaining })}
      {remaining > 0 && isLow(remaining) && ` ${t.low}`}
    </p>
  )
}
