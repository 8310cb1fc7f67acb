import type { ResponseOf } from '@kit/contract'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { ClientOperation, InputOf } from './client.js'
import { type StepUp, type StepUpOptions, useMfa } from './context.js'
import type { MfaError } from './mfa-error.js'
import { statusKey, useSend } from './use-send.js'

/** Keys of everything the kit keeps in a QueryClient: the status, and the names of mutations, without their data. */
export const mfaKeys = {
  all: ['@kit/react'] as const,
  status: statusKey,
  operation: (baseUrl: string, operation: ClientOperation) => ['@kit/react', baseUrl, operation] as const,
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
  /** Forgets `data` and `error`, and gives up what is under way as `cancel` does, so that it leaves none behind. */
  reset: () => void
  /**
   * Gives up what is under way; it fails with `aborted`, and the status is read again. Where the person is being asked
   * for a code, that comes first: it fails when the dialog is over.
   */
  cancel: () => void
}

/** What is under way, beside the mutation that tells of it. */
interface Flight<O extends ClientOperation> {
  answer?: Promise<ResponseOf<O>> | undefined
  send?: (() => Promise<void>) | undefined
  controller?: AbortController
}

/**
 * One operation as a mutation. TanStack Query keeps the variables and the data of a mutation in its cache, where
 * devtools and persisters read them; so input and answer travel beside it, and the mutation itself carries neither.
 *
 * @param run sends it, again where a code was asked for in between
 */
export function useOperation<O extends ClientOperation>(
  operation: O,
  run: StepUp = (call) => call(),
  options?: StepUpOptions,
): OperationHook<O> {
  const { baseUrl, client, queryClient } = useMfa()
  const send = useSend()
  const [data, setData] = useState<ResponseOf<O>>()
  const { current: self } = useRef<Flight<O>>({})

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
    let body = undefined as ResponseOf<O> | undefined
    self.controller = controller
    self.send = async () => {
      body = await send(() => run(() => client[operation](input, controller), options))
    }
    try {
      await mutation.mutateAsync()
    } finally {
      self.answer = self.send = undefined
    }
    setData(body)
    return body as ResponseOf<O>
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
      self.controller?.abort()
      mutation.reset()
      setData(undefined)
    },
    cancel: () => self.controller?.abort(),
  }
}
