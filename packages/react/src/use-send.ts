import type { MfaStatus } from '@kit/contract'
import { type DataTag, type QueryKey, type UnusedSkipTokenOptions, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type Mfa, useMfa } from './context.js'
import { isRefusal, type MfaError } from './mfa-error.js'

export const statusKey = (baseUrl: string) => ['@kit/react', baseUrl, 'status'] as const

/** What `queryOptions` makes of them, without loading that function, which gives back what it takes. */
type StatusOptions = UnusedSkipTokenOptions<MfaStatus, MfaError> & {
  queryKey: DataTag<QueryKey, MfaStatus, MfaError>
}

/** Options of the status query: for `prefetchQuery`, `ensureQueryData` and route loaders. */
export function mfaStatusOptions({ baseUrl, client }: Pick<Mfa, 'baseUrl' | 'client'>): StatusOptions {
  return {
    queryKey: statusKey(baseUrl) as QueryKey as StatusOptions['queryKey'],
    // Without its signal: a page that goes leaves the answer to who else waits for it.
    queryFn: () => client.status(),
    staleTime: 30_000,
    retry: (failures, { status }) => failures < 2 && (!status || status > 500),
  }
}

/**
 * What the BFF says of the person who asks; read again when the window is focused, forgotten where nobody is signed in
 * any more. Holds no secret.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export function useMfaStatus() {
  const mfa = useMfa()
  const { queryClient } = mfa
  const options = mfaStatusOptions(mfa)
  const query = useQuery(options, queryClient)
  const isOver = query.data && query.error?.code === 'unauthenticated'
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once for each end of a session
  useEffect(() => {
    if (isOver) void queryClient.resetQueries(options)
  }, [isOver])
  return query
}

/** Runs a call of the client, and keeps the status in the query cache in step with its answer. */
export function useSend() {
  const { baseUrl, queryClient } = useMfa()
  const status = { queryKey: statusKey(baseUrl) }
  return async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      const body = await call()
      // A status that is being read now may be older than this answer.
      await queryClient.cancelQueries(status)
      if ((body as Partial<MfaStatus> | undefined)?.csrfToken) queryClient.setQueryData(status.queryKey, body)
      // Without a body it was a sign-out: what was known is over.
      else void (body ? queryClient.invalidateQueries(status) : queryClient.resetQueries(status))
      return body
    } catch (error) {
      // A refused code changes nothing that the status tells; of anything else it may know more.
      if (!isRefusal(error as MfaError)) void queryClient.invalidateQueries(status)
      throw error
    }
  }
}
