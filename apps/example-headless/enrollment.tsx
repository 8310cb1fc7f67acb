import { QrCode, useTotpEnrollment } from '@kit/react'
import { CodeForm } from './code-form.js'

/** One branch a state: TypeScript says when one is missing. */
export function Enrollment({ onDone }: { onDone: () => void }) {
  const flow = useTotpEnrollment({ onDone })
  const { state, error } = flow
  switch (state.step) {
    case 'loading':
      return null
    case 'intro':
    case 'expired':
      return (
        <main>
          {state.step === 'expired' && <p>That took too long. Begin again.</p>}
          {error && <p role="alert">{error.message}</p>}
          <button type="button" disabled={flow.isPending} onClick={() => void flow.start()}>
            Set up two-step verification
          </button>
        </main>
      )
    case 'scan':
      return (
        <main>
          <h1>Scan this</h1>
          <QrCode value={state.pending.otpauthUri} />
          <p>
            or enter <code className="key">{state.pending.secret}</code>
          </p>
          <CodeForm send={flow.confirm} error={flow.codeError} busy={flow.isConfirming} />
          <p>{state.secondsLeft} seconds left</p>
          <button type="button" onClick={() => void flow.cancel()}>
            Not now
          </button>
        </main>
      )
    case 'codes':
      return (
        <main>
          <h1>Keep these</h1>
          <ol>
            {state.recoveryCodes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ol>
          <button type="button" onClick={flow.saved}>
            I have them
          </button>
        </main>
      )
    case 'unsaved':
      return (
        <main>
          <p>The page was reloaded before the recovery codes were saved.</p>
          {state.canReveal && (
            <button type="button" onClick={() => void flow.reveal()}>
              Show them again
            </button>
          )}
          <button type="button" onClick={flow.saved}>
            I have them
          </button>
        </main>
      )
    case 'enrolled':
    case 'done':
      return <p>Two-step verification is on.</p>
  }
}
