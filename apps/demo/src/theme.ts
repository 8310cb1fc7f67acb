import { useEffect, useState } from 'react'

export type Theme = 'light' | 'dark'

const key = 'larkspur theme'
const chosen = (): Theme | null => {
  const value = localStorage.getItem(key)
  return value === 'light' || value === 'dark' ? value : null
}
const darkSystem = matchMedia('(prefers-color-scheme: dark)')
const current = (): Theme => chosen() ?? (darkSystem.matches ? 'dark' : 'light')

/** Puts the visitor's choice on the page; without one the system's setting holds. */
export function applyTheme() {
  const theme = chosen()
  if (theme) document.documentElement.dataset.theme = theme
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(current)
  useEffect(() => {
    const follow = () => setTheme(current())
    darkSystem.addEventListener('change', follow)
    return () => darkSystem.removeEventListener('change', follow)
  }, [])
  return [
    theme,
    (next) => {
      localStorage.setItem(key, next)
      applyTheme()
      setTheme(next)
    },
  ]
}
