import { useState } from 'react'

export type Theme = 'light' | 'dark'

const key = 'larkspur theme'
const chosen = (): Theme | null => {
  const value = localStorage.getItem(key)
  return value === 'light' || value === 'dark' ? value : null
}
const system = (): Theme => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

/** Puts the visitor's choice on the page; without one the system's setting holds. */
export function applyTheme() {
  const theme = chosen()
  if (theme) document.documentElement.dataset.theme = theme
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => chosen() ?? system())
  return [
    theme,
    (next) => {
      localStorage.setItem(key, next)
      applyTheme()
      setTheme(next)
    },
  ]
}
