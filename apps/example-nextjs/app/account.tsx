'use client'

import { MfaProvider, MfaSettings, TotpChallenge, useMfaStatus } from '@kit/react'
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
  const { data: status } = useMfaStatus()
  const [challenged, setChallenged] = useState(false)
  if (!status) return null
  if (status.enrolled && !status.verified && !challenged) setChallenged(true)
  return challenged ? <TotpChallenge onSuccess={() => setChallenged(false)} /> : <MfaSettings />
}
