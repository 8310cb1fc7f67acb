import { headers } from 'next/headers'
import { bffUrl } from '../../bff-url'

/** A page of the server: it asks the BFF, with the browser's own cookies, how far this person got. */
export default async function SecretPage() {
  const cookie = (await headers()).get('cookie') ?? ''
  const response = await fetch(`${bffUrl}/mfa/status`, { headers: { cookie }, cache: 'no-store' })
  const verified = response.ok && (await response.json()).verified !== null
  return <h1>{verified ? 'Only after a code.' : 'Enter a code first.'}</h1>
}
