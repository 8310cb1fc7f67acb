import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { expect, it } from 'vitest'
import { codeOf, FakeBff } from '../test/fake-bff.js'
import { action, everythingKept, kit, renderKit } from '../test/render-kit.js'
import { MfaSettings } from './index.js'

const state = (name: string) => waitFor(() => expect(kit('settings')?.dataset.state).toBe(name))
const enter = (code: string) => fireEvent.input(kit('code-input') as HTMLElement, { target: { value: code } })
const bob = { kind: 'user', accountName: 'bob@example.com' } as const
const codes = () =>
  [...document.querySelectorAll('[data-kit="recovery-codes"] li')].map((li) => li.textContent)
const passStepUp = async (code: string) => {
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  enter(code)
  await waitFor(() => expect(kit('step-up')).toBeNull())
}

it('shows the state, what is required and how many codes are left', async () => {
  const bff = new FakeBff().enroll()
  bff.required = true
  renderKit(<MfaSettings />, bff)
  await state('on')
  const text = kit('settings')?.textContent
  expect(text).toContain('Two-step verification is on.')
  expect(text).toContain('Your organization requires it.')
  expect(text).toContain('10 recovery codes left.')
})

it('does not offer to turn off what is required', async () => {
  const bff = new FakeBff().enroll()
  bff.required = true
  renderKit(<MfaSettings />, bff)
  await state('on')
  expect(action('restart')).not.toBeNull()
  expect(document.querySelector('[data-kit-action="remove"]')).toBeNull()
})

it('drops the codes that it shows when MFA is turned off elsewhere', async () => {
  const bff = new FakeBff().enroll()
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('reveal'))
  await passStepUp(codeOf(1))
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
  bff.enrolled = false
  await act(() => queryClient.invalidateQueries())
  await state('off')
  expect(codes()).toEqual([])
})

it('takes the focus to the heading when a setup that was begun before is cancelled', async () => {
  const bff = new FakeBff()
  const first = renderKit(<MfaSettings />, bff)
  await state('off')
  await first.user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  first.unmount()
  const { user } = renderKit(<MfaSettings />, bff)
  await waitFor(() => expect(document.querySelector('[data-kit-action="cancel"]')).not.toBeNull())
  expect(document.activeElement).toBe(document.body)
  await user.click(action('cancel'))
  await waitFor(() => expect(document.querySelector('[data-kit-action="cancel"]')).toBeNull())
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Set up an authenticator app' }))
})

it('sets up in place and stays until the codes are saved', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('off')
  await user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  enter(codeOf(1))
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
  await state('off')
  await user.click(action('saved'))
  await state('on')
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toContain(
    'Two-step verification is on.',
  )
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Two-step verification' }))
})

it('removes after a fresh code, by itself', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('remove'))
  expect(kit('settings')?.textContent).toContain('Your recovery codes stop working too.')
  await user.click(action('continue'))
  await passStepUp(codeOf(1))
  await state('off')
  expect(bff.enrolled).toBe(false)
  expect(bff.count('remove')).toBe(2)
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toContain(
    'Two-step verification is off.',
  )
})

it('asks for as many digits as the provider says, in the dialog of a step-up too', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<MfaSettings />, bff, { digits: 8 })
  await state('on')
  await user.click(action('reveal'))
  await waitFor(() => expect(kit('step-up')?.textContent).toContain('Enter the 8 digits.'))
  enter('123456')
  expect(bff.count('authenticate')).toBe(0)
  enter('12345678')
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
})

it('asks for six digits of a new app, whatever the provider says of old ones', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<MfaSettings />, bff, { digits: 8 })
  await state('off')
  await user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  enter(codeOf(1))
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
})

it('a closed step-up leaves everything as it was, without an error', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('reveal'))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  await user.click(kit('step-up')?.querySelector('[data-kit-action="cancel"]') as Element)
  await waitFor(() => expect(kit('step-up')).toBeNull())
  await state('on')
  expect(kit('error')).toBeNull()
})

it('reveal takes no recovery code as proof', async () => {
  const bff = new FakeBff().enroll().verify('recovery_code')
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('reveal'))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  expect(kit('step-up')?.querySelector('[data-kit-action="use-recovery-code"]')).toBeNull()
  await passStepUp(codeOf(1))
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
  await user.click(action('saved'))
  await state('on')
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it('D06: rotates after saying that the old codes stop, by a recovery code if need be', async () => {
  const bff = new FakeBff().enroll()
  const [first = ''] = bff.recoveryCodes
  const { user, queryClient } = renderKit(<MfaSettings site="Acme" />, bff)
  await state('on')
  await user.click(action('rotate'))
  expect(kit('settings')?.textContent).toContain('Your present recovery codes stop working.')
  expect(bff.count('rotate')).toBe(0)
  await user.click(action('continue'))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  await user.click(kit('step-up')?.querySelector('[data-kit-action="use-recovery-code"]') as Element)
  await user.type(kit('recovery-code-input') as HTMLElement, first)
  await user.click(kit('step-up')?.querySelector('[data-kit-action="submit"]') as Element)
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
  expect(codes()).not.toContain(first)
  // For the file and the print.
  expect(kit('recovery-codes')?.textContent).toContain('Recovery codes for Acme (ada@example.com)')
  await user.click(action('saved'))
  await state('on')
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it('a double click on confirm rotates once', async () => {
  const bff = new FakeBff().enroll().verify()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('rotate'))
  const release = bff.hold('rotate')
  await user.dblClick(action('continue'))
  release()
  await waitFor(() => expect(codes()).toHaveLength(10))
  expect(bff.count('rotate')).toBe(1)
})

it('D06: Cancel does nothing while new codes are being made, and they are shown', async () => {
  const bff = new FakeBff().enroll().verify()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('rotate'))
  const release = bff.hold('rotate')
  await user.click(action('continue'))
  await user.click(action('cancel'))
  expect(action('cancel').getAttribute('aria-disabled')).toBe('true')
  release()
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
})

it('replaces the authenticator, saying that the old one stops first', async () => {
  const bff = new FakeBff().enroll().verify()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('restart'))
  expect(kit('settings')?.textContent).toContain('Your present authenticator app stops working first.')
  await user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  enter(codeOf(2))
  await waitFor(() => expect(codes()).toHaveLength(10))
  await user.click(action('saved'))
  await state('on')
})

it('offers only what the provider can do, and says what instead', async () => {
  const bff = new FakeBff().enroll()
  bff.capabilities = { reveal: false, rotate: false, remove: true, setDefault: false }
  renderKit(<MfaSettings />, bff)
  await state('on')
  expect(
    [...document.querySelectorAll<HTMLElement>('[data-kit-action]')].map((b) => b.dataset.kitAction),
  ).toEqual(['restart', 'remove'])
  expect(kit('settings')?.textContent).toContain('New recovery codes come with a new authenticator app.')
})

it('says that nobody is signed in', async () => {
  const bff = new FakeBff()
  bff.subject = undefined
  renderKit(<MfaSettings />, bff)
  await waitFor(() => expect(kit('error')?.textContent).toBe('You are signed out. Sign in again.'))
})

it.each([
  ['outcome_unknown', {}, 'The service cannot be reached. Try again later.'],
  ['upstream_timeout', {}, 'The service cannot be reached. Try again later.'],
  ['rate_limited', { retryAfterSeconds: 30 }, 'Too many attempts. Try again in 30 sec.'],
  ['rate_limited', {}, 'Too many attempts. Try again later, or ask for help.'],
] as const)('says what to do where no code was typed: %s', async (code, extra, words) => {
  const bff = new FakeBff().enroll().fail('recoveryCodes', code, extra)
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('reveal'))
  await waitFor(() => expect(kit('error')?.textContent).toBe(words))
})

it('after a reload before the codes were saved, offers them again, and takes it that they are saved', async () => {
  const bff = new FakeBff()
  const first = renderKit(<MfaSettings />, bff)
  await state('off')
  await first.user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  enter(codeOf(1))
  await waitFor(() => expect(codes()).toHaveLength(10))
  first.unmount()
  const { user } = renderKit(<MfaSettings />, bff)
  await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('unsaved'))
  expect(action('reveal')).toBeTruthy()
  await user.click(action('saved'))
  await state('on')
})

it.each([true, false])(
  'D06: new codes that were not saved are remembered across a reload, with reveal: %s',
  async (reveal) => {
    const bff = new FakeBff().enroll().verify()
    bff.capabilities = { ...bff.capabilities, reveal }
    const first = renderKit(<MfaSettings />, bff)
    await state('on')
    await first.user.click(action('rotate'))
    await first.user.click(action('continue'))
    await waitFor(() => expect(codes()).toHaveLength(10))
    first.unmount()
    const { user } = renderKit(<MfaSettings />, bff)
    await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('unsaved'))
    expect(document.querySelectorAll('[data-kit-action="reveal"]')).toHaveLength(reveal ? 1 : 0)
    await user.click(action('saved'))
    await state('on')
  },
)

it('D06: new codes that were saved are forgotten', async () => {
  const bff = new FakeBff().enroll().verify()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('rotate'))
  await user.click(action('continue'))
  await waitFor(() => expect(codes()).toHaveLength(10))
  await user.click(action('saved'))
  await state('on')
  expect(sessionStorage).toHaveLength(0)
})

it('says that nobody is signed in any more, and nothing of who was', async () => {
  const bff = new FakeBff().enroll().verify()
  const { queryClient } = renderKit(<MfaSettings />, bff)
  await state('on')
  bff.subject = undefined
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
  await state('loading')
  expect(everythingKept(queryClient)).not.toContain('ada@example.com')
})

it.each(['rotate', 'remove'])('M11: a session that ended is said once: %s', async (change) => {
  const bff = new FakeBff().enroll().verify()
  const { user } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action(change))
  bff.subject = undefined
  await user.click(action('continue'))
  await state('loading')
  await waitFor(() => expect(document.querySelectorAll('[data-kit="error"]')).toHaveLength(1))
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Two-step verification' }))
})

it('M11, T81: a session that ended before the first code is said once, and the secret goes', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('off')
  await user.click(action('start'))
  await waitFor(() => expect(kit('qr-code')).not.toBeNull())
  bff.subject = undefined
  enter(codeOf(1))
  await state('loading')
  await waitFor(() => expect(document.querySelectorAll('[data-kit="error"]')).toHaveLength(1))
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it.each([['reveal'], ['rotate', 'continue']])(
  'T81: codes that were shown go with the session, and the next person does not see them: %s',
  async (...clicks) => {
    const bff = new FakeBff().enroll().verify()
    const { user, queryClient } = renderKit(<MfaSettings />, bff)
    await state('on')
    for (const click of clicks) await user.click(action(click))
    await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
    bff.subject = undefined
    await act(() => queryClient.invalidateQueries())
    await state('loading')
    for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
    Object.assign(bff, { subject: bob, csrfToken: 'csrf-2' })
    await act(() => queryClient.invalidateQueries())
    await waitFor(() => expect(kit('settings')?.dataset.state).not.toBe('loading'))
    for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
  },
)

it.each([['reveal'], ['rotate', 'continue']])(
  'T81: codes that were shown go where somebody else is signed in by another tab: %s',
  async (...clicks) => {
    const bff = new FakeBff().enroll().verify()
    const { user, queryClient } = renderKit(<MfaSettings />, bff)
    await state('on')
    for (const click of clicks) await user.click(action(click))
    await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
    Object.assign(bff, { subject: bob, csrfToken: 'csrf-2' })
    await act(() => queryClient.invalidateQueries())
    await waitFor(() => expect(codes()).toEqual([]))
    for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
  },
)

it('D06: new codes that went with the session are called unsaved when it is back', async () => {
  const bff = new FakeBff().enroll().verify()
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('rotate'))
  await user.click(action('continue'))
  await waitFor(() => expect(codes()).toEqual(bff.recoveryCodes))
  const { subject } = bff
  bff.subject = undefined
  await act(() => queryClient.invalidateQueries())
  await state('loading')
  bff.subject = subject
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('unsaved'))
  expect(kit('enrollment')?.querySelector('h2')?.textContent).toBe('Save your recovery codes')
})

it.each(['rotate', 'replace'] as const)(
  'D06: new codes that were not saved are remembered where the page begins with a change: %s',
  async (start) => {
    const bff = new FakeBff().enroll().verify()
    const first = renderKit(<MfaSettings start={start} />, bff)
    await state(start)
    await first.user.click(action(start === 'rotate' ? 'continue' : 'start'))
    if (start === 'replace') {
      await waitFor(() => expect(kit('qr-code')).not.toBeNull())
      enter(codeOf(2))
    }
    await waitFor(() => expect(codes()).toHaveLength(10))
    first.unmount()
    const { user } = renderKit(<MfaSettings start={start} />, bff)
    await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('unsaved'))
    await user.click(action('saved'))
    await state('on')
    expect(sessionStorage).toHaveLength(0)
  },
)

it('D06: codes that one person has not saved are not asked about of the next', async () => {
  const ada = new FakeBff().enroll().verify()
  ada.csrfToken = 'ada'.repeat(14)
  const first = renderKit(<MfaSettings />, ada)
  await state('on')
  await first.user.click(action('rotate'))
  await first.user.click(action('continue'))
  await waitFor(() => expect(codes()).toHaveLength(10))
  first.unmount()
  expect(sessionStorage).toHaveLength(1)
  // What is kept tells the two apart and is no token.
  expect(JSON.stringify({ ...sessionStorage })).not.toContain(ada.csrfToken)
  const { queryClient } = renderKit(
    <MfaSettings />,
    Object.assign(new FakeBff().enroll().verify(), { subject: bob, csrfToken: 'bob'.repeat(14) }),
  )
  await state('on')
  await waitFor(() => expect(queryClient.isFetching()).toBe(0))
  expect(kit('enrollment')).toBeNull()
})

it('goes on to the settings where another tab has set up the app meanwhile', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('off')
  bff.enroll()
  await queryClient.invalidateQueries()
  await waitFor(() => expect(kit('enrollment')?.dataset.state).toBe('enrolled'))
  await user.click(action('continue'))
  await state('on')
})

it.each(['remove', 'rotate', 'restart'])(
  'T101: what one person asked for is not carried out with the code of the next: %s',
  async (change) => {
    const bff = new FakeBff().enroll()
    const { user, queryClient } = renderKit(<MfaSettings />, bff)
    await state('on')
    await user.click(action(change))
    await user.click(action(change === 'restart' ? 'start' : 'continue'))
    await waitFor(() => expect(kit('step-up')).not.toBeNull())
    const before = bff.recoveryCodes
    Object.assign(bff, { subject: bob, csrfToken: 'csrf-2' }).verify()
    await act(() => queryClient.invalidateQueries())
    await waitFor(() => expect(kit('step-up')).toBeNull())
    await waitFor(() => expect(queryClient.isFetching() + queryClient.isMutating()).toBe(0))
    expect([bff.enrolled, bff.recoveryCodes, bff.pending]).toEqual([true, before, undefined])
    expect(codes()).toEqual([])
  },
)

it('a session that ends while a code is asked for takes the dialog along', async () => {
  const bff = new FakeBff().enroll()
  const { user, queryClient } = renderKit(<MfaSettings />, bff)
  await state('on')
  await user.click(action('reveal'))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  bff.subject = undefined
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(kit('step-up')).toBeNull())
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
})
