import { fireEvent, waitFor } from '@testing-library/react'
import axe from 'axe-core'
import type { ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import {
  MfaSettings,
  RecoverAccount,
  RecoveryCodes,
  SecretKey,
  TotpChallenge,
  TotpEnrollment,
} from '../src/index.js'
import { en, type Messages, type Plural } from '../src/messages/en.js'
import { codeOf, FakeBff } from './fake-bff.js'
import { action, kit, renderKit } from './render-kit.js'

/** English in brackets, with its placeholders kept: what stands outside of brackets was not translated. */
const bracket = (message: string | Plural): string | Plural => {
  if (typeof message === 'string') return `⟦${message}⟧`
  const forms = Object.entries(message).map(([form, text]) => [form, `⟦${text}⟧`])
  return { ...Object.fromEntries(forms), other: `⟦${message.other}⟧` }
}

const group = <G extends Record<string, string | Plural>>(messages: G) =>
  Object.fromEntries(Object.entries(messages).map(([key, message]) => [key, bracket(message)])) as G

const pseudo: Messages = {
  locale: 'en',
  form: group(en.form),
  error: group(en.error),
  challenge: group(en.challenge),
  recovered: group(en.recovered),
  recoveryCodes: group(en.recoveryCodes),
  enrollment: group(en.enrollment),
  settings: group(en.settings),
}

/** Texts and names on the page that no catalogue said: not in brackets, and no code, key or name of the person. */
function untranslated(bff: FakeBff): string[] {
  const data = new Set([...bff.secrets, 'ada@example.com', 'localhost'])
  const found: string[] = []
  const see = (text: string | null) => {
    let rest = (text ?? '').replace(/⟦[^⟧]*⟧/g, '')
    for (const one of data) rest = rest.replaceAll(one, '')
    if (/\p{L}/u.test(rest)) found.push(rest.trim())
  }
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('[data-kit="secret-key"], .kit-print')) continue
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) see(node.textContent)
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) see(element.getAttribute(name))
  }
  return found
}

const enter = (code: string) => fireEvent.input(kit('code-input') as HTMLElement, { target: { value: code } })
const click = (name: string) => fireEvent.click(action(name))
const seen = (name: string) =>
  waitFor(() => expect(document.querySelector(`[data-kit="${name}"]`)).not.toBeNull())
const appears = (name: string) => waitFor(() => action(name))

const enrolled = () => new FakeBff().enroll()

interface State {
  part: ReactNode
  /** The server's state before; a person with nothing set up where left out. */
  make?: () => FakeBff
  reach?: (bff: FakeBff) => Promise<unknown>
}

const states: Record<string, State> = {
  'enrolment: introduction': { part: <TotpEnrollment onCancel={() => {}} />, reach: () => appears('start') },
  'enrolment: replace': {
    part: <TotpEnrollment replace />,
    make: enrolled,
    reach: () => appears('start'),
  },
  'enrolment: scan, with a wrong code': {
    part: <TotpEnrollment />,
    reach: async () => {
      await appears('start')
      click('start')
      await seen('qr-code')
      enter('000000')
      await seen('error')
    },
  },
  'enrolment: pending': {
    part: <TotpEnrollment />,
    reach: async (bff) => {
      await appears('start')
      click('start')
      await seen('qr-code')
      bff.fail('authenticate', 'registration_expired')
      enter(codeOf(1))
      await appears('restart')
    },
  },
  'enrolment: codes': {
    part: <TotpEnrollment />,
    reach: async () => {
      await appears('start')
      click('start')
      await seen('qr-code')
      enter(codeOf(1))
      await seen('recovery-codes')
    },
  },
  'enrolment: done': {
    part: <TotpEnrollment />,
    reach: async () => {
      await appears('start')
      click('start')
      await seen('qr-code')
      enter(codeOf(1))
      await appears('saved')
      click('saved')
      await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('done'))
    },
  },
  'enrolment: enrolled': {
    part: <TotpEnrollment />,
    make: enrolled,
    reach: () => waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('enrolled')),
  },
  'challenge: code': { part: <TotpChallenge onCancel={() => {}} />, make: enrolled },
  'challenge: too short': {
    part: <TotpChallenge autoSubmit={false} />,
    make: enrolled,
    reach: async () => click('submit'),
  },
  'challenge: checking': {
    part: <TotpChallenge />,
    make: enrolled,
    reach: async (bff) => {
      bff.hold('authenticate')
      enter(codeOf(1))
      await waitFor(() => expect(bff.count('authenticate')).toBe(1))
    },
  },
  'challenge: recovery code, refused': {
    part: <TotpChallenge />,
    make: enrolled,
    reach: async () => {
      click('use-recovery-code')
      await seen('recovery-code-input')
      fireEvent.change(kit('recovery-code-input') as HTMLElement, { target: { value: 'abcd' } })
      click('submit')
      await seen('error')
    },
  },
  'recover: after': {
    part: <RecoverAccount />,
    make: enrolled,
    reach: async (bff) => {
      fireEvent.change(kit('recovery-code-input') as HTMLElement, { target: { value: bff.recoveryCodes[0] } })
      click('submit')
      await appears('continue')
    },
  },
  'settings: on': { part: <MfaSettings />, make: required, reach: () => appears('restart') },
  'settings: remove': {
    part: <MfaSettings />,
    make: enrolled,
    reach: async () => {
      await appears('remove')
      click('remove')
      click('continue')
      await seen('step-up')
    },
  },
  'settings: rotate': {
    part: <MfaSettings start="rotate" />,
    make: enrolled,
    reach: () => appears('continue'),
  },
  'settings: without rotate': { part: <MfaSettings />, make: poor, reach: () => appears('remove') },
  'parts alone': {
    part: (
      <>
        <RecoveryCodes codes={[]} onSaved={() => {}} />
        <SecretKey value="AAAABBBB" />
      </>
    ),
    reach: async () => {
      for (const button of document.querySelectorAll('[data-kit-action="copy"]')) fireEvent.click(button)
    },
  },
}

function required() {
  const bff = new FakeBff().enroll()
  bff.required = true
  bff.stale = true
  return bff
}

function poor() {
  const bff = new FakeBff().enroll()
  bff.capabilities = { reveal: false, rotate: false, remove: true, setDefault: false }
  return bff
}

describe('in a language of brackets', () => {
  it.each(Object.entries(states))('%s has no hard-coded word', async (_, { part, make, reach }) => {
    const bff = make?.() ?? new FakeBff()
    renderKit(part, bff, { messages: pseudo })
    await reach?.(bff)
    expect(document.body.textContent).toContain('⟦')
    expect(untranslated(bff)).toEqual([])
  })

  it.each([
    'unauthenticated',
    'internal',
    'rate_limited',
    'locked',
    'outcome_unknown',
    'upstream_timeout',
    'not_supported',
    'code_already_used',
    'not_enrolled',
  ] as const)('the error %s has no hard-coded word', async (code) => {
    const bff = new FakeBff().enroll().fail('authenticate', code, { requestId: '42' })
    renderKit(<TotpChallenge />, bff, { messages: pseudo })
    enter('000000')
    await seen('error')
    expect(kit('error')?.textContent).toContain('⟦')
    expect(untranslated(bff)).toEqual([])
  })
})

// Colours and focus rings need a real browser.
it.each(Object.entries(states))('%s has the names, roles and relations of WCAG 2.2', async (_, state) => {
  const { part, make, reach } = state
  const bff = make?.() ?? new FakeBff()
  renderKit(part, bff)
  await reach?.(bff)
  const { violations } = await axe.run(document.body, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    rules: { 'color-contrast': { enabled: false } },
  })
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
})
