import {
  CodeInput,
  MfaSettings,
  QrCode,
  RecoverAccount,
  RecoveryCodes,
  SecretKey,
  TotpChallenge,
  TotpEnrollment,
} from '@kit/react'
import type { ReactNode } from 'react'
import {
  type Answers,
  codes,
  never,
  otpauthUri,
  pending,
  problem,
  recoveryCodes,
  secret,
  statusOf,
  verified,
} from './fake-bff.js'
import type { Clipboard, Step } from './play.js'

/** One state of a component: what the server answers, and what a visitor did. */
export interface State {
  name: string
  answers?: Answers
  steps?: readonly Step[]
  /** The page was reloaded before the recovery codes were saved. */
  unsaved?: boolean
  /** What a clipboard does that is not the visitor's own. */
  clipboard?: Clipboard
  /** Where the state comes from props; else the component's own. */
  render?: () => ReactNode
  snippet?: string
}

export interface Specimen {
  /** The exported name. */
  name: string
  about: string
  snippet: string
  render: () => ReactNode
  states: readonly State[]
}

const start: Step = { press: 'start' }
const code: Step = { fill: 'code-input', with: '123456' }
const off = { 'GET /status': statusOf({ enrolled: false, recoveryCodesRemaining: null }) }
const scanning = { ...off, 'POST /totp': pending() }
const judged = (code: Parameters<typeof problem>[0], facts?: Parameters<typeof problem>[1]) => ({
  'POST /totp/authenticate': problem(code, facts),
})
const fresh = (changes = {}) => ({ 'GET /status': statusOf({ verified: verified(), ...changes }) })
const withRecoveryCode: readonly Step[] = [
  { press: 'use-recovery-code' },
  { fill: 'recovery-code-input', with: recoveryCodes[0] ?? '' },
  { press: 'submit' },
]
const afterRecovery = statusOf({ verified: verified('recovery_code'), recoveryCodesRemaining: 2 })

export const specimens: readonly Specimen[] = [
  {
    name: 'TotpEnrollment',
    about: 'Setting up: QR code and key, the first code, the recovery codes.',
    snippet: '<TotpEnrollment onDone={() => navigate("/")} />',
    render: () => <TotpEnrollment />,
    states: [
      { name: 'introduction', answers: off },
      { name: 'loading', answers: { 'GET /status': never } },
      {
        name: 'begun before',
        answers: {
          'GET /status': statusOf({
            enrolled: false,
            recoveryCodesRemaining: null,
            pending: { expiresAt: new Date(Date.now() + 500_000).toISOString() },
          }),
        },
      },
      { name: 'scan', answers: scanning, steps: [start] },
      { name: 'checking', answers: { ...scanning, 'POST /totp/authenticate': never }, steps: [start, code] },
      { name: 'wrong code', answers: { ...scanning, ...judged('invalid_code') }, steps: [start, code] },
      { name: 'expired', answers: { ...scanning, ...judged('registration_expired') }, steps: [start, code] },
      {
        name: 'recovery codes',
        answers: { ...scanning, 'POST /totp/authenticate': statusOf({ verified: verified() }) },
        steps: [start, code],
      },
      {
        name: 'done',
        answers: { ...scanning, 'POST /totp/authenticate': statusOf({ verified: verified() }) },
        steps: [start, code, { press: 'saved' }],
      },
      { name: 'unsaved', answers: fresh(), unsaved: true },
      { name: 'enrolled already', answers: fresh() },
      {
        name: 'in place of another',
        answers: fresh(),
        render: () => <TotpEnrollment replace onCancel={() => {}} />,
        snippet: '<TotpEnrollment replace onDone={goOn} onCancel={goBack} />',
      },
      {
        name: 'unreachable',
        answers: { ...off, 'POST /totp': problem('upstream_unavailable') },
        steps: [start],
      },
    ],
  },
  {
    name: 'TotpChallenge',
    about: 'Sign-in with a code, or with a recovery code instead.',
    snippet: '<TotpChallenge autoFocus onSuccess={() => navigate("/vault")} />',
    render: () => <TotpChallenge />,
    states: [
      { name: 'code' },
      { name: 'checking', answers: { 'POST /totp/authenticate': never }, steps: [code] },
      { name: 'wrong code', answers: judged('invalid_code', { attemptsLeft: 2 }), steps: [code] },
      { name: 'spent code', answers: judged('code_already_used'), steps: [code] },
      { name: 'slow down', answers: judged('rate_limited', { retryAfterSeconds: 45 }), steps: [code] },
      { name: 'locked', answers: judged('locked', { retryAfterSeconds: 900 }), steps: [code] },
      { name: 'outcome unknown', answers: judged('outcome_unknown'), steps: [code] },
      { name: 'unreachable', answers: judged('upstream_unavailable'), steps: [code] },
      { name: 'recovery code', steps: [{ press: 'use-recovery-code' }] },
      {
        name: 'wrong recovery code',
        answers: { 'POST /totp/recover': problem('invalid_recovery_code') },
        steps: withRecoveryCode,
      },
      {
        name: 'after a recovery code',
        answers: { 'POST /totp/recover': afterRecovery },
        steps: withRecoveryCode,
      },
      {
        name: 'few recovery codes left',
        answers: {
          'POST /totp/authenticate': statusOf({ verified: verified(), recoveryCodesRemaining: 2 }),
        },
        steps: [code],
      },
      {
        name: 'eight digits',
        render: () => <TotpChallenge digits={8} autoSubmit={false} />,
        snippet: '<TotpChallenge digits={8} autoSubmit={false} />',
      },
      {
        name: 'with a way out',
        render: () => <TotpChallenge onCancel={() => {}} />,
        snippet: '<TotpChallenge onCancel={() => navigate("/")} />',
      },
    ],
  },
  {
    name: 'MfaSettings',
    about: 'A whole settings page: on or off, another app, recovery codes, turning it off.',
    snippet: '<MfaSettings />',
    render: () => <MfaSettings />,
    states: [
      { name: 'on', answers: fresh() },
      { name: 'off', answers: off },
      { name: 'loading', answers: { 'GET /status': never } },
      { name: 'required', answers: fresh({ required: true }) },
      { name: 'few codes left', answers: fresh({ recoveryCodesRemaining: 2 }) },
      { name: 'no codes left', answers: fresh({ recoveryCodesRemaining: 0 }) },
      {
        name: 'a provider without rotation',
        answers: fresh({ capabilities: { reveal: true, rotate: false, remove: true, setDefault: false } }),
      },
      { name: 'stale', answers: { 'GET /status': statusOf({ stale: true }) } },
      {
        name: 'recovery codes',
        answers: { ...fresh(), 'POST /totp/recovery-codes': codes },
        steps: [{ press: 'reveal' }],
      },
      { name: 'new recovery codes', answers: fresh(), steps: [{ press: 'rotate' }] },
      {
        name: 'new recovery codes to save',
        answers: { ...fresh(), 'POST /totp/recovery-codes/rotate': codes },
        steps: [{ press: 'rotate' }, { press: 'continue' }],
      },
      {
        name: 'step-up',
        answers: {
          ...fresh(),
          'POST /totp/recovery-codes': problem('step_up_required'),
          ...judged('invalid_code'),
        },
        steps: [{ press: 'reveal' }],
      },
      { name: 'turn off', answers: fresh(), steps: [{ press: 'remove' }] },
      { name: 'replace', answers: fresh(), steps: [{ press: 'restart' }] },
      { name: 'signed out', answers: { 'GET /status': problem('unauthenticated') } },
      { name: 'broken', answers: { 'GET /status': problem('internal') } },
    ],
  },
  {
    name: 'RecoverAccount',
    about: 'Sign-in with a recovery code, on a page of its own.',
    snippet: '<RecoverAccount onSuccess={() => navigate("/vault")} />',
    render: () => <RecoverAccount />,
    states: [
      { name: 'form' },
      {
        name: 'wrong',
        answers: { 'POST /totp/recover': problem('invalid_recovery_code') },
        steps: withRecoveryCode.slice(1),
      },
      { name: 'checking', answers: { 'POST /totp/recover': never }, steps: withRecoveryCode.slice(1) },
      {
        name: 'locked',
        answers: { 'POST /totp/recover': problem('locked', { retryAfterSeconds: 3_000 }) },
        steps: withRecoveryCode.slice(1),
      },
      { name: 'after', answers: { 'POST /totp/recover': afterRecovery }, steps: withRecoveryCode.slice(1) },
      {
        name: 'with a way out',
        render: () => <RecoverAccount onCancel={() => {}} />,
        snippet: '<RecoverAccount onCancel={() => navigate("/")} />',
      },
    ],
  },
  {
    name: 'RecoveryCodes',
    about: 'Codes to keep: copy, download, print, and a button that says they are saved.',
    snippet: '<RecoveryCodes codes={codes} site="Larkspur" account="ada@example.com" onSaved={goOn} />',
    render: () => (
      <RecoveryCodes codes={recoveryCodes} site="Larkspur" account="ada@example.com" onSaved={() => {}} />
    ),
    states: [
      { name: 'all' },
      { name: 'copied', steps: [{ press: 'copy' }], clipboard: 'takes' },
      { name: 'no clipboard', steps: [{ press: 'copy' }], clipboard: 'refuses' },
      {
        name: 'to look at',
        render: () => <RecoveryCodes codes={recoveryCodes.slice(0, 4)} />,
        snippet: '<RecoveryCodes codes={codes} />',
      },
    ],
  },
  {
    name: 'CodeInput',
    about: 'One real field with drawn cells.',
    snippet: '<CodeInput label="Code" hint="Enter the 6 digits." onComplete={send} />',
    render: () => <CodeInput label="Code" hint="Enter the 6 digits." />,
    states: [
      { name: 'empty' },
      {
        name: 'filled',
        render: () => <CodeInput label="Code" defaultValue="123456" />,
        snippet: '<CodeInput label="Code" defaultValue="123456" />',
      },
      {
        name: 'wrong',
        render: () => <CodeInput label="Code" defaultValue="123" error="That code is wrong." />,
        snippet: '<CodeInput label="Code" error="That code is wrong." />',
      },
      {
        name: 'busy',
        render: () => <CodeInput label="Code" defaultValue="123456" busy />,
        snippet: '<CodeInput label="Code" busy />',
      },
      {
        name: 'disabled',
        render: () => <CodeInput label="Code" defaultValue="12" disabled />,
        snippet: '<CodeInput label="Code" disabled />',
      },
      {
        name: 'read-only',
        render: () => <CodeInput label="Code" defaultValue="123456" readOnly />,
        snippet: '<CodeInput label="Code" value={code} readOnly />',
      },
      {
        name: 'eight digits',
        render: () => <CodeInput label="Code" length={8} defaultValue="1234" />,
        snippet: '<CodeInput label="Code" length={8} />',
      },
    ],
  },
  {
    name: 'QrCode',
    about: 'Dark on light in every theme, its quiet zone inside the picture.',
    snippet: '<QrCode value={otpauthUri} />',
    render: () => <QrCode value={otpauthUri} />,
    states: [
      { name: 'usual' },
      {
        name: 'larger',
        render: () => <QrCode value={otpauthUri} size={296} />,
        snippet: '<QrCode value={otpauthUri} size={296} />',
      },
    ],
  },
  {
    name: 'SecretKey',
    about: 'The key for typing, in groups of four; copied without spaces.',
    snippet: '<SecretKey value={secret} aria-label="Setup key" role="group" />',
    render: () => <SecretKey value={secret} aria-label="Setup key" role="group" />,
    states: [
      { name: 'usual' },
      { name: 'copied', steps: [{ press: 'copy' }], clipboard: 'takes' },
      { name: 'no clipboard', steps: [{ press: 'copy' }], clipboard: 'refuses' },
    ],
  },
]
