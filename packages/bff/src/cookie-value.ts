import type { IncomingMessage } from 'node:http'

/** A cookie of the host. One that is sent twice is none: nobody can say which of the two is meant. */
export function cookieValue(req: IncomingMessage, name: string): string | undefined {
  const values = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] || undefined : undefined
}
