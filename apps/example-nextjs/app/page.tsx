import { cookies } from 'next/headers'
import { Account } from './account'

export default async function Home() {
  if ((await cookies()).has('sign-in')) return <Account />
  return (
    <form action="/sign-in" method="post">
      <label>
        Name <input name="name" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  )
}
