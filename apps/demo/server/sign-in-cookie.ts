import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { type SignIn, type Store, signInHours } from './store.js'

/** The cookie of the host's own sign-in; the BFF has another one of its own. */
export function createSignInCookie({ store, origin }: { store: Store; origin: string }) {
  const secure = origin.startsWith('https:')
  const name = secure ? '__Host-demo' : 'demo'
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const

  const tokenOf = (req: IncomingMessage): string | undefined =>
    req.headers.cookie
      ?.split(/; */)
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1)

  return {
    tokenOf,
    /** Id of the sign-in that this request belongs to, or has just made. */
    signInIdOf(req: IncomingMessage, res: Response): string | undefined {
      const token: string | undefined = res.locals.signInToken ?? tokenOf(req)
      return token ? store.readSignIn(token)?.id : undefined
    },
    read(req: IncomingMessage): SignIn | null {
      const token = tokenOf(req)
      return token ? store.readSignIn(token) : null
    },
    set(res: Response, token: string) {
      res.locals.signInToken = token
      res.cookie(name, token, { ...options, maxAge: signInHours * 3_600_000 })
    },
    clear(res: Response) {
      res.clearCookie(name, options)
    },
  }
}

export type SignInCookie = ReturnType<typeof createSignInCookie>
