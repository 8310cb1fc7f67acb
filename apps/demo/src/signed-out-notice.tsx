import { Page } from './page.js'
import { useSignOut } from './session.js'

/** The password was given too long ago for the provider: the visitor signs in again. */
export function SignedOutNotice() {
  const signOut = useSignOut()
  return (
    <div className="narrow">
      <Page
        title="Please sign in again"
        lead="Your sign-in has expired. That keeps your account safe while you are away."
      >
        <button type="button" className="button primary" onClick={() => signOut.mutate({})}>
          Go to sign-in
        </button>
        {signOut.isError ? (
          <p className="field-error" role="alert">
            That did not work. Try again.
          </p>
        ) : null}
      </Page>
    </div>
  )
}
