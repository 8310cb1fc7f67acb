import type { Bff } from '@kit/bff'
import { type Request, type Response, Router } from 'express'
import { z } from 'zod'
import { hashPassword, verifyPassword } from './passwords.js'
import { Refusal } from './problem.js'
import type { Provider } from './provider.js'
import type { SignInCookie } from './sign-in-cookie.js'
import type { Person, Store } from './store.js'
import { createSubject, openSession, toRefusal } from './subjects.js'
import { createThrottle } from './throttle.js'

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'This is too long.')
  .pipe(z.email('This is not an e-mail address.'))
const organization = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(?!\.+$)[a-z0-9._~-]{2,128}$/, 'Two to 128 letters, digits, dots and dashes.')
const password = z.string().max(256, 'At most 256 characters.')

const SignUp = z.strictObject({
  email,
  password: password.min(12, 'At least 12 characters.'),
  organization: organization.optional(),
})
const SignIn = z.strictObject({ email, password: password.min(1), organization: organization.optional() })
const SignOut = z.strictObject({ everywhere: z.boolean().optional() })

interface Parts {
  store: Store
  provider: Provider
  cookie: SignInCookie
  bff: Bff
}

/** `/api/sign-up`, `/api/sign-in`, `/api/sign-out` and `/api/me`. */
export function accounts({ store, provider, cookie, bff }: Parts): Router {
  const throttle = createThrottle()
  const signingUp = new Set<string>()

  /** A new sign-in has a new token and a new id; the one that this browser had ends. */
  const signIn = async (req: Request, res: Response, person: Person) => {
    const { enrolled, tokens } = await openSession(provider.client, person)
    const before = cookie.tokenOf(req)
    if (before) store.closeSignIn(before)
    cookie.set(res, store.openSignIn(person, tokens))
    return { enrolled }
  }

  const router = Router()

  router.post('/sign-up', async (req, res) => {
    const { email, password, organization = '' } = parse(SignUp, req.body)
    if (organization && provider.name === 'stytch') throw new Refusal('not_supported')
    const address = `${email} ${organization}`
    if (signingUp.has(address)) throw new Refusal('taken')
    signingUp.add(address)
    try {
      const passwordHash = await hashPassword(password)
      const id = store.claimPerson({ email, organization, passwordHash })
      if (!id) throw new Refusal('taken')
      const subject = await createSubject(provider.client, { externalId: id, email, organization })
      store.finishPerson(id, subject)
      const person = { id, email, organization, subject }
      await signIn(req, res, person)
      res.status(201).json(describe(person))
    } catch (error) {
      // Somebody at the provider has this address, and it is not a person of ours.
      throw toRefusal(error, 'taken')
    } finally {
      signingUp.delete(address)
    }
  })

  router.post('/sign-in', async (req, res) => {
    const { email, password, organization = '' } = parse(SignIn, req.body)
    const address = req.socket.remoteAddress ?? ''
    const attempt = throttle.attempt({ account: `${email} ${organization}`, address })
    const person = store.findPerson(email, organization)
    const right = await verifyPassword(password, person?.passwordHash)
    if (!person || !right) throw new Refusal('wrong_credentials')
    attempt.succeeded()
    try {
      const { enrolled } = await signIn(req, res, person)
      // MFA is bound to the sign-in, so a new one is never born verified.
      res.json({ enrolled, verified: false })
    } catch (error) {
      throw toRefusal(error, 'wrong_credentials')
    }
  })

  router.post('/sign-out', async (req, res) => {
    const { everywhere } = parse(SignOut, req.body ?? {})
    const here = cookie.read(req)
    // Also where the sign-in is over already: MFA may live on by its own cookie.
    await bff.signOut(req, res)
    if (here) {
      if (everywhere) store.closeSignInsOf(here.person)
      else store.closeSignIn(cookie.tokenOf(req) ?? '')
    }
    cookie.clear(res)
    res.set('clear-site-data', '"cache"').status(204).end()
  })

  router.get('/me', (req, res) => {
    const here = cookie.read(req)
    if (!here) throw new Refusal('unauthenticated')
    res.json(describe(here.person))
  })

  return router
}

const describe = ({ email, organization, subject }: Person) => ({
  kind: subject.kind,
  email,
  organization: organization || null,
})

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const fields: Record<string, string> = {}
  for (const { path, message } of result.error.issues) fields[path.join('.') || 'body'] ??= message
  throw new Refusal('invalid_request', { fields })
}
