import { MfaProvider, MfaSettings, type NextStep, TotpChallenge, useMfaStatus, useStepUp } from '@kit/react'
import { type FormEvent, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import '@kit/react/styles.css'

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
      <label>
        Name <input name="name" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  )
}

function Home({ next }: { next: NextStep | undefined }) {
  const stepUp = useStepUp()
  const [text, setText] = useState('')
  const open = async () => {
    const response = await stepUp(() => fetch('/secret-page'))
    setText((await response.json()).text)
  }
  const signOut = async () => {
    await fetch('/sign-out', { method: 'POST' })
    location.reload()
  }
  return (
    <>
      <MfaSettings start={next} />
      <p>
        <button type="button" onClick={() => void open()}>
          Open the secret page
        </button>{' '}
        <output>{text}</output>
      </p>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  )
}

function App() {
  const { data: status, error } = useMfaStatus()
  const [challenged, setChallenged] = useState(false)
  const [next, setNext] = useState<NextStep>()
  if (error?.code === 'unauthenticated') return <SignIn />
  if (!status) return error && <p role="alert">{error.message}</p>
  // The challenge stays until it says that it is over: after a recovery code it has something to offer.
  if (status.enrolled && !status.verified && !challenged) setChallenged(true)
  if (!challenged) return <Home next={next} />
  const goOn = (_status: unknown, chosen?: NextStep) => {
    setNext(chosen)
    setChallenged(false)
  }
  return <TotpChallenge autoFocus onSuccess={goOn} />
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <MfaProvider baseUrl="/mfa">
      <App />
    </MfaProvider>
  </StrictMode>,
)
