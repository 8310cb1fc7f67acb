import type { MfaStatus } from '@kit/contract'
import { useMfa } from './context.js'
import { isRefusal, type MfaError } from './mfa-error.js'

export const statusKey = (baseUrl: string) => ['@kit/react', baseUrl, 'status'] as const

/** Runs a call of the client, and keeps the status in the query cache in step with its answer. */
export function useSend() {
  const { baseUrl, queryClient } = useMfa()
  const queryKey = statusKey(baseUrl)
  return async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      const body = await call()
      // A status that is being read now may be older than this answer.
      await queryClient.cancelQueries({ queryKey })
      if ((body as Partial<MfaStatus> | undefined)?.csrfToken) queryClient.setQueryData(queryKey, body)
      else void queryClient.invalidateQueries({ queryKey })
      return body
    } catch (error) {
      // A refused code changes nothing that the status tells; of anything else it may know more.
      if (!isRefusal(error as MfaError)) void queryClient.invalidateQueries({ queryKey })
      throw error
    }
  }
}
