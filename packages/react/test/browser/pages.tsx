import { type ComponentProps, Profiler, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { CodeInput } from '../../src/code-input.js'
import { de } from '../../src/messages/de.js'
import { es } from '../../src/messages/es.js'
import { fr } from '../../src/messages/fr.js'
import { nl } from '../../src/messages/nl.js'
import { ptBR } from '../../src/messages/pt-br.js'
import { MfaSettings } from '../../src/mfa-settings.js'
import { MfaProvider } from '../../src/provider.js'
import { QrCode } from '../../src/qr-code.js'
import { RecoverAccount } from '../../src/recover-account.js'
import { RecoveryCodes } from '../../src/recovery-codes.js'
import { SecretKey } from '../../src/secret-key.js'
import { TotpChallenge } from '../../src/totp-challenge.js'
import { TotpEnrollment } from '../../src/totp-enrollment.js'
import { FakeBff } from '../fake-bff.js'
import { log } from './log.js'

/** Props of the code page: those of the field, and how its host behaves. */
export interface CodePageProps extends Partial<Omit<ComponentProps<typeof CodeInput>, 'ref'>> {
  /** The host does not keep the value. */
  uncontrolled?: boolean
  /** The host refuses each whole code: clears it at once. */
  clearsOnComplete?: boolean
  /** The host takes no change. */
  refuses?: boolean
  /** The host takes a change this many milliseconds later. */
  acceptsAfterMs?: number
  /** The form has another field, which has to be filled, and a whole code sends it. */
  sends?: boolean
}

function CodePage(first: CodePageProps) {
  const [props, setProps] = useState(first)
  const [value, setValue] = useState(first.value ?? '')
  useEffect(() => {
    // Drawn before it returns: a key that a test presses next meets the new props.
    window.setProps = (next) =>
      flushSync(() => {
        if (typeof next.value === 'string') setValue(next.value)
        setProps((old) => ({ ...old, ...next }))
      })
  }, [])
  const { uncontrolled, clearsOnComplete, refuses, acceptsAfterMs, sends, ...field } = props
  const form = useRef<HTMLFormElement>(null)
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault()
        log.submits.push([...new FormData(event.currentTarget)].map((entry) => entry.join('=')).join('&'))
      }}
    >
      {sends && <input type="email" name="email" aria-label="E-mail" required />}
      <Profiler id="code" onRender={() => void log.commits++}>
        <CodeInput
          name="code"
          label="Verification code"
          hint="The code is checked as soon as you enter the last digit."
          {...field}
          value={uncontrolled ? undefined : value}
          onChange={(next, { reason }) => {
            log.changes.push({ value: next, reason })
            if (acceptsAfterMs) setTimeout(setValue, acceptsAfterMs, next)
            else if (!refuses) setValue(next)
          }}
          onComplete={(code) => {
            log.completes.push(code)
            if (clearsOnComplete) setValue('')
            if (sends) form.current?.requestSubmit()
          }}
        />
      </Profiler>
      <button type="submit">Verify</button>
    </form>
  )
}

const otpauth =
  'otpauth://totp/Acme:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30'
const codes = Array.from({ length: 10 }, (_, i) => `${i}k3f-9qwe-r7ty-xzm${i}`)

/** The person in front of a flow. */
export interface FlowPageProps {
  kit: 'enrollment' | 'challenge' | 'recover' | 'settings'
  enrolled?: boolean
  verified?: 'totp' | 'recovery_code'
  fresh?: boolean
  required?: boolean
  /** Recovery codes that are left. */
  left?: number
  locale?: keyof typeof catalogues | undefined
}

const flows = {
  enrollment: <TotpEnrollment onCancel={() => {}} />,
  challenge: <TotpChallenge onSuccess={() => void log.passed++} />,
  recover: <RecoverAccount onCancel={() => {}} />,
  settings: <MfaSettings />,
}

const catalogues = { de, es, fr, nl, ptBR }

function FlowPage(props: FlowPageProps) {
  const { kit, enrolled, verified, fresh = true, required = false, left = 10, locale } = props
  const [bff] = useState(() => {
    const one = new FakeBff()
    if (enrolled) one.enroll()
    if (verified) one.verify(verified)
    one.fresh = fresh
    one.required = required
    one.recoveryCodes = one.recoveryCodes.slice(0, left)
    return one
  })
  useEffect(() => {
    window.bff = bff
  }, [bff])
  return (
    <MfaProvider baseUrl="/mfa" fetch={bff.fetch} messages={locale && catalogues[locale]}>
      {flows[kit]}
    </MfaProvider>
  )
}

const pages: Record<string, (props: Record<string, unknown>) => React.ReactNode> = {
  code: (props) => <CodePage {...props} />,
  flow: (props) => <FlowPage kit="settings" {...props} />,
  qr: (props) => <QrCode value={otpauth} {...props} />,
  key: () => <SecretKey value="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" />,
  codes: () => (
    <>
      <p>Something else on the page</p>
      <RecoveryCodes codes={codes} site="Acme" account="ada@example.com" onSaved={() => void log.saved++} />
    </>
  ),
}

/** The page that a query names: `?page=code&props={"length":8}`. */
export function Page({ query }: { query: string }) {
  const params = new URLSearchParams(query)
  const page = pages[params.get('page') ?? 'code']
  return (
    <main>
      <h1>Fixture</h1>
      {page?.(JSON.parse(params.get('props') ?? '{}'))}
    </main>
  )
}
