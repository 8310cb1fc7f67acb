import { type MfaError, useCodeInput } from '@kit/react'
import { useState } from 'react'

interface CodeFormProps {
  send: (code: string) => Promise<unknown>
  error: MfaError | null
  busy: boolean
}

/** A code field of one's own: `useCodeInput` has the behaviour, this has the looks. */
export function CodeForm({ send, error, busy }: CodeFormProps) {
  const [code, setCode] = useState('')
  // The hooks never repeat a code; a refused one is cleared, so that the next can be typed.
  const submit = (whole: string) => void send(whole).catch(() => setCode(''))
  const { ref, inputProps, cells } = useCodeInput({
    value: code,
    onChange: setCode,
    onComplete: submit,
    busy,
  })
  return (
    <form
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        submit(code)
      }}
    >
      <label>
        Code <input {...inputProps} ref={ref} name="code" aria-invalid={error !== null} />
      </label>
      <span aria-hidden="true">{cells.map(({ char }) => char || '·').join(' ')}</span>
      <p role="alert">{error?.message}</p>
    </form>
  )
}
