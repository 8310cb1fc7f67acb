import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useRef, useState } from 'react'
import { ApiError, api, type Credentials } from './api.js'
import { navigate, nextPage } from './router.js'
import { changePerson } from './session.js'

type Mode = 'sign-in' | 'sign-up'
type FieldName = 'email' | 'password' | 'organization'

const words = {
  'sign-in': { submit: 'Sign in', busy: 'Signing in…' },
  'sign-up': { submit: 'Create account', busy: 'Creating your account…' },
}

/** What can be said before the server is asked. */
function check({ email, password }: Credentials, mode: Mode): Partial<Record<FieldName, string>> {
  return {
    ...(!/^\S+@\S+$/.test(email) && { email: 'Enter your e-mail address.' }),
    ...(mode === 'sign-in' && !password && { password: 'Enter your password.' }),
    ...(mode === 'sign-up' && password.length < 12 && { password: 'At least 12 characters.' }),
  }
}

/** One form for both: the mode says whether an account is made first. */
export function SignInForm({ organizations }: { organizations: boolean }) {
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [mode, setMode] = useState<Mode>('sign-in')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const [errors, setErrors] = useState<Partial<Record<FieldName, string>>>({})

  const show = (found: Partial<Record<FieldName, string>>) => {
    setErrors(found)
    const [name] = Object.keys(found)
    const field = name && form.current?.elements.namedItem(name)
    if (field instanceof HTMLInputElement) field.focus()
  }

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (busy) return
    const data = new FormData(event.currentTarget)
    const organization = String(data.get('organization') ?? '').trim()
    const credentials: Credentials = {
      email: String(data.get('email')).trim(),
      password: String(data.get('password')),
      ...(organization && { organization }),
    }
    setFailure(undefined)
    const found = check(credentials, mode)
    show(found)
    if (Object.keys(found).length > 0) return
    setBusy(true)
    try {
      if (mode === 'sign-up') {
        await api.signUp(credentials)
        await enter('/security')
      } else {
        const { enrolled } = await api.signIn(credentials)
        await enter(enrolled ? `/mfa?next=${nextPage()}` : nextPage())
      }
    } catch (error) {
      setBusy(false)
      if (error instanceof ApiError && Object.keys(error.fields).length > 0) show(error.fields)
      else setFailure(error instanceof Error ? error.message : 'Something went wrong. Try again.')
    }
  }

  const enter = async (page: string) => {
    const me = await api.me()
    navigate(page)
    await changePerson(client, me)
  }

  const choose = (next: Mode) => {
    setMode(next)
    setErrors({})
    setFailure(undefined)
  }

  return (
    <form
      ref={form}
      className="card sign-in"
      method="post"
      onSubmit={(event) => void submit(event)}
      noValidate
    >
      <fieldset className="segments">
        <legend className="visually-hidden">Do you have an account?</legend>
        <Segment label="Sign in" checked={mode === 'sign-in'} onChoose={() => choose('sign-in')} />
        <Segment label="New account" checked={mode === 'sign-up'} onChoose={() => choose('sign-up')} />
      </fieldset>
      <Field name="email" label="E-mail" type="email" autoComplete="username" error={errors.email} />
      <Field
        name="password"
        label="Password"
        type="password"
        autoComplete={mode === 'sign-in' ? 'current-password' : 'new-password'}
        hint={
          mode === 'sign-up'
            ? '12 characters or more. A few words are easier to keep than symbols.'
            : undefined
        }
        error={errors.password}
      />
      {organizations ? (
        <Field
          name="organization"
          label="Organization (optional)"
          type="text"
          autoComplete="organization"
          hint={
            mode === 'sign-up'
              ? 'A short name such as acme. Made if it is new; in this demo anybody may join.'
              : 'Leave it empty for a personal account.'
          }
          error={errors.organization}
        />
      ) : null}
      {failure ? (
        <p className="field-error" role="alert">
          {failure}
        </p>
      ) : null}
      <button type="submit" className="button primary" aria-disabled={busy}>
        {busy ? words[mode].busy : words[mode].submit}
      </button>
    </form>
  )
}

function Segment(props: { label: string; checked: boolean; onChoose: () => void }) {
  return (
    <label>
      <input type="radio" name="mode" checked={props.checked} onChange={props.onChoose} />
      <span>{props.label}</span>
    </label>
  )
}

interface FieldProps {
  name: FieldName
  label: string
  type: 'email' | 'password' | 'text'
  autoComplete: string
  hint?: string | undefined
  error?: string | undefined
}

function Field({ name, label, hint, error, ...input }: FieldProps) {
  const id = useId()
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        autoCapitalize="none"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        {...input}
      />
      {error ? (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
      {hint ? (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}
