import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { useEffect } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { codeOf, FakeBff } from '../test/fake-bff.js'
import { action, everythingKept, kit, lateReads, renderKit } from '../test/render-kit.js'
import { TotpEnrollment, useTotpEnrollment } from './index.js'

afterEach(() => {
  vi.useRealTimers()
})

const bob = { kind: 'user', accountName: 'bob@example.com' } as const
const step = (name: string) => waitFor(() => expect(kit('enrollment')).toHaveProperty('dataset.state', name))

/** Types into the code field as the browser would report it. */
const enter = (code: string) => fireEvent.input(kit('code-input') as HTMLElement, { target: { value: code } })

it('sets an authenticator app up from the introduction to saved codes', async () => {
  const bff = new FakeBff()
  const done = vi.fn()
  const { user } = renderKit(<TotpEnrollment onDone={done} />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  expect(kit('qr-code')?.tagName).toBe('svg')
  expect(kit('secret-key')?.textContent?.replaceAll(' ', '')).toBe(bff.pending?.secret)
  enter(codeOf(1))
  await step('codes')
  expect(
    [...document.querySelectorAll('[data-kit="recovery-codes"] li')].map((li) => li.textContent),
  ).toEqual(bff.recoveryCodes)
  expect(done).not.toHaveBeenCalled()
  await user.click(action('saved'))
  await step('done')
  expect(done).toHaveBeenCalledTimes(1)
  expect(
    bff.calls.filter(({ operation }) => operation !== 'status').map(({ operation }) => operation),
  ).toEqual(['create', 'authenticate'])
})

it('T101: StrictMode and a double click make one registration', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  expect(bff.count('create')).toBe(0)
  const release = bff.hold('create')
  await user.dblClick(action('start'))
  release()
  await step('scan')
  expect(bff.count('create')).toBe(1)
})

it('T81: nothing of the secret or the codes is kept anywhere afterwards', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  const [pageOnly] = everythingKept(queryClient).split('<html')
  for (const secret of bff.secrets) expect(pageOnly).not.toContain(secret)
  enter(codeOf(1))
  await step('codes')
  expect(document.documentElement.outerHTML).not.toContain(bff.secrets[0])
  await user.click(action('saved'))
  await step('done')
  for (const secret of [...bff.secrets, codeOf(1)]) expect(everythingKept(queryClient)).not.toContain(secret)
})

it('M11, T81: a session that ended is said once, and the secret goes', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  const { subject } = bff
  bff.subject = undefined
  enter(codeOf(1))
  await step('loading')
  await waitFor(() => expect(document.querySelectorAll('[data-kit="error"]')).toHaveLength(1))
  bff.subject = subject
  await act(() => queryClient.invalidateQueries())
  await step('intro')
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it('T81: recovery codes go with the session', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  enter(codeOf(1))
  await step('codes')
  const { subject } = bff
  bff.subject = undefined
  await act(() => queryClient.invalidateQueries())
  await step('loading')
  bff.subject = Object.assign({}, subject, { accountName: 'bob@example.com' })
  bff.csrfToken = 'csrf-2'
  await act(() => queryClient.invalidateQueries())
  await step('enrolled')
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it('T81: the secret goes where somebody else is signed in by another tab', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  Object.assign(bff, { subject: bob, csrfToken: 'csrf-2', pending: undefined })
  await act(() => queryClient.invalidateQueries())
  await step('intro')
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
})

it.each([true, false])(
  'T81: a secret that comes late is not shown to who is signed in by then, after nobody was: %s',
  async (nobody) => {
    const bff = new FakeBff()
    const late = vi.fn()
    const fetch: typeof bff.fetch = async (input, init) => {
      const answer = await bff.fetch(input, init)
      if (init?.method === 'POST')
        await new Promise<void>((arrive, fail) => {
          late.mockImplementation(arrive)
          init.signal?.addEventListener('abort', fail)
        })
      return answer
    }
    const { user, queryClient } = renderKit(<TotpEnrollment />, bff, { fetch })
    await step('intro')
    await user.click(action('start'))
    await waitFor(() => expect(bff.pending).toBeDefined())
    if (nobody) {
      bff.subject = undefined
      await act(() => queryClient.invalidateQueries())
      await step('loading')
    }
    Object.assign(bff, { subject: bob, csrfToken: 'csrf-2', pending: undefined })
    await act(() => queryClient.invalidateQueries())
    await waitFor(() => expect(everythingKept(queryClient)).toContain('bob@example.com'))
    late()
    await act(() => new Promise((resolve) => setImmediate(resolve)))
    await waitFor(() => expect(queryClient.isFetching() + queryClient.isMutating()).toBe(0))
    await step('intro')
    for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
  },
)

it('what one person has done is not said to the next', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  enter(codeOf(1))
  await step('codes')
  await user.click(action('saved'))
  await step('done')
  Object.assign(bff, { subject: bob, csrfToken: 'csrf-2', enrolled: false })
  await act(() => queryClient.invalidateQueries())
  await step('intro')
})

it('what went wrong for one person is not said to the next', async () => {
  const bff = new FakeBff().fail('create', 'upstream_unavailable')
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('upstream_unavailable'))
  Object.assign(bff, { subject: bob, csrfToken: 'csrf-2' })
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(kit('error')).toBeNull())
})

it('nothing is said of a sign-out to who has signed in since', async () => {
  const bff = new FakeBff()
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  bff.subject = undefined
  await user.click(action('start'))
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
  await step('loading')
  Object.assign(bff, { subject: bob, csrfToken: 'csrf-2' })
  await act(() => queryClient.invalidateQueries())
  await step('intro')
  await waitFor(() => expect(kit('error')).toBeNull())
})

it('a wrong code is said, cleared, keeps the focus and the same secret', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  const key = kit('secret-key')?.textContent
  const field = kit<HTMLInputElement>('code-input') as HTMLInputElement
  field.focus()
  enter('000000')
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('invalid_code'))
  expect(kit('error')?.closest('[role="alert"]')).not.toBeNull()
  expect(kit('error')?.textContent).toContain('4 attempts left')
  expect(field.value).toBe('')
  expect(document.activeElement).toBe(field)
  expect(kit('secret-key')?.textContent).toBe(key)
  enter(codeOf(1))
  await step('codes')
})

it('cancel deletes the pending registration', async () => {
  const bff = new FakeBff()
  const cancelled = vi.fn()
  const { user } = renderKit(<TotpEnrollment onCancel={cancelled} />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  await user.click(action('cancel'))
  await step('intro')
  expect(bff.pending).toBeUndefined()
  expect(cancelled).toHaveBeenCalledTimes(1)
})

it('D06: cancel does nothing while a registration is made or the first code is checked', async () => {
  const bff = new FakeBff().enroll().verify()
  const cancelled = vi.fn()
  const { user } = renderKit(<TotpEnrollment replace onCancel={cancelled} />, bff)
  await step('intro')
  const remove = bff.hold('remove')
  await user.click(action('start'))
  await user.click(action('cancel'))
  remove()
  await step('scan')
  const authenticate = bff.hold('authenticate')
  enter(codeOf(2))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  await user.click(action('cancel'))
  expect(action('cancel').getAttribute('aria-disabled')).toBe('true')
  authenticate()
  await step('codes')
  expect(cancelled).not.toHaveBeenCalled()
  expect(bff.count('cancel')).toBe(0)
})

it('a reload goes on with the same secret, at a click and not before', async () => {
  const bff = new FakeBff()
  const first = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await first.user.click(action('start'))
  await step('scan')
  const key = kit('secret-key')?.textContent
  first.unmount()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await waitFor(() => action('continue'))
  expect(bff.count('create')).toBe(1)
  await user.click(action('continue'))
  await step('scan')
  expect(kit('secret-key')?.textContent).toBe(key)
})

it('a reload may begin with a new secret instead', async () => {
  const bff = new FakeBff()
  const first = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await first.user.click(action('start'))
  await step('scan')
  const key = kit('secret-key')?.textContent
  first.unmount()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await waitFor(() => action('restart'))
  await user.click(action('restart'))
  await step('scan')
  expect(kit('secret-key')?.textContent).not.toBe(key)
})

it('counts down to the expiry, asks the server, and offers a new code', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const bff = new FakeBff()
  bff.expiresInMs = 80_000
  const { queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  fireEvent.click(action('start'))
  await step('scan')
  const seconds = () =>
    Number(/This setup expires in (\d+) sec/.exec(screen.getByRole('timer').textContent ?? '')?.[1])
  const before = seconds()
  expect(before).toBeGreaterThan(40)
  await act(() => vi.advanceTimersByTimeAsync(20_000))
  expect(seconds()).toBeLessThanOrEqual(before - 20)
  bff.pending = undefined
  await act(() => vi.advanceTimersByTimeAsync(61_000))
  await step('expired')
  expect(kit('secret-key')).toBeNull()
  for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
  fireEvent.click(action('restart'))
  await step('scan')
  expect(bff.registrations).toBe(2)
})

it('a clock that runs fast does not end what the server still holds', async () => {
  const bff = new FakeBff()
  bff.expiresInMs = -1000
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  await waitFor(() => expect(bff.count('status')).toBeGreaterThan(2))
  await step('scan')
  enter(codeOf(1))
  await step('codes')
})

describe('when another tab has changed the registration and the status is read again', () => {
  const scanned = async () => {
    const bff = new FakeBff()
    const view = renderKit(<TotpEnrollment />, bff)
    await step('intro')
    await view.user.click(action('start'))
    await step('scan')
    // What follows the answer has been read.
    await waitFor(() => expect(view.queryClient.isFetching()).toBe(0))
    return { bff, ...view }
  }

  it('an old secret is not shown any longer, and the new one comes at a click', async () => {
    const { bff, user, queryClient } = await scanned()
    bff.expiresInMs += 1000
    const headers = { 'x-csrf': bff.csrfToken }
    await bff.fetch('/mfa/totp', { method: 'POST', headers, body: '{"restart":true}' })
    await act(() => queryClient.invalidateQueries())
    await step('intro')
    expect(kit('secret-key')).toBeNull()
    await user.click(action('continue'))
    await step('scan')
    expect(kit('secret-key')?.textContent?.replaceAll(' ', '')).toBe(bff.secrets[1])
    enter(codeOf(2))
    await step('codes')
  })

  it('one that was cancelled there is shown no longer after its first code', async () => {
    const { bff, user } = await scanned()
    bff.pending = undefined
    enter(codeOf(1))
    await step('expired')
    expect(kit('error')).toBeNull()
    await user.click(action('restart'))
    await step('scan')
    enter(codeOf(2))
    await step('codes')
  })

  it('one that was confirmed there is shown no longer', async () => {
    const { bff, queryClient } = await scanned()
    Object.assign(bff, { pending: undefined, enrolled: true })
    await act(() => queryClient.invalidateQueries())
    await step('enrolled')
    for (const secret of bff.secrets) expect(everythingKept(queryClient)).not.toContain(secret)
  })
})

it('a status that was read before the registration was made does not end it', async () => {
  const bff = new FakeBff()
  const late = lateReads(bff)
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff, { fetch: late.fetch })
  await step('intro')
  const release = bff.hold('create')
  await user.click(action('start'))
  late.isLate = true
  void queryClient.refetchQueries()
  await waitFor(() => expect(late.kept).toHaveLength(1))
  release()
  await step('scan')
  await late.arrive()
  await step('scan')
})

it('a first code whose answer is lost still ends in the recovery codes', async () => {
  const bff = new FakeBff()
  let isLost = false
  const fetch: typeof bff.fetch = async (input, init) => {
    const answer = await bff.fetch(input, init)
    if (isLost && String(input).endsWith('/authenticate')) throw new TypeError('Failed to fetch')
    return answer
  }
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff, { fetch })
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  isLost = true
  enter(codeOf(1))
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('network'))
  await waitFor(() => expect(queryClient.isFetching()).toBe(0))
  expect(bff.enrolled).toBe(true)
  await step('scan')
  isLost = false
  await user.click(action('submit'))
  await step('codes')
  expect(document.querySelectorAll('[data-kit="recovery-codes"] li')).toHaveLength(10)
})

it.each(['registration_expired', 'not_enrolled'] as const)(
  'a registration that is over on the server says so and begins anew: %s',
  async (code) => {
    const bff = new FakeBff()
    const { user } = renderKit(<TotpEnrollment />, bff)
    await step('intro')
    await user.click(action('start'))
    await step('scan')
    bff.fail('authenticate', code)
    enter(codeOf(1))
    await step('expired')
    await user.click(action('restart'))
    await step('scan')
    expect(kit('error')).toBeNull()
  },
)

it('D06: offers the codes again after a reload that came before they were saved', async () => {
  const bff = new FakeBff()
  const first = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await first.user.click(action('start'))
  await step('scan')
  enter(codeOf(1))
  await step('codes')
  first.unmount()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('unsaved')
  expect(bff.count('recoveryCodes')).toBe(0)
  await user.click(action('reveal'))
  await step('codes')
  expect(document.querySelectorAll('[data-kit="recovery-codes"] li')).toHaveLength(10)
  await user.click(action('saved'))
  await step('done')
  expect(sessionStorage).toHaveLength(0)
})

it('D06: replaces an authenticator: a fresh code, the old one goes, the new one comes and is not replaced on reload', async () => {
  const bff = new FakeBff().enroll()
  const { user, unmount } = renderKit(<TotpEnrollment replace />, bff)
  await step('intro')
  expect(kit('enrollment')?.textContent).toContain('stops working first')
  await user.click(action('start'))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  enter(codeOf(1))
  await step('scan')
  expect(kit('step-up')).toBeNull()
  expect(bff.calls.map(({ operation }) => operation).filter((name) => name !== 'status')).toEqual([
    'remove',
    'authenticate',
    'remove',
    'create',
  ])
  enter(codeOf(2))
  await step('codes')
  unmount()
  renderKit(<TotpEnrollment replace />, bff)
  await step('unsaved')
})

it('moves the focus to the heading of each new step', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  expect(document.activeElement).toBe(document.body)
  await user.click(action('start'))
  await step('scan')
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Set up an authenticator app' }))
  enter(codeOf(1))
  await step('codes')
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Save your recovery codes' }))
})

it('says that an app is active already', async () => {
  renderKit(<TotpEnrollment />, new FakeBff().enroll())
  await step('enrolled')
})

it('an error is over with the next thing that succeeds', async () => {
  const bff = new FakeBff()
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await step('scan')
  bff.fail('cancel', 'upstream_unavailable')
  await user.click(action('cancel'))
  await waitFor(() => expect(kit('error')).not.toBeNull())
  enter(codeOf(1))
  await step('codes')
  expect(kit('error')).toBeNull()
})

it('a status that cannot be read is said where nothing is called busy', async () => {
  const bff = new FakeBff()
  bff.subject = undefined
  renderKit(<TotpEnrollment />, bff)
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
  expect(kit('error')?.closest('[aria-busy="true"]')).toBeNull()
})

it('says what stands in the way, in words', async () => {
  const bff = new FakeBff().fail('create', 'upstream_unavailable')
  const { user } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await waitFor(() =>
    expect(kit('error')?.textContent).toBe('The service cannot be reached. Try again later.'),
  )
  await user.click(action('start'))
  await step('scan')
  expect(kit('error')).toBeNull()
})

function HastyPage() {
  const { state, start } = useTotpEnrollment()
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as a page does that has nothing to ask first
  useEffect(() => void start(), [])
  return <p data-kit="enrollment" data-state={state.step} />
}

it('a page may begin before it knows who is there', async () => {
  const bff = new FakeBff()
  const fetch: typeof bff.fetch = async (input, init) => {
    init?.signal?.throwIfAborted()
    return bff.fetch(input, init)
  }
  renderKit(<HastyPage />, bff, { fetch })
  await step('scan')
})

it('T101: a removal that one person asked for, answered late, begins no registration of the next', async () => {
  const bff = new FakeBff().enroll().verify()
  let answer = () => {}
  const fetch: typeof bff.fetch = async (input, init) => {
    const response = await bff.fetch(input, init)
    if (init?.method === 'DELETE') await new Promise<void>((resolve) => (answer = resolve))
    init?.signal?.throwIfAborted()
    return response
  }
  const { user, queryClient } = renderKit(<TotpEnrollment replace />, bff, { fetch })
  await step('intro')
  await user.click(action('start'))
  await waitFor(() => expect(bff.enrolled).toBe(false))
  Object.assign(bff.enroll(), { subject: bob, csrfToken: 'csrf-2' })
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(everythingKept(queryClient)).toContain('bob@example.com'))
  await act(async () => answer())
  await waitFor(() => expect(queryClient.isFetching() + queryClient.isMutating()).toBe(0))
  expect(bff.count('create')).toBe(0)
})

it('says that the session has ended, and not what failed before', async () => {
  const bff = new FakeBff().fail('create', 'upstream_unavailable')
  const { user, queryClient } = renderKit(<TotpEnrollment />, bff)
  await step('intro')
  await user.click(action('start'))
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('upstream_unavailable'))
  bff.subject = undefined
  await act(() => queryClient.invalidateQueries())
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
})
