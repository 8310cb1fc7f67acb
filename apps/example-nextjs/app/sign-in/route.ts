import { createHash, randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { NextResponse } from 'next/server'

/** Your own sign-in stands here. This one believes every name, and says so in a JWT that `kit-bff` can check. */
export async function POST(request: Request) {
  const name = String((await request.formData()).get('name'))
  const key = await importPKCS8(process.env.SIGN_IN_KEY ?? '', 'ES256')
  // A name may hold anything, an id may not (docs/identity.md), and it lasts: yours stands in your table of users.
  const id = createHash('sha256').update(name).digest('hex')
  const token = await new SignJWT({ sid: randomUUID(), name })
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject(id)
    .setIssuer('example-nextjs')
    .setAudience('kit-bff')
    .setExpirationTime('12h')
    .sign(key)
  // A path alone: behind a proxy, request.url has another origin than the browser.
  const answer = new NextResponse(null, { status: 303, headers: { location: '/' } })
  answer.cookies.set('sign-in', token, { httpOnly: true, sameSite: 'lax' })
  return answer
}
