import { randomBytes } from 'node:crypto'
import { labelText } from '@kit/totp-client/wire'
import { areSecrets, projectIdForm } from './basic-auth.js'
import type { Context } from './context.js'
import { TotpServerError } from './error.js'
import { createHandler, type Logger } from './handler.js'
import { environmentOf } from './ids.js'
import type { JwtAlgorithm } from './jwt.js'
import { checkKeys } from './key-check.js'
import { attemptLimitsOf, type Limits, recoveryLimitsOf, resolveLimits } from './limits.js'
import type { RequestFacts } from './metrics.js'
import { createKeyring } from './seal.js'
import type { SocketRefusal, WireRequest, WireResponse } from './serve.js'
import { loadSigners } from './signing-keys.js'
import { endedBatchSize, type Store } from './store.js'

export { openConfiguredStore, readServerConfig, type ServerConfig } from './config.js'
export { TotpServerError } from './error.js'
export type { Logger } from './handler.js'
export type { JwtAlgorithm } from './jwt.js'
export { defaultLimits, type Limits } from './limits.js'
export type { RequestFacts } from './metrics.js'
export { openPostgres } from './postgres.js'
export { type Served, type ServeOptions, serve, type WireRequest, type WireResponse } from './serve.js'
export { openSqlite } from './sqlite.js'
export type { Store } from './store.js'

export interface TotpServerOptions {
  /** From `openSqlite` or `openPostgres`. Closed with the server. */
  store: Store
  /** User of the Basic credentials; `project-live-…` makes `-live-` ids, anything else `-test-` ones. */
  projectId: string
  /** Passwords of the Basic credentials: one, or two while one replaces the other. */
  secrets: readonly string[]
  /** `id:base64,id:base64`, 32 bytes each; the first seals, all open. */
  encryptionKeys: string
  /** Issuer that authenticator apps show. Default `Kit`. */
  projectName?: string | undefined
  /** `hashed` keeps no copy of recovery codes, so that retrieval answers with none. Default `sealed`. */
  recoveryCodes?: 'sealed' | 'hashed' | undefined
  /** Makes users, organizations and members that `create`, `migrate` and `/v1/kit` calls name. Default false. */
  autoProvision?: boolean | undefined
  /** Throttling where it differs from {@link defaultLimits}: counts, and times in the unit that a name ends with. */
  limits?: Partial<Limits> | undefined
  /** Default `RS256`. */
  sessionJwtAlgorithm?: JwtAlgorithm | undefined
  /** Milliseconds since 1970. Default `Date.now`. */
  clock?: (() => number) | undefined
  /** That many unpredictable bytes. Default `node:crypto`'s. */
  random?: ((count: number) => Uint8Array) | undefined
  logger?: Logger | undefined
  /** Told of each answered request. */
  onRequest?: ((facts: RequestFacts) => void) | undefined
}

export interface TotpServer {
  /** Answers a request of the wire; `GET /healthz` and `GET /readyz` too. */
  fetch(request: Request): Promise<Response>
  /** The same for plain values, which spares a Request and a Response. */
  handle(request: WireRequest): Promise<WireResponse>
  /** Words and reports what `serve` refuses before it asks. */
  refuse(request: Omit<WireRequest, 'body'>, why: SocketRefusal): WireResponse
  /** Stops its timer and closes the store. */
  close(): Promise<void>
}

/** When rows whose time is over are deleted: at first, then again, and sooner where there were more than a batch. */
const cleaningMs = { first: 5_000, again: 10 * 60_000, more: 20 }

const invalid = (message: string) => new TotpServerError('invalid_option', message)

function checkCredentials(projectId: string, secrets: readonly string[]): void {
  if (!projectIdForm.test(projectId)) {
    throw invalid(
      'projectId must be 1 to 128 visible ASCII characters without ":", since it is the user of Basic credentials (RFC 7617). Use one like project-test-1234.',
    )
  }
  if (!areSecrets(secrets)) {
    throw invalid(
      'secrets must be one secret, or two while one replaces the other, each of 16 or more visible ASCII characters. Make one with: openssl rand -base64 32',
    )
  }
}

/** Remembers what a promise gave, but not that it failed. `anew` makes it again. */
function once<T>(make: () => Promise<T>): { get: () => Promise<T>; anew: () => Promise<T> } {
  let made: Promise<T> | undefined
  return {
    get() {
      made ??= make().catch((error: unknown) => {
        made = undefined
        throw error
      })
      return made
    },
    async anew() {
      const value = await make()
      made = Promise.resolve(value)
      return value
    },
  }
}

/**
 * The provider's TOTP endpoints over a store, as a fetch handler: call it in process, or give it to `serve`.
 *
 * @throws TotpServerError `invalid_option` for an option that makes no sense
 */
export function createTotpServer(options: TotpServerOptions): TotpServer {
  const { store, projectId, secrets, projectName = 'Kit', recoveryCodes = 'sealed' } = options
  const { sessionJwtAlgorithm = 'RS256', clock = Date.now, random = randomBytes } = options
  checkCredentials(projectId, secrets)
  if (labelText(projectName) === '')
    throw invalid('projectName holds nothing to show. Name what authenticator apps should show, without ":".')
  const limits = resolveLimits(options.limits)
  const keyring = createKeyring(options.encryptionKeys)
  const now = () => Math.floor(clock())
  const { get: keysAreRight } = once(() => checkKeys(store, keyring, { nowMs: now() }))
  const signers = once(() => loadSigners(store, keyring, projectId, sessionJwtAlgorithm, now()))
  const context: Context = {
    store,
    projectId,
    environment: environmentOf(projectId),
    projectName,
    keyring,
    attemptLimits: attemptLimitsOf(limits),
    recoveryLimits: recoveryLimitsOf(limits),
    recoveryCodes,
    autoProvision: options.autoProvision ?? false,
    random,
    now,
    signers: signers.get,
    freshSigners: signers.anew,
  }
  const { handle, refuse } = createHandler(context, {
    secrets,
    keysAreRight,
    isReady: async () => {
      await store.ping()
      await keysAreRight()
    },
    logger: options.logger,
    onRequest: options.onRequest,
  })

  let cleaning: NodeJS.Timeout | undefined
  const cleanIn = (ms: number) => {
    cleaning = setTimeout(clean, ms).unref()
  }
  async function clean(): Promise<void> {
    const nowMs = context.now()
    // What cannot be deleted now is deleted the next time.
    const deleted = await Promise.all([
      store.deleteEndedSessions(nowMs),
      store.deleteEndedIntermediateSessions(nowMs),
    ]).catch(() => [0])
    // Unless it was closed meanwhile.
    if (cleaning !== undefined) cleanIn(deleted.includes(endedBatchSize) ? cleaningMs.more : cleaningMs.again)
  }
  cleanIn(cleaningMs.first)

  return {
    handle,
    refuse,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const { status, headers, body } = await handle({
        method: request.method,
        path: pathname,
        query: search.slice(1),
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      })
      return new Response(body, {
        status,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'no-store',
          ...headers,
        },
      })
    },
    async close() {
      clearTimeout(cleaning)
      cleaning = undefined
      await store.close()
    },
  }
}
