import type { QueryClient } from '@tanstack/react-query'
import { type ComponentType, createContext, useContext } from 'react'
import type { MfaClient } from './client.js'
import type { Messages } from './messages/en.js'
import type { MfaError } from './mfa-error.js'

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

/** A call that waits for a code. It brings the dialog along, so that a page without such calls loads none. */
export interface Waiting extends StepUpOptions {
  readonly Dialog: ComponentType<{ waiting: readonly Waiting[] }>
  readonly resolve: () => void
  readonly reject: (error: MfaError) => void
}

/** What the provider gives to everything below it. */
export interface Mfa {
  readonly baseUrl: string
  readonly client: MfaClient
  readonly queryClient: QueryClient
  /** Changes the list of calls that wait for a code. */
  readonly ask: (change: (waiting: readonly Waiting[]) => readonly Waiting[]) => void
  readonly locale: string
  /** English where undefined. */
  readonly messages: Messages | undefined
  /** Of a code, where a component does not say otherwise. */
  readonly digits: 6 | 8
}

export const MfaContext = createContext<Mfa | undefined>(undefined)

/** @throws {Error} outside of a provider. */
export function useMfa(): Mfa {
  const mfa = useContext(MfaContext)
  if (!mfa) throw new Error('MfaProvider is missing.')
  return mfa
}
