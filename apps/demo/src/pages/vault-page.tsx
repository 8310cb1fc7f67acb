import { useMfaStatus } from '@kit/react'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiError, api, type Paper } from '../api.js'
import { Loading, Page, Trouble } from '../page.js'
import { Link, navigate } from '../router.js'
import { SignedOutNotice } from '../signed-out-notice.js'

/** `/vault`: the server answers only after MFA; the page asks it, and believes its answer. */
export function VaultPage() {
  const vault = useQuery({ queryKey: ['vault'], queryFn: api.vault, gcTime: 0, staleTime: 0 })
  const status = useMfaStatus()
  const refused = vault.error instanceof ApiError ? vault.error.code : undefined
  const locked = refused === 'mfa_required' || refused === 'step_up_required'
  const due = locked && status.data?.enrolled && !status.isFetching
  useEffect(() => {
    if (due) navigate('/mfa?next=/vault', { replace: true })
  }, [due])

  if (refused === 'unauthenticated') return <SignedOutNotice />
  if (locked) return status.data?.enrolled === false ? <Locked /> : <Loading what="Opening the vault…" />
  if (vault.error) return <Trouble message={vault.error.message} onRetry={() => void vault.refetch()} />
  if (!vault.data) return <Loading what="Opening the vault…" />
  return (
    <Page title="Vault" lead="Open, because you proved twice that it is you.">
      {vault.data.papers.length === 0 ? <p>Nothing in here yet.</p> : <Papers papers={vault.data.papers} />}
    </Page>
  )
}

function Papers({ papers }: { papers: Paper[] }) {
  return (
    <ul className="papers">
      {papers.map(({ title, kind, detail }) => (
        <li key={title} className="card">
          <span className="tag">{kind}</span>
          <strong>{title}</strong>
          <span className="detail">{detail}</span>
        </li>
      ))}
    </ul>
  )
}

function Locked() {
  return (
    <Page
      title="The vault is locked"
      lead="It opens with a code from an authenticator app, and you have none set up yet."
    >
      <Link className="button primary" href="/security">
        Set up an authenticator app
      </Link>
    </Page>
  )
}
