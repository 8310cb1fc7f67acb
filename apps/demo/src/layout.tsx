import type { ReactNode } from 'react'
import { Dock } from './dock.js'
import { Link, usePath } from './router.js'
import { useMe, useSignOut } from './session.js'
import { useTheme } from './theme.js'

/** Header, the page, footer: the frame around every page. */
export function Layout({ children }: { children: ReactNode }) {
  const me = useMe()
  const path = usePath()
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <header className="site-header">
        <div className="bar">
          <Link href="/" className="brand" aria-label="Larkspur, home">
            <img src="/icon.svg" alt="" width="28" height="28" />
            <span>Larkspur</span>
          </Link>
          <nav aria-label="Pages">
            {me.data ? (
              <>
                <Link href="/vault">Vault</Link>
                <Link href="/security">Security</Link>
              </>
            ) : null}
            <Link href="/gallery">Gallery</Link>
          </nav>
          <div className="account">
            <ThemeButton />
            {me.data ? <Account label={me.data.email} /> : null}
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {path === '/gallery' ? null : <Dock />}
      <footer className="site-footer">
        <p>
          Larkspur is the demo of <strong>Kit</strong>. Nothing here is a real account: do not reuse a
          password of yours.
        </p>
      </footer>
    </>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useTheme()
  const dark = theme === 'dark'
  return (
    <button
      type="button"
      className="icon-button"
      aria-label="Dark theme"
      aria-pressed={dark}
      onClick={() => setTheme(dark ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        {dark ? (
          <path d="M16.500 12.500A7 7 0 0 1 7.500 3.500a7 7 0 1 0 9 9Z" fill="currentColor" />
        ) : (
          <g stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" fill="none">
            <circle cx="10" cy="10" r="3.4" />
            <path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.300 4.300l1.400 1.400M14.300 14.300l1.400 1.400M4.300 15.700l1.400-1.400M14.300 5.700l1.400-1.400" />
          </g>
        )}
      </svg>
    </button>
  )
}

function Account({ label }: { label: string }) {
  const signOut = useSignOut()
  return (
    <>
      <span className="who" title={label}>
        {label}
      </span>
      <button
        type="button"
        className="button quiet"
        aria-busy={signOut.isPending}
        onClick={() => signOut.mutate({})}
      >
        Sign out
      </button>
      {signOut.isError ? (
        <span role="alert" className="field-error">
          That did not work. Try again.
        </span>
      ) : null}
    </>
  )
}
