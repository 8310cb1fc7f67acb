import { recovered } from './messages/en.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'

/** Whether the person should hear how few recovery codes are left: three or fewer. `null` means that nobody knows. */
export const isLow = (remaining: number | null): boolean => remaining !== null && remaining < 4

/** How many recovery codes are left, with a warning when they are few or none. */
export function RecoveryStock({ remaining }: { remaining: number | null }) {
  const t = useGroup('recovered', recovered)
  const locale = useLocale()
  const low = isLow(remaining)
  return (
    remaining !== null && (
      <p className="kit-stock" data-state={low ? 'low' : 'enough'}>
        {formatMessage(locale, t.left, { count: remaining })} {low && t.low}
      </p>
    )
  )
}
