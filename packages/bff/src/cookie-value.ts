import type { IncomingMessage } from 'node:http'

/**
 * The values that a `Cookie` header has for a name, RFC 6265 section 5.4. Only spaces and tabs before it are taken
 * off: `trim` would make `__Host-kit` of a no-break space before it, a name that browsers let a sibling domain set (T60).
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header?.includes(name) !== true) return []
  const prefix = `${name}=`
  return header
    .split(';')
    .map((pair) => pair.replace(/^[ \t]+/, ''))
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length))
}

/** A cookie of the host. One that is sent twice is none: nobody can say which of the two is meant. */
export function cookieValue(req: IncomingMessage, name: string): string | undefined {
  const values = cookieValues(req.headers.cookie, name)
  return values.length === 1 ? values[0] || undefined : undefined
}
