/** Fields that tell what happened and open nothing: names of things, times, outcomes. Every other text is hidden. */
const shown = new Set(
  `user_id organization_id member_id totp_id totp_registration_id session_id member_session_id external_id
  email_address email organization_slug organization_name mfa_policy default_mfa_method status type delivery_method
  sequence_order error_type error_message request_id created_at updated_at started_at last_accessed_at
  last_authenticated_at expires_at kind accountName method at freshUntil expiresAt registrationId title requestId
  organization issuer set_mfa_enrollment`.split(/\s+/),
)

/** `value` as a visitor may see it. A field that this list does not know is hidden, so a new secret cannot slip out. */
export function mask(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, field))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, key)]))
  }
  if (typeof value !== 'string' || value === '') return value
  // `code` is six digits on the way in, and the name of a refusal on the way out.
  const isName = field === 'code' && /^[a-z]+(_[a-z]+)*$/.test(value)
  return isName || (shown.has(field) && value.length <= 200) ? value : hidden(value)
}

/** Headers that say how a request is protected, their secrets hidden. */
export function maskHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const seen: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    const text = Array.isArray(value) ? value.join('\n') : value
    if (key === 'cookie' || key === 'set-cookie')
      seen[key] = text.replace(/(^|\n|; ?)([\w-]+)=([^;\n]*)/g, hideCookie)
    if (key === 'authorization')
      seen[key] = `${text.split(' ')[0]} ${hidden(text.slice(text.indexOf(' ') + 1))}`
    if (key === 'x-csrf') seen[key] = hidden(text)
    if (['origin', 'sec-fetch-site', 'cache-control', 'retry-after'].includes(key)) seen[key] = text
  }
  return seen
}

const attributes = ['path', 'samesite', 'max-age', 'expires']
const hideCookie = (pair: string, before: string, name: string, value: string) =>
  attributes.includes(name.toLowerCase()) || value === '' ? pair : `${before}${name}=${hidden(value)}`

const hidden = (text: string) => `•••• ${text.length} characters`
