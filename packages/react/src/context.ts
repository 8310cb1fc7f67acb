import type { QueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { MfaClient } from './client.js'
import type { Messages } from './messages/en.js'

/** Options of {@link StepUp}. */
export interface StepUpOptions {
  /** Takes no recovery code: for showing the recovery codes, which one leaked code must not open. */
  codeOnly?: boolean
}

/**
 * Runs `action`; where it fails with `step_up_required` or `mfa_required`, asks the person for a code and runs it
 * again. A `Response` that carries such a problem counts as a failure too, so `stepUp(() => fetch('/api/vault'))`
 * works as it is.
 *
 * @throws {MfaError} `aborted` when the person closes the dialog.
 */
export type StepUp = <T>(action: () => Promise<T>, options?: StepUpOptions) => Promise<T>

/** What the provider gives to everything below it. */
export interface Mfa {
  readonly baseUrl: string
  readonly client: MfaClient
  readonly queryClient: QueryClient
  readonly stepUp: StepUp
  readonly locale: string
  /** English where undefined. */
  readonly messages: Messages | undefined
}

export const MfaContext = createContext<Mfa | undefined>(undefined)

/** @throws {Error} outside of a provider. */
export function useMfa(): Mfa {
  const mfa = useContext(MfaContext)
  if (!mfa)
    throw new Error(
      'There is no MfaProvider above this component: put <MfaProvider baseUrl="/mfa"> around it.',
    )
  return mfa
}
