import { error as english, form as formEnglish } from './messages/en.js'
import { type MfaError, sentences } from './mfa-error.js'
import { formatMessage, formatSpan, useGroup, useLocale } from './use-messages.js'

/**
 * A failure in words: what happened, how long to wait, how many attempts are left.
 * The seconds run in a timer with `aria-live="off"`, so that an alert around it is read once and not every second.
 */
export function ErrorText({ error, wait = 0 }: { error: MfaError; wait?: number | undefined }) {
  const t = useGroup('error', english)
  const { attemptsLeft, reference } = useGroup('form', formEnglish)
  const locale = useLocale()
  const { code } = error
  const limited = code === 'rate_limited' || code === 'locked'
  return (
    <span data-kit="error" data-state={code}>
      {t[sentences[code]]}
      {limited && !wait && ` ${code === 'locked' ? t.lockedOut : t.later}`}
      {wait > 0 && (
        <>
          {' '}
          <span role="timer" aria-live="off">
            {formatMessage(locale, t.wait, { time: formatSpan(locale, wait) })}
          </span>
        </>
      )}
      {error.attemptsLeft !== undefined &&
        ` ${formatMessage(locale, attemptsLeft, { count: error.attemptsLeft })}`}
      {code === 'internal' &&
        error.requestId &&
        ` ${formatMessage(locale, reference, { id: error.requestId })}`}
    </span>
  )
}
