import type { MfaStatus } from '@kit/contract'
import { useMfa } from './context.js'
import { isRefusal } from './mfa-error.js'

export const statusKey = (baseUrl: string) => ['@kit/react', baseUrl, 'status'] as const

/** Runs a call of the client, and keeps the status in the query cache in step with its answer. */
export function useSend() {
  const { baseUrl, queryClient } = useMfa()
  const queryKey = statusKey(baseUrl)
  return async <T>(call: () => Promise<T>): Promise<T> => {
    // A status that is being read now is older than the one this answers.
    await queryClient.cancelQueries({ queryKey })
    try {
      const body = await call()
      if ((body as Partial<MfaStatus> | undefined)?.csrfToken) queryClient.setQueryData(queryKey, body)
      else void queryClient.invalidateQueries({ queryKey })
      return body
    } catch (error) {
      // A refused code changes nothing that the status tells; of anything else it may know more.
      if (!isRefusal(error)) void queryClient.invalidateQueries({ queryKey })
      throw error
    }
  }
}
