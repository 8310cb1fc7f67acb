import { renderToString } from 'react-dom/server'
import { Page } from './pages.js'

/** The page that the query names, as a server writes it. */
export const render = (query: string) => renderToString(<Page query={query} />)
