import { useQuery } from '@tanstack/react-query'
import { api, type Me } from '../api.js'
import { Page } from '../page.js'
import { Link } from '../router.js'
import { SignInForm } from '../sign-in-form.js'

/** `/`: sign in and up; who is signed in already is shown the way on. */
export function SignInPage({ me }: { me: Me | null }) {
  const about = useQuery({ queryKey: ['about'], queryFn: api.about, staleTime: Number.POSITIVE_INFINITY })
  if (me) return <Welcome me={me} />
  return (
    <div className="split">
      <Page
        title="Papers you cannot lose, behind a key you hold"
        lead="Larkspur keeps passports, policies and keys to the cabin. A password opens your account; the code on your phone opens the vault."
      >
        <ul className="promises">
          <li>
            <strong>Scan, type six digits, done.</strong> Any authenticator app will do.
          </li>
          <li>
            <strong>Ten recovery codes</strong> for the day the phone is gone.
          </li>
          <li>
            <strong>Nothing to leak.</strong> No provider secret or session ever reaches this page.
          </li>
        </ul>
      </Page>
      <SignInForm organizations={about.data?.organizations ?? true} />
    </div>
  )
}

function Welcome({ me }: { me: Me }) {
  return (
    <Page
      title="Welcome back"
      lead={`You are signed in as ${me.email}${me.organization ? `, a member of ${me.organization}` : ''}.`}
    >
      <div className="tiles">
        <Link className="card tile" href="/vault">
          <strong>Open the vault</strong>
          <span>Your papers, after a code from your phone.</span>
        </Link>
        <Link className="card tile" href="/security">
          <strong>Security</strong>
          <span>Your authenticator app, recovery codes and sign-ins.</span>
        </Link>
      </div>
    </Page>
  )
}
