import { useAuthenticateTotp, useRecover } from '@kit/react'
import { type FormEvent, useState } from 'react'
import { CodeForm } from './code-form.js'

/** The status in the cache changes with the answer, so the page moves on by itself. */
export function Challenge() {
  const authenticate = useAuthenticateTotp()
  const recover = useRecover()
  const [lost, setLost] = useState(false)

  const sendRecoveryCode = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    recover.mutate({ recoveryCode: String(new FormData(event.currentTarget).get('recovery-code')) })
  }
  return (
    <main>
      <h1>Your code</h1>
      {lost ? (
        <form method="post" onSubmit={sendRecoveryCode}>
          <input name="recovery-code" aria-label="Recovery code" autoComplete="off" required />
          <button type="submit" disabled={recover.isPending}>
            Sign in
          </button>
          <p role="alert">{recover.error?.message}</p>
        </form>
      ) : (
        <CodeForm
          send={(code) => authenticate.mutateAsync({ code })}
          error={authenticate.error}
          busy={authenticate.isPending}
        />
      )}
      <button type="button" onClick={() => setLost(!lost)}>
        {lost ? 'Use the authenticator app' : 'Use a recovery code'}
      </button>
    </main>
  )
}
