'use client'

import { MfaProvider, MfaSettings, type NextStep, TotpChallenge, useMfaStatus } from '@kit/react'
import { useState } from 'react'

/** The kit, in a client component. */
export function Account() {
  return (
    <MfaProvider baseUrl="/mfa">
      <Gate />
      <p>
        <a href="/secret-page">The secret page</a>
      </p>
      <form action="/sign-out" method="post">
        <button type="submit">Sign out</button>
      </form>
    </MfaProvider>
  )
}

function Gate() {
  const { data: status, error } = useMfaStatus()
  const [challenged, setChallenged] = useState(false)
  const [next, setNext] = useState<NextStep>()
  if (!status) return error && <p role="alert">{error.message}</p>
  // The challenge stays until it says that it is over: after a recovery code it has something to offer.
  if (status.enrolled && !status.verified && !challenged) setChallenged(true)
  if (!challenged) return <MfaSettings start={next} />
  const goOn = (_status: unknown, chosen?: NextStep) => {
    setNext(chosen)
    setChallenged(false)
  }
  return <TotpChallenge onSuccess={goOn} />
}
