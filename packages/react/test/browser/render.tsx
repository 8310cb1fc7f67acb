import { renderToString } from 'react-dom/server'
import { Page } from './pages.js'

/**
 * The page that the query names, as a server writes it.
 *
 * @throws {Error} what React has to say about it
 */
export function render(query: string): string {
  const { error } = console
  console.error = (...parts: unknown[]) => {
    throw new Error(parts.map(String).join(' '))
  }
  try {
    return renderToString(<Page query={query} />)
  } finally {
    console.error = error
  }
}
