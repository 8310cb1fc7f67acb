import { MfaProvider } from '@kit/react'
import { QueryClientProvider } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { Layout } from './layout.js'
import { Loading, Trouble } from './page.js'
import { ChallengePage } from './pages/challenge-page.js'
import { NotFoundPage } from './pages/not-found-page.js'
import { SecurityPage } from './pages/security-page.js'
import { SignInPage } from './pages/sign-in-page.js'
import { VaultPage } from './pages/vault-page.js'
import { usePath } from './router.js'
import { queryClient, useMe } from './session.js'

const GalleryPage = lazy(() => import('./pages/gallery-page.js'))

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <MfaProvider baseUrl="/mfa">
        <Layout>
          <Suspense fallback={<Loading what="Loading the page…" />}>
            <CurrentPage />
          </Suspense>
        </Layout>
      </MfaProvider>
    </QueryClientProvider>
  )
}

function CurrentPage(): ReactNode {
  const path = usePath()
  const me = useMe()
  if (path === '/gallery') return <GalleryPage />
  if (!['/', '/mfa', '/security', '/vault'].includes(path)) return <NotFoundPage />
  if (me.error) return <Trouble message={me.error.message} onRetry={() => void me.refetch()} />
  if (me.data === undefined) return <Loading what="Loading…" />
  if (!me.data || path === '/') return <SignInPage key={me.data ? 'in' : 'out'} me={me.data} />
  if (path === '/mfa') return <ChallengePage />
  if (path === '/security') return <SecurityPage me={me.data} />
  return <VaultPage />
}
