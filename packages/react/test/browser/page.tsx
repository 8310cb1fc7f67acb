import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { log } from './log.js'
import { Page } from './pages.js'

const root = document.getElementById('root') as HTMLElement
const query = location.search
const page = query.includes('strict') ? (
  <StrictMode>
    <Page query={query} />
  </StrictMode>
) : (
  <Page query={query} />
)

const onRecoverableError = (error: unknown) => log.messages.push(String(error))
if (query.includes('ssr')) hydrateRoot(root, page, { onRecoverableError })
else createRoot(root).render(page)
