import { error as english } from './messages/en.js'
import { type MfaError, sentenceOf } from './mfa-error.js'
import { useFormat, useGroup } from './use-messages.js'

/** An alert that is there before there is something to say; a person who gave up knows it. */
export function ErrorAlert({ error }: { error: MfaError | null }) {
  return (
    <div role="alert">
      {error && error.code !== 'aborted' && <ErrorText error={error} wait={error.retryAfterSeconds} />}
    </div>
  )
}

/**
 * A failure in words: what happened, how long to wait, how many attempts are left.
 * In a form, `wait` counts down and is always there; elsewhere it is what the server said, if anything.
 * The seconds run in a timer with `aria-live="off"`, so that an alert around it is read once and not every second. The
 * timer is named by the wait in steps of a minute, so that the field, which is described by all this, is not described
 * anew each second either.
 */
export function ErrorText({ error, wait }: { error: MfaError; wait: number | undefined }) {
  const t = useGroup('error', english)
  const format = useFormat()
  const { code, attemptsLeft, requestId, status } = error
  const parts = [
    // The wrong code that starts a wait.
    sentenceOf((attemptsLeft as number) < 1 ? 'locked' : code, t, wait !== undefined),
    status === 429 && !wait && t.later,
    attemptsLeft && format(t.left, { count: attemptsLeft }),
    code === 'internal' && requestId && `(${requestId})`,
  ]
  return (
    <span data-kit="error" data-state={code}>
      {parts.filter(Boolean).join(' ')}
      {!!wait && ' '}
      {!!wait && (
        <span
          role="timer"
          aria-label={format(t.wait, { time: wait + (((error.retryAfterSeconds as number) - wait) % 60) })}
          aria-live="off"
        >
          {format(t.wait, { time: wait })}
        </span>
      )}
    </span>
  )
}
