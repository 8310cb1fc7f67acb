import { MfaProvider, useMfaStatus } from '@kit/react'
import { type FormEvent, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Challenge } from './challenge.js'
import { Enrollment } from './enrollment.js'

function SignIn() {
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const name = new FormData(event.currentTarget).get('name')
    await fetch('/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
    location.reload()
  }
  return (
    <form onSubmit={(event) => void send(event)}>
      <input name="name" aria-label="Name" required />
      <button type="submit">Sign in</button>
    </form>
  )
}

async function signOut() {
  await fetch('/sign-out', { method: 'POST' })
  location.reload()
}

function App() {
  const { data: status, error } = useMfaStatus()
  const [enrolling, setEnrolling] = useState(false)
  if (error?.code === 'unauthenticated') return <SignIn />
  if (!status) return error && <p role="alert">{error.message}</p>
  // Until the recovery codes are saved, though the status says `enrolled` before that.
  if (!status.enrolled && !enrolling) setEnrolling(true)
  if (enrolling) return <Enrollment onDone={() => setEnrolling(false)} />
  if (!status.verified) return <Challenge />
  return (
    <main>
      <h1>Welcome, {status.subject.accountName}</h1>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </main>
  )
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <MfaProvider baseUrl="/mfa">
      <App />
    </MfaProvider>
  </StrictMode>,
)
