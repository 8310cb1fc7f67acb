import { QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, type Me } from './api.js'
import { navigate } from './router.js'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status > 0) },
  },
})

/** Who is signed in: null when nobody is, undefined while it is not known yet. */
export function useMe() {
  return useQuery<Me | null>({
    queryKey: ['me'],
    staleTime: 60_000,
    queryFn: () =>
      api.me().catch((error) => {
        if (error instanceof ApiError && error.status === 401) return null
        throw error
      }),
  })
}

/** Another person, or nobody: everything of whoever was here before is forgotten. */
export async function changePerson(client: QueryClient, me: Me | null) {
  await client.cancelQueries()
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'about' })
  client.setQueryData(['me'], me)
}

export function useSignOut() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (options: { everywhere?: boolean }) => {
      await api.signOut(options)
      navigate('/')
      await changePerson(client, null)
    },
    // Without a network it fails at once and says so, instead of waiting for one.
    networkMode: 'always',
  })
}
