import type { MfaStatus } from '@kit/contract'
import { useRef, useState } from 'react'
import { Action } from './action.js'
import { AttemptForm, type CodeFormOptions } from './attempt-form.js'
import { useMfa } from './context.js'
import { challenge, form } from './messages/en.js'
import { isLow, type OnSuccess } from './next-step.js'
import { useFormat, useGroup } from './use-messages.js'
import { useSend } from './use-send.js'

/** What both pages of sign-in take. */
export interface SignInProps extends CodeFormOptions {
  /** The person is verified: go on to the page they want, or to `<MfaSettings start={next} />`. */
  onSuccess?: OnSuccess | undefined
  /** Shows a button that leaves the page. */
  onCancel?: (() => void) | undefined
  className?: string | undefined
}

/** Everything about recovery codes at sign-in. Most people never need it, so it comes when it is asked for. */
type Recovery = typeof import('./recovery.js')

interface VerifyProps extends SignInProps {
  /** The `data-kit` of a page of sign-in, where there may be a choice to make before the person goes on. */
  kit?: 'challenge' | 'recover'
  /** Takes a recovery code and nothing else; with `null`, a code and nothing else. */
  recovery?: Recovery | null | undefined
}

const loadRecovery = (): Promise<Recovery> => import('./recovery.js')

/** A code of the app, or a recovery code instead: one click apart, and the focus goes along. */
export function Verify(props: VerifyProps) {
  const { kit, recovery: only, onSuccess, onCancel, autoFocus, className, ...options } = props
  const t = useGroup('form', form)
  const { title, stepUp } = useGroup('challenge', challenge)
  const { client, messages } = useMfa()
  const format = useFormat()
  const send = useSend()
  // `null` after a way back, which takes the focus along as the way there did.
  const [recovery, setRecovery] = useState(only)
  const [passed, setPassed] = useState<{ status: MfaStatus; spent: boolean; low: boolean }>()
  const ref = useRef<HTMLElement>(null)
  const other = recovery ? 'code' : 'recovery-code'
  const heading = recovery ? t.useRecovery : kit ? title : stepUp

  const pass = async (status: MfaStatus) => {
    const low = isLow(status.recoveryCodesRemaining)
    const spent = status.verified?.method === 'recovery_code'
    // The person is in: where the choice cannot be loaded, they go on without it.
    const loaded = kit && (spent || low) && (await loadRecovery().catch(() => {}))
    // Who has left the page is not taken on by an answer that comes late.
    if (!loaded) return (!kit || ref.current) && onSuccess?.(status)
    setRecovery(loaded)
    setPassed({ status, spent, low })
  }

  return (
    <section
      ref={ref}
      className={className}
      data-kit={kit}
      data-state={passed ? 'after' : recovery ? 'recovery-code' : 'code'}
    >
      {passed && recovery ? (
        <recovery.AfterSignIn
          {...passed}
          onSuccess={onSuccess}
          words={t}
          messages={messages}
          format={format}
        />
      ) : (
        <>
          <h2>{heading}</h2>
          <AttemptForm
            key={other}
            {...options}
            title={heading}
            recovery={recovery}
            autoFocus={autoFocus || recovery !== only}
            send={async (value) =>
              pass(
                await send(() =>
                  recovery ? client.recover({ recoveryCode: value }) : client.authenticate({ code: value }),
                ),
              )
            }
          >
            {(attempt) => (
              <>
                {only === undefined && (
                  <Action
                    name={`use-${other}`}
                    onClick={() => attempt(async () => setRecovery(recovery ? null : await loadRecovery()))}
                  >
                    {recovery ? t.useCode : t.useRecovery}
                  </Action>
                )}
                {onCancel && (
                  <Action name="cancel" onClick={onCancel}>
                    {t.cancel}
                  </Action>
                )}
              </>
            )}
          </AttemptForm>
        </>
      )}
    </section>
  )
}
