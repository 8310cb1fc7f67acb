import type { MfaStatus } from '@kit/contract'
import { useState } from 'react'
import { AfterSignIn, needsChoice, type OnSuccess } from './after-sign-in.js'
import type { CodeFormOptions } from './attempt-form.js'
import { challenge } from './messages/en.js'
import { useGroup } from './use-messages.js'
import { Verify } from './verify.js'

/** What both pages of sign-in take. */
export interface SignInProps extends CodeFormOptions {
  /** The person is verified: go on to the page they want, or to `<MfaSettings start={next} />`. */
  onSuccess?: OnSuccess | undefined
  /** Shows a button that leaves the page. */
  onCancel?: (() => void) | undefined
  className?: string | undefined
}

interface Kind {
  kit: 'challenge' | 'recover'
  only?: 'recovery-code'
}

/** Asks for a code, then, where there is reason to, what to do about lost or spent recovery codes. */
export function SignIn({ kit, only, onSuccess, className, ...options }: SignInProps & Kind) {
  const { title } = useGroup('challenge', challenge)
  const [view, setView] = useState<string>(only ?? 'code')
  const [passed, setPassed] = useState<MfaStatus>()
  return (
    <section className={className} data-kit={kit} data-state={passed ? 'after' : view}>
      {passed ? (
        <AfterSignIn status={passed} onSuccess={onSuccess} />
      ) : (
        <Verify
          {...options}
          title={title}
          only={only}
          onView={setView}
          onPass={(status) => (needsChoice(status) ? setPassed(status) : onSuccess?.(status))}
        />
      )}
    </section>
  )
}
