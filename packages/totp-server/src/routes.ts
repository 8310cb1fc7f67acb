import { type EndpointName, endpoints } from '@kit/totp-client/wire'

/** The endpoint of a request, with the inputs that its path holds. */
export type Route =
  | { kind: 'endpoint'; name: EndpointName; params: Readonly<Record<string, string>> }
  /** The path is known, the method is not one of it. */
  | { kind: 'other_method' }
  | { kind: 'none' }

const names = Object.keys(endpoints) as EndpointName[]
const exact = new Map<string, EndpointName>()
const patterns: { name: EndpointName; method: string; segments: string[] }[] = []
for (const name of names) {
  const { method, path } = endpoints[name]
  if (path.includes('{')) patterns.push({ name, method, segments: path.split('/') })
  else exact.set(`${method} ${path}`, name)
}
const methods = new Set(names.map((name) => endpoints[name].method))

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}

/** The path's inputs, each segment decoded on its own (official clients encode a `/` in an id), or null: another path. */
function match(template: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (template.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of template.entries()) {
    const given = segments[index] ?? ''
    if (!part.startsWith('{')) {
      if (part !== given) return null
      continue
    }
    const value = decode(given)
    if (value === null || value === '' || value.includes('\0')) return null
    params[part.slice(1, -1)] = value
  }
  return params
}

/** @param path still percent-encoded, without the query */
export function findRoute(method: string, path: string): Route {
  const name = exact.get(`${method} ${path}`)
  if (name !== undefined) return { kind: 'endpoint', name, params: {} }
  const segments = path.split('/')
  let isKnownPath = [...methods].some((other) => exact.has(`${other} ${path}`))
  for (const pattern of patterns) {
    const params = match(pattern.segments, segments)
    if (params === null) continue
    if (pattern.method === method) return { kind: 'endpoint', name: pattern.name, params }
    isKnownPath = true
  }
  return { kind: isKnownPath ? 'other_method' : 'none' }
}
