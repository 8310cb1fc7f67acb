import { NextResponse } from 'next/server'

export async function POST() {
  const answer = new NextResponse(null, { status: 303, headers: { location: '/' } })
  // Kit's own cookie is of no use without this one: it belongs to the sign-in that ends here.
  answer.cookies.delete('sign-in')
  return answer
}
