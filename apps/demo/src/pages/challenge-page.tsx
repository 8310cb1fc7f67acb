import { type NextStep, TotpChallenge, useMfaStatus } from '@kit/react'
import { useEffect, useState } from 'react'
import { Loading, Page, Trouble } from '../page.js'
import { Link, navigate, nextPage } from '../router.js'
import { SignedOutNotice } from '../signed-out-notice.js'

/** `/mfa`: asks for the code, then goes on to where the visitor was going. */
export function ChallengePage() {
  const status = useMfaStatus()
  if (status.error?.code === 'unauthenticated') return <SignedOutNotice />
  if (status.data) {
    const { enrolled, verified, subject } = status.data
    return <Challenge enrolled={enrolled} verified={verified !== null} accountName={subject.accountName} />
  }
  if (status.error) return <Trouble message={status.error.message} onRetry={() => void status.refetch()} />
  return <Loading what="Loading…" />
}

function Challenge(props: { enrolled: boolean; verified: boolean; accountName: string }) {
  // A good code ends in `onSuccess`, after what the challenge itself may still have to say.
  const [verifiedBefore] = useState(props.verified)
  const goOn = (_status: unknown, next?: NextStep) =>
    navigate(next ? `/security?start=${next}` : nextPage(), { replace: true })
  useEffect(() => {
    if (verifiedBefore) navigate(nextPage(), { replace: true })
  }, [verifiedBefore])

  if (verifiedBefore) return <Loading what="Loading…" />
  if (!props.enrolled) {
    return (
      <Page title="No authenticator app yet" lead="Set one up first; it takes a minute.">
        <Link className="button primary" href="/security">
          Set up an authenticator app
        </Link>
      </Page>
    )
  }
  return (
    <div className="narrow">
      <Page title="One more step" lead={`Signing in as ${props.accountName}.`}>
        <TotpChallenge autoFocus onSuccess={goOn} />
      </Page>
    </div>
  )
}
