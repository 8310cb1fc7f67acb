import { MfaSettings, useMfaStatus } from '@kit/react'
import type { Me } from '../api.js'
import { Page } from '../page.js'
import { useSignOut } from '../session.js'
import { SignedOutNotice } from '../signed-out-notice.js'

/** What the challenge sent the visitor here for, after a recovery code. */
const chosen = () => (['replace', 'rotate'] as const).find((step) => location.search === `?start=${step}`)

/** `/security`: everything about the authenticator app is one component of the kit. */
export function SecurityPage({ me }: { me: Me }) {
  const status = useMfaStatus()
  if (status.error?.code === 'unauthenticated') return <SignedOutNotice />
  return (
    <Page title="Security" lead="How you prove that it is you.">
      <div className="stack">
        <MfaSettings site="Larkspur" start={chosen()} />
        <Account me={me} />
      </div>
    </Page>
  )
}

function Account({ me }: { me: Me }) {
  const signOut = useSignOut()
  return (
    <section className="card" aria-labelledby="account-heading">
      <h2 id="account-heading">Account</h2>
      <dl className="facts">
        <dt>E-mail</dt>
        <dd>{me.email}</dd>
        <dt>Kind</dt>
        <dd>{me.organization ? `Member of ${me.organization}` : 'Personal'}</dd>
      </dl>
      <p>Signed in somewhere you should not be? This ends every sign-in of this account, here as well.</p>
      <button type="button" className="button" onClick={() => signOut.mutate({ everywhere: true })}>
        Sign out everywhere
      </button>
      {signOut.isError ? (
        <p className="field-error" role="alert">
          That did not work. Try again.
        </p>
      ) : null}
    </section>
  )
}
