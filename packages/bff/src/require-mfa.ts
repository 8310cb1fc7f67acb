import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '@kit/contract'
import type { Ask, Asker } from './asker.js'
import { BffError, toProblem, toRefusal } from './errors.js'
import type { Log } from './log.js'
import type { MfaStatuses, View } from './mfa-status.js'
import { readNames } from './options.js'
import { decideGate } from './policy.js'
import { type Respond, respondProblem } from './respond.js'
import type { Middleware } from './router.js'

export interface RequireMfaOptions {
  /** How old MFA may be, in minutes. Default: as old as the session. */
  maxAgeMinutes?: number
  /**
   * What becomes of a subject without an authenticator app, while no policy demands MFA of it. Default `refuse`:
   * whoever steals a password would otherwise pass where its owner never set up anything.
   */
  whenNotEnrolled?: 'refuse' | 'allow'
  /**
   * A path of this origin where page loads are sent, with the page's own path in `return_to`. Anybody can write such a
   * link: see that it stays on this origin before you go back. Default: pages get the same 403 as API calls.
   */
  redirectTo?: string
}

export interface GateDeps {
  ask: Ask
  /** {@link MfaStatuses.view}; a foreign answer is told of. */
  view: (req: IncomingMessage, requestId: string, asker: Asker, recentFactor: boolean) => Promise<View>
  respond: Respond
  log: Log
  origin: string
}

/** Does `value` stay on `origin`, as a path? T82: `//evil`, `/\evil` and `/%09/evil` do not. */
export function isOwnPath(value: string, origin: string): boolean {
  if (!/^\/(?![/\\])[^\\\p{Cc}\s]*$/u.test(value) || /%(0[0-9a-f]|1[0-9a-f]|5c)/i.test(value)) return false
  return (
    URL.canParse(value, origin) &&
    new URL(value, origin).origin === origin &&
    !new URL(value, origin).pathname.startsWith('//')
  )
}

/** Is this a browser that loads a page, rather than a script that calls? */
const isPageLoad = ({ method, headers }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  (headers['sec-fetch-mode'] === undefined
    ? (headers.accept ?? '').includes('text/html')
    : headers['sec-fetch-mode'] === 'navigate')

/** @throws TypeError when an option makes no sense */
export function createRequireMfa({ ask, view: viewFor, respond, log, origin }: GateDeps) {
  const judge = async (
    req: IncomingMessage,
    requestId: string,
    options: RequireMfaOptions,
  ): Promise<'allow' | ErrorCode> => {
    const asker = await ask(req)
    if (!asker) return 'unauthenticated'
    const { maxAgeMinutes, whenNotEnrolled = 'refuse' } = options
    // Nothing that the provider could say would let this one pass.
    if (!asker.session?.mfa && whenNotEnrolled === 'refuse') return 'mfa_required'
    const view = await viewFor(req, requestId, asker, true)
    return decideGate({
      enrolled: view.reading.factorId !== null,
      required: view.required,
      mfa: view.mfa,
      stale: view.stale,
      maxAgeMs: maxAgeMinutes === undefined ? Number.POSITIVE_INFINITY : maxAgeMinutes * 60_000,
      whenNotEnrolled,
    })
  }

  return (options: RequireMfaOptions = {}): Middleware => {
    const { maxAgeMinutes, whenNotEnrolled, redirectTo } = options
    readNames(options, ['maxAgeMinutes', 'whenNotEnrolled', 'redirectTo'])
    if (whenNotEnrolled !== undefined && whenNotEnrolled !== 'refuse' && whenNotEnrolled !== 'allow') {
      throw new TypeError('requireMfa: whenNotEnrolled must be refuse or allow.')
    }
    if (maxAgeMinutes !== undefined && !(maxAgeMinutes > 0)) {
      throw new TypeError('requireMfa: maxAgeMinutes must be a number above 0; leave it out for no limit.')
    }
    if (redirectTo !== undefined && !isOwnPath(redirectTo, origin)) {
      throw new TypeError(
        `requireMfa: redirectTo must be a path of ${origin} that begins with one slash, as /mfa.`,
      )
    }

    return async (req, res, next) => {
      const requestId = randomUUID()
      const begun = performance.now()
      let verdict: 'allow' | BffError
      try {
        const code = await judge(req, requestId, options)
        verdict =
          code === 'allow'
            ? code
            : new BffError(code, code === 'upstream_unavailable' ? { retryAfterSeconds: 5 } : {})
      } catch (error) {
        verdict = toRefusal(error)
      }
      if (verdict === 'allow') return next()
      const refused = (status: number) => {
        const durationMs = performance.now() - begun
        log.request({ requestId, operation: 'requireMfa', status, code: verdict.code, durationMs })
      }
      if (redirectTo !== undefined && isPageLoad(req) && isAsked(verdict.code)) {
        // Below a mount path, Express leaves the rest in `url` and the whole here.
        const from =
          'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '')
        const target = new URL(redirectTo, origin)
        if (isOwnPath(from, origin)) target.searchParams.set('return_to', from)
        refused(303)
        return respond(res, 303, null, {
          headers: { Location: target.pathname + target.search + target.hash },
        })
      }
      const problem = toProblem(verdict, requestId)
      const { status } = problem
      if (status >= 500) log.failure({ what: 'requireMfa', error: verdict, requestId })
      refused(status)
      respondProblem(respond, res, problem)
    }
  }
}

/** A page can help with these. */
const isAsked = (code: ErrorCode) => code === 'mfa_required' || code === 'step_up_required'
