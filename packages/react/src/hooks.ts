import type { MfaStatus, ResponseOf } from '@kit/contract'
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { ClientOperation, InputOf } from './client.js'
import { type Mfa, type StepUpOptions, useMfa } from './context.js'
import { isRefusal, type MfaError } from './mfa-error.js'

/** Keys of everything the kit keeps in a QueryClient: the status, and the names of mutations, without their data. */
export const mfaKeys = {
  all: ['@kit/react'] as const,
  status: (baseUrl: string) => ['@kit/react', baseUrl, 'status'] as const,
  operation: (baseUrl: string, operation: ClientOperation) => ['@kit/react', baseUrl, operation] as const,
}

/** Options of the status query: for `prefetchQuery`, `ensureQueryData` and route loaders. */
export function mfaStatusOptions({ baseUrl, client }: Pick<Mfa, 'baseUrl' | 'client'>) {
  return queryOptions<MfaStatus, MfaError>({
    queryKey: mfaKeys.status(baseUrl),
    queryFn: ({ signal }) => client.status(undefined, { signal }),
    staleTime: 30_000,
    retry: (failures, { status }) => failures < 2 && (status === 0 || status > 500),
  })
}

/** What the BFF says of the person who asks; read again when the window is focused. Holds no secret. */
export function useMfaStatus() {
  const { baseUrl, client, queryClient } = useMfa()
  return useQuery(mfaStatusOptions({ baseUrl, client }), queryClient)
}

/** What a hook of one operation gives. */
export interface OperationHook<O extends ClientOperation> {
  /** Starts it. While one is under way, no second one starts. Failures are in `error`. */
  mutate: (input: InputOf<O>) => void
  /** The same as a promise; while one is under way, that one's. @throws {MfaError} */
  mutateAsync: (input: InputOf<O>) => Promise<ResponseOf<O>>
  /** The last answer; kept in the state of this component alone, gone with it or with `reset`. */
  data: ResponseOf<O> | undefined
  error: MfaError | null
  isPending: boolean
  /** Forgets `data` and `error`. */
  reset: () => void
  /** Gives up what is under way; it fails with `aborted`, and the status is read again. */
  cancel: () => void
}

/** What is under way, beside the mutation that tells of it. */
interface Flight<O extends ClientOperation> {
  answer?: Promise<ResponseOf<O>> | undefined
  send?: (() => Promise<void>) | undefined
  controller?: AbortController
}

const isStatus = (body: unknown) => body instanceof Object && 'csrfToken' in body

/**
 * One operation as a mutation. TanStack Query keeps the variables and the data of a mutation in its cache, where
 * devtools and persisters read them; so input and answer travel beside it, and the mutation itself carries neither.
 */
function useOperation<O extends ClientOperation>(
  operation: O,
  stepUpOptions?: StepUpOptions,
): OperationHook<O> {
  const { baseUrl, client, queryClient, stepUp } = useMfa()
  const [data, setData] = useState<ResponseOf<O>>()
  const { current: self } = useRef<Flight<O>>({})
  const queryKey = mfaKeys.status(baseUrl)

  const mutation = useMutation<void, MfaError, void>(
    {
      mutationKey: mfaKeys.operation(baseUrl, operation),
      mutationFn: async () => self.send?.(),
      retry: false,
      gcTime: 0,
      networkMode: 'always',
    },
    queryClient,
  )

  const start = async (input: InputOf<O>) => {
    const controller = new AbortController()
    const call = () => client[operation](input, controller)
    const answer: { body?: ResponseOf<O> } = {}
    self.controller = controller
    self.send = async () => {
      answer.body = await (stepUpOptions ? stepUp(call, stepUpOptions) : call())
    }
    // A status that is being read now is older than the one this answers.
    await queryClient.cancelQueries({ queryKey })
    try {
      await mutation.mutateAsync()
    } catch (error) {
      // A refused code changes nothing that the status tells; of anything else it may know more.
      if (!isRefusal(error)) void queryClient.invalidateQueries({ queryKey })
      throw error
    } finally {
      self.answer = self.send = undefined
    }
    const body = answer.body as ResponseOf<O>
    if (isStatus(body)) queryClient.setQueryData(queryKey, body)
    else void queryClient.invalidateQueries({ queryKey })
    setData(body)
    return body
  }

  const mutateAsync = (input: InputOf<O>) => {
    self.answer ??= start(input)
    return self.answer
  }

  return {
    mutateAsync,
    mutate: (input) => void mutateAsync(input).catch(() => {}),
    data,
    error: mutation.error,
    isPending: mutation.isPending,
    reset: () => {
      setData(undefined)
      mutation.reset()
    },
    cancel: () => self.controller?.abort(),
  }
}

/** Begins a registration, or answers the one that is pending: secret, otpauth URI and recovery codes. */
export const useCreateTotp = () => useOperation('create', {})

/** A code of the authenticator app: confirms a pending registration, or signs in. */
export const useAuthenticateTotp = () => useOperation('authenticate')

/** A recovery code instead. */
export const useRecover = () => useOperation('recover')

/** Shows the recovery codes that are not spent. Asks for a code of the app where MFA is not fresh. */
export const useRecoveryCodes = () => useOperation('recoveryCodes', { codeOnly: true })

/** Makes new recovery codes; the old ones stop working. Asks for a code where MFA is not fresh. */
export const useRotateRecoveryCodes = () => useOperation('rotate', {})

/** Removes the authenticator app and its recovery codes. Asks for a code where MFA is not fresh. */
export const useRemoveTotp = () => useOperation('remove', {})

/** Throws the pending registration of this browser away. */
export const useCancelTotp = () => useOperation('cancel')

/** Ends the verified session of this browser. */
export const useSignOut = () => useOperation('signOut')

/** The client of the provider above, for a call of one's own. */
export const useMfaClient = () => useMfa().client

/**
 * Runs the host's own calls and asks for a code where they need one: `await stepUp(() => fetch('/api/vault'))`.
 * See {@link StepUp}.
 */
export const useStepUp = () => useMfa().stepUp
