import type { PendingTotp } from '@kit/contract'
import { useEffect, useState } from 'react'
import {
  useAuthenticateTotp,
  useCancelTotp,
  useCreateTotp,
  useRecoveryCodes,
  useRemoveTotp,
} from './hooks.js'
import { isRefusal, type MfaError } from './mfa-error.js'
import { markUnsaved, useUnsavedCodes } from './unsaved-codes.js'
import { useCountdown } from './use-countdown.js'
import { useMfaStatus } from './use-send.js'

/**
 * Where an enrolment stands. `intro → scan → codes → done`, and from the side: `expired` when the first code came too
 * late or another tab has cancelled, `enrolled` when an app is active already, `unsaved` when the page was reloaded
 * before the codes were saved. What another tab has begun anew is `intro` here. When the session ends it is `loading`, and
 * what was shown is dropped.
 */
export type EnrollmentState =
  | { readonly step: 'loading' }
  /** `resumable`: a registration of this browser is pending; `start` answers the same secret again. */
  | { readonly step: 'intro'; readonly resumable: boolean }
  | { readonly step: 'scan'; readonly pending: PendingTotp; readonly secondsLeft: number }
  | { readonly step: 'expired' }
  | { readonly step: 'codes'; readonly recoveryCodes: readonly string[] }
  | { readonly step: 'unsaved'; readonly canReveal: boolean }
  | { readonly step: 'enrolled' }
  | { readonly step: 'done' }

/** Options of {@link useTotpEnrollment}. */
export interface TotpEnrollmentOptions {
  /** Removes the active authenticator app first, which asks for a code where MFA is not fresh. Default false. */
  replace?: boolean | undefined
  /** The codes are saved, or an app is active already and the person goes on: there is nothing left to do. */
  onDone?: (() => void) | undefined
  /** The person gave up; a pending registration is gone. */
  onCancel?: (() => void) | undefined
}

/** What {@link useTotpEnrollment} gives. Of its actions only `confirm` rejects; what went wrong is in `error` or `codeError`. */
export interface TotpEnrollmentFlow {
  readonly state: EnrollmentState
  /** Begins, or goes on with what is pending. */
  start: () => Promise<void>
  /** Throws a pending registration away and begins with a new secret. */
  restart: () => Promise<void>
  /** The first code. Rejects with {@link MfaError} so that a field can clear itself; the secret stays the same. */
  confirm: (code: string) => Promise<void>
  /** Shows the codes again after a reload. */
  reveal: () => Promise<void>
  /** The person says that the codes are saved; they are dropped from memory. */
  saved: () => void
  /** Deletes a pending registration. */
  cancel: () => Promise<void>
  readonly error: MfaError | null
  readonly codeError: MfaError | null
  readonly isPending: boolean
  readonly isConfirming: boolean
}

/**
 * Setting up an authenticator app, without looks. Nothing is sent but by one of the actions, so rendering twice,
 * reloading and going back never make a second registration.
 */
export function useTotpEnrollment(options: TotpEnrollmentOptions = {}): TotpEnrollmentFlow {
  const { replace, onDone, onCancel } = options
  const status = useMfaStatus()
  const create = useCreateTotp()
  const authenticate = useAuthenticateTotp()
  const remove = useRemoveTotp()
  const discard = useCancelTotp()
  const codesAgain = useRecoveryCodes()
  const [phase, setPhase] = useState<'expired' | 'done'>()
  const [newCodes, setNewCodes] = useState<readonly string[]>()
  const [error, setError] = useState<MfaError | null>(null)

  const pending = create.data
  const recoveryCodes = newCodes ?? codesAgain.data?.recoveryCodes
  const secondsLeft = useCountdown(pending && Date.parse(pending.expiresAt))
  const ranOut = pending && !secondsLeft
  const { data } = status
  const [wasUnsaved, forget] = useUnsavedCodes(data?.csrfToken)

  const drop = () => {
    authenticate.reset()
    create.reset()
    remove.reset()
    discard.reset()
    codesAgain.reset()
    setNewCodes(undefined)
    setPhase(undefined)
    setError(null)
  }

  // What is shown or under way goes with its person, at the latest when the next one is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once for each who was signed in
  useEffect(() => (data ? drop : undefined), [data?.csrfToken])

  // This clock may be wrong: when it says that the time is over, the server is asked.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, at the end of the countdown
  useEffect(() => {
    if (ranOut) void status.refetch()
  }, [ranOut])

  // It may be over with the session, or replaced or confirmed by another tab.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once for each status that is read
  useEffect(() => {
    // While it is read again, it may be older than the registration.
    if (!data || !pending || status.isFetching) return
    if (data.pending ? data.pending.expiresAt === pending.expiresAt : data.enrolled ? replace : secondsLeft)
      return
    // The first code may have confirmed it here: then its recovery codes are still to be shown.
    if (data.enrolled && (authenticate.isPending || (authenticate.error && !isRefusal(authenticate.error))))
      return
    // Not the codes, which `confirm` may have put there since this was rendered.
    authenticate.reset()
    create.reset()
    if (!data.pending && !data.enrolled) setPhase('expired')
  }, [status.dataUpdatedAt])

  const state = ((): EnrollmentState => {
    if (!data) return { step: 'loading' }
    if (recoveryCodes) return { step: 'codes', recoveryCodes }
    if (phase) return { step: phase }
    // `not_enrolled`: another browser has begun anew, which the status does not always tell.
    if (/expired|not_enrolled/.test(authenticate.error?.code as string)) return { step: 'expired' }
    if (pending) return { step: 'scan', pending, secondsLeft }
    if (!data.enrolled || (replace && !wasUnsaved)) return { step: 'intro', resumable: !!data.pending }
    return wasUnsaved ? { step: 'unsaved', canReveal: data.capabilities.reveal } : { step: 'enrolled' }
  })()

  const saved = () => {
    forget()
    drop()
    setPhase('done')
    onDone?.()
  }

  const quietly = (action: () => Promise<unknown>) => async () => {
    setError(null)
    await action().catch((failure: MfaError) => failure.code !== 'aborted' && setError(failure))
  }
  const begin = (restart?: true) =>
    quietly(async () => {
      if (replace && data?.enrolled) await remove.mutateAsync()
      await create.mutateAsync({ restart })
      authenticate.reset()
      setPhase(undefined)
    })

  return {
    state,
    start: begin(),
    restart: begin(true),
    confirm: async (code) => {
      setError(null)
      await authenticate.mutateAsync({ code })
      const codes = pending?.recoveryCodes
      if (codes?.length) {
        markUnsaved(data?.csrfToken)
        drop()
        setNewCodes(codes)
      } else saved()
    },
    reveal: quietly(() => codesAgain.mutateAsync()),
    saved,
    cancel: quietly(async () => {
      if (pending || data?.pending) await discard.mutateAsync()
      drop()
      onCancel?.()
    }),
    error: error ?? (data ? null : status.error),
    codeError: authenticate.error,
    isPending: codesAgain.isPending || create.isPending || discard.isPending || remove.isPending,
    isConfirming: authenticate.isPending,
  }
}
