import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { codeOf, FakeBff } from '../test/fake-bff.js'
import { action, everythingKept, kit, renderKit } from '../test/render-kit.js'
import { MfaSettings, mfaKeys, RecoverAccount, TotpChallenge } from './index.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const field = () => kit<HTMLInputElement>('code-input') as HTMLInputElement
const recoveryField = () => kit<HTMLInputElement>('recovery-code-input') as HTMLInputElement
const enter = (code: string) => fireEvent.input(field(), { target: { value: code } })

it('signs in with a code and calls the host once', async () => {
  const bff = new FakeBff().enroll()
  const success = vi.fn()
  renderKit(<TotpChallenge onSuccess={success} />, bff)
  enter(codeOf(1))
  await waitFor(() => expect(success).toHaveBeenCalledTimes(1))
  expect(success.mock.calls[0]?.[0].verified.method).toBe('totp')
})

it('S01: says beforehand that a full code is sent by itself, has a button too, and can be told not to', async () => {
  const bff = new FakeBff().enroll()
  const view = renderKit(<TotpChallenge />, bff)
  expect(screen.getByText(/The last digit sends the code/)).toBeTruthy()
  expect(action('submit')).toBeTruthy()
  view.unmount()
  const { user } = renderKit(<TotpChallenge autoSubmit={false} />, bff)
  expect(screen.queryByText(/The last digit/)).toBeNull()
  enter(codeOf(1))
  expect(bff.count('authenticate')).toBe(0)
  await user.click(action('submit'))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
})

it('T101, S02: the last digit and Enter while it is checked make one request', async () => {
  const bff = new FakeBff().enroll()
  const success = vi.fn()
  const { user } = renderKit(<TotpChallenge onSuccess={success} />, bff)
  const release = bff.hold('authenticate')
  field().focus()
  enter(codeOf(1))
  await user.keyboard('{Enter}{Enter}')
  await user.click(action('submit'))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  expect(field().readOnly).toBe(true)
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toContain('One moment…')
  release()
  await waitFor(() => expect(success).toHaveBeenCalledTimes(1))
  expect(bff.count('authenticate')).toBe(1)
})

it('S02: Enter after a code was accepted sends nothing and says nothing', async () => {
  const bff = new FakeBff().enroll()
  const success = vi.fn()
  const { user } = renderKit(<TotpChallenge onSuccess={success} />, bff)
  field().focus()
  enter(codeOf(1))
  await waitFor(() => expect(success).toHaveBeenCalledTimes(1))
  await user.keyboard('{Enter}')
  expect(bff.count('authenticate')).toBe(1)
  expect(screen.getByRole('alert').textContent).toBe('')
})

it('S03: a wrong code is announced, cleared, and the focus stays', async () => {
  const bff = new FakeBff().enroll()
  renderKit(<TotpChallenge />, bff)
  field().focus()
  enter('000000')
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('invalid_code'))
  expect(kit('error')?.closest('[role="alert"]')).not.toBeNull()
  expect(field().value).toBe('')
  expect(field().getAttribute('aria-invalid')).toBe('true')
  expect(document.activeElement).toBe(field())
  expect(screen.getByText(/4 attempts left/)).toBeTruthy()
})

it('a code that is too short is not sent, and the field says how long it is', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<TotpChallenge />, bff)
  enter('123')
  await user.click(action('submit'))
  expect(bff.count('authenticate')).toBe(0)
  expect(screen.getByRole('alert').textContent).toBe('Enter the 6 digits.')
  expect(document.activeElement).toBe(field())
})

it('T104, S06: counts the wait down, sends nothing meanwhile, and says when it is over', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const bff = new FakeBff().enroll().fail('authenticate', 'rate_limited', { retryAfterSeconds: 80 })
  renderKit(<TotpChallenge />, bff)
  enter('000000')
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('rate_limited'))
  const timer = screen.getByRole('timer')
  const seconds = () => Number(/Try again in (\d+) sec/.exec(timer.textContent ?? '')?.[1])
  const before = seconds()
  expect(before).toBeGreaterThan(40)
  // The seconds stand in an island that is not live, inside of the alert.
  expect(timer.getAttribute('aria-live')).toBe('off')
  expect(timer.closest('[role="alert"]')).not.toBeNull()
  expect(action('submit').getAttribute('aria-disabled')).toBe('true')
  await act(() => vi.advanceTimersByTimeAsync(5_000))
  expect(seconds()).toBeLessThanOrEqual(before - 5)
  expect(field().readOnly).toBe(false)
  enter(codeOf(1))
  fireEvent.click(action('submit'))
  expect(bff.count('authenticate')).toBe(1)
  await act(() => vi.advanceTimersByTimeAsync(80_000))
  expect(screen.queryByRole('timer')).toBeNull()
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toContain('Try again now.')
  fireEvent.click(action('submit'))
  await waitFor(() => expect(bff.count('authenticate')).toBe(2))
})

it('S06: a wait is named by what is left of it, anew once a minute and not each second', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const bff = new FakeBff().enroll().fail('authenticate', 'locked', { retryAfterSeconds: 900 })
  renderKit(<TotpChallenge />, bff)
  enter('000000')
  const timer = await screen.findByRole('timer', { name: 'Try again in 15 min.' })
  await act(() => vi.advanceTimersByTimeAsync(30_000))
  expect(timer.getAttribute('aria-label')).toBe('Try again in 15 min.')
  await act(() => vi.advanceTimersByTimeAsync(860_000))
  expect(timer.getAttribute('aria-label')).toBe('Try again in 60 sec.')
})

it('T104: the wrong code that starts a wait counts it down, and does not ask for another code at once', async () => {
  const bff = new FakeBff()
    .enroll()
    .fail('authenticate', 'invalid_code', { attemptsLeft: 1 })
    .fail('authenticate', 'invalid_code', { attemptsLeft: 0, retryAfterSeconds: 30 })
  renderKit(<TotpChallenge />, bff)
  enter('000000')
  await waitFor(() => expect(kit('error')?.textContent).toContain('1 attempt left.'))
  expect(action('submit').getAttribute('aria-disabled')).toBe('false')
  enter('000001')
  await waitFor(() => expect(kit('error')?.textContent).toBe('Too many wrong codes. Try again in 30 sec.'))
  expect(action('submit').getAttribute('aria-disabled')).toBe('true')
  expect(field().value).toBe('')
})

it('says in words that the account is locked, with an end and without', async () => {
  const bff = new FakeBff()
    .enroll()
    .fail('authenticate', 'locked', { retryAfterSeconds: 900 })
    .fail('authenticate', 'locked')
  const first = renderKit(<TotpChallenge />, bff)
  enter('000000')
  await waitFor(() => expect(kit('error')?.textContent).toBe('Too many wrong codes. Try again in 15 min.'))
  first.unmount()
  renderKit(<TotpChallenge />, bff)
  enter('000000')
  await waitFor(() => expect(kit('error')?.textContent).toContain('Try again later, or ask for help.'))
})

it('T104: a code that was used already asks for the next one', async () => {
  const bff = new FakeBff().enroll().fail('authenticate', 'code_already_used')
  renderKit(<TotpChallenge />, bff)
  enter(codeOf(1))
  await waitFor(() =>
    expect(kit('error')?.textContent).toBe('That code was used already. Try the next code.'),
  )
})

it('S07, F41: a request that got no answer is not sent again, and the code stays', async () => {
  const bff = new FakeBff().enroll()
  renderKit(<TotpChallenge />, bff)
  await waitFor(() => expect(field()).toBeTruthy())
  const release = bff.hold('authenticate')
  enter(codeOf(1))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  bff.offline = true
  release()
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('network'))
  expect(bff.count('authenticate')).toBe(1)
  expect(field().value).toBe(codeOf(1))
})

it.each(['outcome_unknown', 'upstream_timeout'] as const)(
  'S07: a code that may be spent is cleared after %s',
  async (code) => {
    const bff = new FakeBff().enroll().fail('authenticate', code)
    renderKit(<TotpChallenge />, bff)
    enter(codeOf(1))
    await waitFor(() =>
      expect(kit('error')?.textContent).toBe('That may not have worked. Try the next code.'),
    )
    expect(field().value).toBe('')
  },
)

it('S07: a code that was not answered in time is cleared, since it may be spent', async () => {
  const deadline = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(deadline.signal)
  const bff = new FakeBff().enroll()
  renderKit(<TotpChallenge />, bff)
  bff.hold('authenticate')
  enter(codeOf(1))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  deadline.abort()
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('timeout'))
  expect(field().value).toBe('')
})

it('a challenge that was cancelled takes nobody on when its answer comes late', async () => {
  const bff = new FakeBff().enroll()
  const said: string[] = []
  const challenge = (
    <TotpChallenge onSuccess={() => said.push('success')} onCancel={() => said.push('cancel')} />
  )
  const { user, show, queryClient } = renderKit(challenge, bff)
  const release = bff.hold('authenticate')
  enter(codeOf(1))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  await user.click(action('cancel'))
  show(null)
  release()
  await waitFor(() =>
    expect(queryClient.getQueryData(mfaKeys.status('/mfa'))).toHaveProperty('verified.method'),
  )
  expect(said).toEqual(['cancel'])
})

it('R04: goes to a recovery code and back, with a clean field, the focus in it and a name around it', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<TotpChallenge />, bff)
  enter('12')
  await user.click(action('use-recovery-code'))
  expect(kit('challenge')?.dataset.state).toBe('recovery-code')
  expect(document.activeElement).toBe(recoveryField())
  expect(screen.getByRole('form', { name: 'Use a recovery code' }).contains(recoveryField())).toBe(true)
  await user.click(action('use-code'))
  expect(kit('challenge')?.dataset.state).toBe('code')
  expect(document.activeElement).toBe(field())
  expect(field().value).toBe('')
  expect(screen.getByRole('form', { name: 'Two-step verification' }).contains(field())).toBe(true)
})

it('R01: the recovery field asks for a text keyboard and for no help with spelling', async () => {
  renderKit(<RecoverAccount />, new FakeBff().enroll())
  const attributes = Object.fromEntries(
    [...recoveryField().attributes].map(({ name, value }) => [name, value]),
  )
  expect(attributes).toMatchObject({
    type: 'text',
    inputmode: 'text',
    autocapitalize: 'none',
    autocomplete: 'off',
    spellcheck: 'false',
    name: 'recovery-code',
  })
  expect(attributes).not.toHaveProperty('maxlength')
})

it.each([
  ['as shown', (code: string) => code],
  ['upper case with spaces', (code: string) => ` ${code.toUpperCase().replaceAll('-', ' ')} `],
  ['other dashes', (code: string) => code.replaceAll('-', '\u2013')],
  [
    'full width',
    (code: string) => code.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  ],
  ['with a line break', (code: string) => `${code}\n`],
])('R02, R03: takes a recovery code %s', async (_, typed) => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<RecoverAccount />, bff)
  fireEvent.change(recoveryField(), { target: { value: typed(bff.recoveryCodes[0] ?? '') } })
  await user.click(action('submit'))
  await waitFor(() => expect(kit('recover')?.dataset.state).toBe('after'))
})

it('a wrong recovery code is announced and cleared', async () => {
  const bff = new FakeBff().enroll()
  const { user } = renderKit(<RecoverAccount />, bff)
  await user.type(recoveryField(), 'nonsense')
  await user.click(action('submit'))
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('invalid_recovery_code'))
  expect(recoveryField().value).toBe('')
  expect(document.activeElement).toBe(recoveryField())
  expect(screen.getByRole('alert').textContent).toContain('1 attempt left.')
})

it('after a recovery code the person chooses what comes next, and settings begin with it', async () => {
  const bff = new FakeBff().enroll()
  const success = vi.fn()
  const { user, show } = renderKit(<TotpChallenge onSuccess={success} />, bff)
  await user.click(action('use-recovery-code'))
  await user.type(recoveryField(), bff.recoveryCodes[3] ?? '')
  await user.click(action('submit'))
  await waitFor(() => expect(kit('challenge')?.dataset.state).toBe('after'))
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Your recovery codes' }))
  expect(kit('challenge')?.textContent).toContain('9 recovery codes left.')
  expect(success).not.toHaveBeenCalled()
  await user.click(action('rotate'))
  expect(success).toHaveBeenCalledWith(expect.objectContaining({ enrolled: true }), 'rotate')
  show(<MfaSettings start="rotate" />)
  expect(kit('settings')?.dataset.state).toBe('rotate')
  await user.click(action('continue'))
  await waitFor(() => expect(document.querySelectorAll('[data-kit="recovery-codes"] li')).toHaveLength(10))
})

it.each([
  [3, '3 recovery codes left. Make new ones soon.'],
  [0, '0 recovery codes left. Make new ones soon.'],
])('T57: warns at sign-in with %d recovery codes left', async (left, words) => {
  const bff = new FakeBff().enroll()
  bff.recoveryCodes.splice(left)
  const success = vi.fn()
  const { user } = renderKit(<TotpChallenge onSuccess={success} />, bff)
  enter(codeOf(1))
  await waitFor(() => expect(kit('challenge')?.textContent).toContain(words))
  await user.click(action('continue'))
  expect(success).toHaveBeenCalledTimes(1)
})

it('where no new codes can be made, few of them lead to a new authenticator app', async () => {
  const bff = new FakeBff().enroll()
  bff.recoveryCodes.splice(1)
  bff.capabilities = { ...bff.capabilities, rotate: false }
  const success = vi.fn()
  const { user } = renderKit(<TotpChallenge onSuccess={success} />, bff)
  enter(codeOf(1))
  await waitFor(() => expect(kit('challenge')?.dataset.state).toBe('after'))
  expect(kit('challenge')?.textContent).toContain('New recovery codes come with a new authenticator app.')
  await user.click(action('restart'))
  expect(success).toHaveBeenCalledWith(expect.objectContaining({ enrolled: true }), 'replace')
})

it('T81: neither a code nor a recovery code stays in a cache', async () => {
  const bff = new FakeBff().enroll()
  const [recoveryCode = ''] = bff.recoveryCodes
  const { user, queryClient } = renderKit(<TotpChallenge />, bff)
  enter('424242')
  await waitFor(() => expect(kit('error')).not.toBeNull())
  expect(everythingKept(queryClient)).not.toContain('424242')
  await user.click(action('use-recovery-code'))
  await user.type(recoveryField(), recoveryCode)
  await user.click(action('submit'))
  await waitFor(() => expect(kit('challenge')?.dataset.state).toBe('after'))
  expect(everythingKept(queryClient)).not.toContain(recoveryCode)
})
