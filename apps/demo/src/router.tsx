import { type ComponentProps, type MouseEvent, useSyncExternalStore } from 'react'

// Five pages need no router library: the address is an external store, and a link pushes to it.
const listeners = new Set<() => void>()

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

export function navigate(to: string, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  window.scrollTo(0, 0)
  for (const listener of listeners) listener()
}

export const usePath = () => useSyncExternalStore(subscribe, () => location.pathname)

/** Where the visitor was going: one of two pages. Anything else in `?next=` is ignored, so no link leads elsewhere. */
export function nextPage(): string {
  const wanted = new URLSearchParams(location.search).get('next') ?? location.pathname
  return ['/vault', '/security'].includes(wanted) ? wanted : '/vault'
}

export function Link({ href, onClick, ...rest }: ComponentProps<'a'> & { href: string }) {
  const path = usePath()
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (event.defaultPrevented || !plain) return
    event.preventDefault()
    navigate(href)
  }
  return <a href={href} onClick={follow} aria-current={path === href ? 'page' : undefined} {...rest} />
}
