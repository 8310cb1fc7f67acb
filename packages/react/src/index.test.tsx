import { onlineManager, QueryClient } from '@tanstack/react-query'
import { act, fireEvent, render, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { StrictMode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, it, vi } from 'vitest'
import { codeOf, FakeBff } from '../test/fake-bff.js'
import { action, everythingKept, hookKit, kit, lateReads, renderKit } from '../test/render-kit.js'
import * as kitReact from './index.js'
import {
  MfaError,
  MfaProvider,
  MfaSettings,
  mfaKeys,
  RecoverAccount,
  type StepUp,
  TotpChallenge,
  TotpEnrollment,
  useAuthenticateTotp,
  useMfaStatus,
  useSignOut,
  useStepUp,
} from './index.js'

afterEach(() => {
  vi.restoreAllMocks()
  onlineManager.setOnline(true)
  document.body.replaceChildren()
})

it('exports these names and no others', () => {
  expect(Object.keys(kitReact).sort()).toMatchInlineSnapshot(`
    [
      "CodeInput",
      "MfaError",
      "MfaProvider",
      "MfaSettings",
      "QrCode",
      "RecoverAccount",
      "RecoveryCodes",
      "SecretKey",
      "TotpChallenge",
      "TotpEnrollment",
      "createMfaClient",
      "en",
      "formatMessage",
      "mfaKeys",
      "mfaStatusOptions",
      "useAuthenticateTotp",
      "useCancelTotp",
      "useCodeInput",
      "useCreateTotp",
      "useMessages",
      "useMfaClient",
      "useMfaStatus",
      "useRecover",
      "useRecoveryCodes",
      "useRemoveTotp",
      "useRotateRecoveryCodes",
      "useSignOut",
      "useStepUp",
      "useTotpEnrollment",
    ]
  `)
})

it('renders on the server and hydrates without a warning', async () => {
  const bff = new FakeBff().enroll()
  const errors = vi.spyOn(console, 'error')
  const tree = (
    <StrictMode>
      <MfaProvider baseUrl="/mfa" fetch={bff.fetch}>
        <TotpChallenge />
        <RecoverAccount />
        <TotpEnrollment />
        <MfaSettings />
      </MfaProvider>
    </StrictMode>
  )
  const host = document.createElement('div')
  host.innerHTML = renderToString(tree)
  expect(bff.calls).toHaveLength(0)
  document.body.append(host)
  expect(kit('code-input')).not.toBeNull()
  const root = await act(() => hydrateRoot(host, tree))
  await waitFor(() => expect(kit('settings')?.dataset.state).toBe('on'))
  expect(errors).not.toHaveBeenCalled()
  expect(bff.calls.filter(({ operation }) => operation !== 'status')).toHaveLength(0)
  await act(() => root.unmount())
})

it('H01: a recovery code that was typed before the script runs is sent', async () => {
  const bff = new FakeBff().enroll()
  const tree = (
    <MfaProvider baseUrl="/mfa" fetch={bff.fetch}>
      <RecoverAccount />
    </MfaProvider>
  )
  const host = document.createElement('div')
  host.innerHTML = renderToString(tree)
  document.body.append(host)
  const field = kit<HTMLInputElement>('recovery-code-input') as HTMLInputElement
  field.value = bff.recoveryCodes[0] ?? ''
  const root = await act(() => hydrateRoot(host, tree))
  expect(field.dataset.state).toBe('filled')
  await userEvent.click(action('submit'))
  await waitFor(() => expect(kit('recover')?.dataset.state).toBe('after'))
  await act(() => root.unmount())
})

it('after a sign-out nothing is known of who was there', async () => {
  const bff = new FakeBff().enroll().verify()
  const queryClient = new QueryClient()
  const hook = hookKit(() => ({ status: useMfaStatus(), signOut: useSignOut() }), bff, queryClient)
  await waitFor(() => expect(hook.current.status.data?.enrolled).toBe(true))
  act(() => hook.current.signOut.mutate())
  await waitFor(() => expect(hook.current.status.error?.code).toBe('unauthenticated'))
  expect(hook.current.status.data).toBeUndefined()
  expect(everythingKept(queryClient)).not.toContain('ada@example.com')
})

const useBoth = () => ({ status: useMfaStatus(), authenticate: useAuthenticateTotp() })

it("works with the host's QueryClient, and puts the answered status into it", async () => {
  const bff = new FakeBff().enroll()
  const queryClient = new QueryClient()
  const hook = hookKit(useBoth, bff, queryClient)
  await waitFor(() => expect(hook.current.status.data?.verified).toBeNull())
  const before = bff.count('status')
  act(() => hook.current.authenticate.mutate({ code: codeOf(1) }))
  await waitFor(() => expect(hook.current.status.data?.verified?.method).toBe('totp'))
  expect(bff.count('status')).toBe(before)
  expect(queryClient.getQueryData(mfaKeys.status('/mfa'))).toMatchObject({ enrolled: true })
})

it('a status that was read during a change and comes after its answer does not undo it', async () => {
  const bff = new FakeBff().enroll()
  const late = lateReads(bff)
  const queryClient = new QueryClient()
  const hook = hookKit(useBoth, late, queryClient)
  await waitFor(() => expect(hook.current.status.data?.verified).toBeNull())
  const release = bff.hold('authenticate')
  act(() => hook.current.authenticate.mutate({ code: codeOf(1) }))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  late.isLate = true
  void queryClient.refetchQueries()
  await waitFor(() => expect(late.kept).toHaveLength(1))
  release()
  await waitFor(() => expect(hook.current.status.data?.verified?.method).toBe('totp'))
  await late.arrive()
  expect(hook.current.status.data?.verified?.method).toBe('totp')
})

it('a change that is refused while the first status is read does not stop that', async () => {
  const bff = new FakeBff().enroll()
  const release = bff.hold('status')
  const hook = hookKit(useBoth, bff)
  act(() => hook.current.authenticate.mutate({ code: '000000' }))
  await act(async () => release())
  await waitFor(() => expect(hook.current.authenticate.error?.code).toBe('invalid_code'))
  await waitFor(() => expect(hook.current.status.data?.enrolled).toBe(true))
})

/** The settings without a QueryClient of the host. */
const alone = (bff: FakeBff) =>
  render(
    <MfaProvider baseUrl="/mfa" fetch={bff.fetch}>
      <MfaSettings />
    </MfaProvider>,
    { reactStrictMode: true },
  )

it('reads a status that failed again when the window is focused', async () => {
  const bff = new FakeBff().enroll()
  const { subject } = bff
  bff.subject = undefined
  alone(bff)
  await waitFor(() => expect(kit('error')?.dataset.state).toBe('unauthenticated'))
  bff.subject = subject
  fireEvent(window, new Event('visibilitychange'))
  await waitFor(() => expect(kit('settings')?.dataset.state).toBe('on'))
})

it('a page that was opened offline reads the status when the network is back', async () => {
  const bff = new FakeBff().enroll()
  onlineManager.setOnline(false)
  alone(bff)
  await act(async () => {})
  expect(kit('settings')?.dataset.state).toBe('loading')
  onlineManager.setOnline(true)
  await waitFor(() => expect(kit('settings')?.dataset.state).toBe('on'))
})

it('a mutation that is cancelled fails with aborted, and the status is read again', async () => {
  const bff = new FakeBff().enroll()
  const hook = hookKit(useBoth, bff)
  await waitFor(() => expect(hook.current.status.data).toBeDefined())
  const release = bff.hold('authenticate')
  act(() => hook.current.authenticate.mutate({ code: codeOf(1) }))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  const before = bff.count('status')
  act(() => hook.current.authenticate.cancel())
  await waitFor(() => expect(hook.current.authenticate.error?.code).toBe('aborted'))
  await waitFor(() => expect(bff.count('status')).toBeGreaterThan(before))
  release()
})

const problemOf = (code: string) =>
  Response.json(
    { type: `urn:kit:error:${code}`, title: code, status: 403, code, requestId: 'r' },
    { status: 403 },
  )

it.each([
  ['a Response', async (code: string) => problemOf(code)],
  [
    'an error',
    async (code: string): Promise<Response> => Promise.reject(await MfaError.from(problemOf(code))),
  ],
])("steps up for the host's own call that fails with %s, then repeats it", async (_, refuse) => {
  const bff = new FakeBff().enroll()
  const stepUp = hookKit(useStepUp, bff).current
  const answer = stepUp(async () => (bff.verified ? Response.json('gold') : refuse('mfa_required')))
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  await userEvent.type(kit('code-input') as HTMLElement, codeOf(1))
  expect(await (await answer).json()).toBe('gold')
  expect(kit('step-up')).toBeNull()
})

it('asks nobody for a code who has no authenticator app', async () => {
  const bff = new FakeBff()
  const hook = hookKit(() => ({ status: useMfaStatus(), stepUp: useStepUp() }), bff)
  await waitFor(() => expect(hook.current.status.data?.enrolled).toBe(false))
  const { stepUp } = hook.current
  expect(await (await stepUp(async () => problemOf('mfa_required'))).json()).toMatchObject({ status: 403 })
  const failed = stepUp(async () => Promise.reject(await MfaError.from(problemOf('mfa_required'))))
  expect(await failed.catch((error: MfaError) => error.code)).toBe('mfa_required')
  expect(kit('step-up')).toBeNull()
})

it('asks nobody for a code who has no authenticator app, where the status was not read before', async () => {
  const bff = new FakeBff()
  const { current: stepUp } = hookKit(useStepUp, bff)
  expect((await stepUp(async () => problemOf('mfa_required'))).status).toBe(403)
  expect(kit('step-up')).toBeNull()
  expect(bff.count('status')).toBe(1)
})

function Asks({ onStepUp }: { onStepUp: (stepUp: StepUp) => void }) {
  onStepUp(useStepUp())
  return null
}

function Reads() {
  return <p>{useMfaStatus().data?.subject.accountName}</p>
}

it('asks for a code though the page that reads the status goes meanwhile', async () => {
  const bff = new FakeBff().enroll()
  const release = bff.hold('status')
  let stepUp = {} as StepUp
  const asks = <Asks key="asks" onStepUp={(given) => (stepUp = given)} />
  const { user, show } = renderKit([asks, <Reads key="reads" />], bff)
  const answer = stepUp(async () => (bff.verified ? Response.json('gold') : problemOf('mfa_required')))
  await waitFor(() => expect(bff.count('status')).toBeGreaterThan(0))
  await act(async () => show([asks]))
  release()
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  await user.type(kit('code-input') as HTMLElement, codeOf(1))
  expect(await (await answer).json()).toBe('gold')
})

it('stays the same function in another language', () => {
  const seen = new Set<StepUp>()
  const tree = (locale: string) => (
    <MfaProvider baseUrl="/mfa" locale={locale}>
      <Asks onStepUp={(given) => seen.add(given)} />
    </MfaProvider>
  )
  const { rerender } = render(tree('en'))
  rerender(tree('fr'))
  expect(seen.size).toBe(1)
})

it('two calls that need a code ask once', async () => {
  const bff = new FakeBff().enroll()
  const stepUp = hookKit(useStepUp, bff).current
  const call = async () => (bff.verified ? 'done' : Promise.reject(new MfaError('step_up_required')))
  const both = Promise.all([stepUp(call), stepUp(call)])
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  expect(document.querySelectorAll('[data-kit="step-up"]')).toHaveLength(1)
  await userEvent.type(kit('code-input') as HTMLElement, codeOf(1))
  expect(await both).toEqual(['done', 'done'])
})

it('a call that needs a code while one is being checked goes on with the others', async () => {
  const bff = new FakeBff().enroll()
  const stepUp = hookKit(useStepUp, bff).current
  const call = async () => (bff.verified ? 'done' : Promise.reject(new MfaError('step_up_required')))
  const first = stepUp(call)
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  const release = bff.hold('authenticate')
  await userEvent.type(kit('code-input') as HTMLElement, codeOf(1))
  await waitFor(() => expect(bff.count('authenticate')).toBe(1))
  const second = await act(async () => ({ answer: stepUp(call) }))
  release()
  expect(await Promise.all([first, second.answer])).toEqual(['done', 'done'])
  await waitFor(() => expect(kit('step-up')).toBeNull())
})

it('a code that is accepted after the dialog was closed answers the call that asks by then', async () => {
  const bff = new FakeBff().enroll()
  const stepUp = hookKit(useStepUp, bff).current
  const call = async () => (bff.verified ? 'done' : Promise.reject(new MfaError('step_up_required')))
  const first = stepUp(call).catch((error: MfaError) => error.code)
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  const release = bff.hold('authenticate')
  await userEvent.type(kit('code-input') as HTMLElement, codeOf(1))
  await userEvent.click(action('cancel'))
  expect(await first).toBe('aborted')
  const second = stepUp(call)
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  release()
  expect(await second).toBe('done')
  await waitFor(() => expect(kit('step-up')).toBeNull())
})

it('a step-up that is given up rejects with aborted', async () => {
  const stepUp = hookKit(useStepUp, new FakeBff().enroll()).current
  const failed = stepUp(() => Promise.reject(new MfaError('step_up_required')))
  const code = failed.catch((error: MfaError) => error.code)
  await waitFor(() => expect(kit('step-up')).not.toBeNull())
  await userEvent.click(action('cancel'))
  expect(await code).toBe('aborted')
})

it('says what is missing where there is no provider', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => renderToString(<MfaSettings />)).toThrow('MfaProvider is missing')
})
