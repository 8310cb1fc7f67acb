import type { MfaStatus } from '@kit/contract'
import { type DataTag, type QueryKey, type UnusedSkipTokenOptions, useQuery } from '@tanstack/react-query'
import { type Mfa, useMfa } from './context.js'
import type { MfaError } from './mfa-error.js'
import { useStepUp } from './step-up.js'
import { useOperation } from './use-operation.js'
import { statusKey } from './use-send.js'

/** What `queryOptions` makes of them, without loading that function, which gives back what it takes. */
type StatusOptions = UnusedSkipTokenOptions<MfaStatus, MfaError> & {
  queryKey: DataTag<QueryKey, MfaStatus, MfaError>
}

/** Options of the status query: for `prefetchQuery`, `ensureQueryData` and route loaders. */
export function mfaStatusOptions({ baseUrl, client }: Pick<Mfa, 'baseUrl' | 'client'>): StatusOptions {
  return {
    queryKey: statusKey(baseUrl) as QueryKey as StatusOptions['queryKey'],
    queryFn: ({ signal }) => client.status(undefined, { signal }),
    staleTime: 30_000,
    retry: (failures, { status }) => failures < 2 && (!status || status > 500),
  }
}

/** What the BFF says of the person who asks; read again when the window is focused. Holds no secret. */
export function useMfaStatus() {
  const { baseUrl, client, queryClient } = useMfa()
  return useQuery(mfaStatusOptions({ baseUrl, client }), queryClient)
}

/** Begins a registration, or answers the one that is pending: secret, otpauth URI and recovery codes. */
export const useCreateTotp = () => useOperation('create', useStepUp())

/** A code of the authenticator app: confirms a pending registration, or signs in. */
export const useAuthenticateTotp = () => useOperation('authenticate')

/** A recovery code instead. */
export const useRecover = () => useOperation('recover')

/** Shows the recovery codes that are not spent. Asks for a code of the app where MFA is not fresh. */
export const useRecoveryCodes = () => useOperation('recoveryCodes', useStepUp(), { codeOnly: true })

/** Makes new recovery codes; the old ones stop working. Asks for a code where MFA is not fresh. */
export const useRotateRecoveryCodes = () => useOperation('rotate', useStepUp())

/** Removes the authenticator app and its recovery codes. Asks for a code where MFA is not fresh. */
export const useRemoveTotp = () => useOperation('remove', useStepUp())

/** Throws the pending registration of this browser away. */
export const useCancelTotp = () => useOperation('cancel')

/** Ends the verified session of this browser. */
export const useSignOut = () => useOperation('signOut')

/** The client of the provider above, for a call of one's own. */
export const useMfaClient = () => useMfa().client
