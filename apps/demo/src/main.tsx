import '@kit/react/styles.css'
import './styles/theme.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/dock.css'
import './styles/gallery.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.js'
import { applyTheme } from './theme.js'

applyTheme()
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
