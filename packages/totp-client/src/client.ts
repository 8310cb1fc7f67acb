import { createCall, loadingWire } from './call.js'
import { type Fetch, fetchTransport, poolTransport } from './transport.js'
import type { EndpointName, RequestOf, ResponseOf } from './wire.js'

export interface TotpClientOptions {
  /** User name of the Basic credentials, as `project-test-…`. */
  projectId: string
  /** Password of the Basic credentials. */
  secret: string
  /** Default: `https://api.stytch.com` for a `project-live-…`, `https://test.stytch.com` for any other. */
  baseUrl?: string | undefined
  /** Answers in place of the network: `server.fetch` of a server in this process, or a `fetch` of your own. */
  fetch?: Fetch | undefined
  /** Deadline of a call, in milliseconds: from the call to the last byte of its answer. Default 8000. */
  timeoutMs?: number | undefined
}

export interface CallOptions {
  /**
   * Gives the call up. It then rejects at once: `unreachable` where nothing was sent or changed,
   * `outcome_unknown` where a code may be spent.
   */
  signal?: AbortSignal | undefined
}

/**
 * Takes the wire's own fields and resolves to the wire's own body, checked against its schema.
 *
 * @throws {TotpClientError} whatever goes wrong on the way
 * @throws {TypeError} where an id that belongs into the path could change the path; nothing is sent then
 */
export type Method<Name extends EndpointName> = (
  body: RequestOf<Name>,
  options?: CallOptions,
) => Promise<ResponseOf<Name>>

/** A provider's TOTP endpoints and their neighbours, consumer and B2B. */
export interface TotpClient {
  readonly totps: {
    /** Starts a user's registration. Secret, QR code and recovery codes are in this answer. */
    readonly create: Method<'totps.create'>
    /** Judges a user's code; the first right one confirms the registration. */
    readonly authenticate: Method<'totps.authenticate'>
    /** Spends one of a user's recovery codes. */
    readonly recover: Method<'totps.recover'>
    /** A user's registrations, each with its unused recovery codes. */
    readonly recoveryCodes: Method<'totps.recoveryCodes'>
  }
  readonly users: {
    readonly create: Method<'users.create'>
    readonly get: Method<'users.get'>
    /** Removes a user's registration, active or pending. */
    readonly deleteTotp: Method<'users.deleteTotp'>
  }
  readonly sessions: {
    /** Reads a session and, with a duration, extends it. */
    readonly authenticate: Method<'sessions.authenticate'>
    /** Ends a session. */
    readonly revoke: Method<'sessions.revoke'>
    /** Public keys of session JWTs. */
    readonly jwks: Method<'sessions.jwks'>
  }
  readonly b2b: {
    readonly totps: {
      /** Starts a member's registration. Secret, QR code and recovery codes are in this answer. */
      readonly create: Method<'b2b.totps.create'>
      /** Judges a member's code; the first right one confirms the registration. Always makes a session. */
      readonly authenticate: Method<'b2b.totps.authenticate'>
      /** Takes over a secret that a member has in an app already; active at once. */
      readonly migrate: Method<'b2b.totps.migrate'>
    }
    readonly recoveryCodes: {
      /** A member's unused recovery codes. */
      readonly get: Method<'b2b.recoveryCodes.get'>
      /** New recovery codes for a member; the old ones are void. */
      readonly rotate: Method<'b2b.recoveryCodes.rotate'>
      /** Spends one of a member's recovery codes. Always makes a session. */
      readonly recover: Method<'b2b.recoveryCodes.recover'>
    }
    readonly organizations: {
      readonly create: Method<'b2b.organizations.create'>
      readonly get: Method<'b2b.organizations.get'>
    }
    readonly members: {
      readonly create: Method<'b2b.members.create'>
      /** By `member_id` or `email_address`. */
      readonly get: Method<'b2b.members.get'>
      /** Removes a member's registration. */
      readonly deleteTotp: Method<'b2b.members.deleteTotp'>
    }
    readonly sessions: {
      /** Reads a member's session and, with a duration, extends it. */
      readonly authenticate: Method<'b2b.sessions.authenticate'>
      /** Ends one session or, with `member_id`, all of a member's. */
      readonly revoke: Method<'b2b.sessions.revoke'>
      /** Public keys of members' session JWTs. */
      readonly jwks: Method<'b2b.sessions.jwks'>
    }
  }
  /** What `@kit/totp-server` answers beyond the vendor's wire. */
  readonly kit: {
    /** What this server can do. A vendor refuses: `errorType` is `route_not_found`. */
    capabilities(
      body?: RequestOf<'kit.capabilities'>,
      options?: CallOptions,
    ): Promise<ResponseOf<'kit.capabilities'>>
    /** A session with a first factor. A member's answer has `member_session`, a user's has `session`. */
    readonly createSession: Method<'kit.createSession'>
    /** What a member has between the first factor and MFA. */
    readonly createIntermediateSession: Method<'kit.createIntermediateSession'>
    /** New recovery codes for a user; the old ones are void. */
    readonly rotateRecoveryCodes: Method<'kit.rotateRecoveryCodes'>
  }
  /** Waits for the calls under way, then closes the connections. Calls made later are `unreachable`. */
  close(): Promise<void>
}

/**
 * Makes a client. It keeps up to 50 connections and lets 100 calls wait for one, follows no redirects, reads
 * answers of up to 256 KiB, and repeats a call at most once, and only where the provider did not get it or
 * where it was a read.
 *
 * @throws {TypeError} where the options cannot work, saying which and what to do
 */
export function createTotpClient(options: TotpClientOptions): TotpClient {
  const { projectId, secret, fetch, timeoutMs = 8_000 } = options
  if (typeof projectId !== 'string' || !/^[\x21-\x39\x3b-\x7e]+$/.test(projectId)) {
    throw new TypeError(
      'projectId must be visible ASCII without a colon (RFC 7617): copy it from the dashboard.',
    )
  }
  if (typeof secret !== 'string' || !/^[\x21-\x7e]+$/.test(secret)) {
    throw new TypeError(
      'secret must be visible ASCII (RFC 7617): copy it from the dashboard, without spaces.',
    )
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 120_000) {
    throw new TypeError('timeoutMs must be a whole number of milliseconds from 1 to 120000.')
  }
  const origin = toOrigin(
    options.baseUrl ??
      (projectId.startsWith('project-live-') ? 'https://api.stytch.com' : 'https://test.stytch.com'),
  )
  const headers = {
    authorization: `Basic ${Buffer.from(`${projectId}:${secret}`).toString('base64')}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'kit-totp-client',
  }
  const transport = fetch ? fetchTransport(origin, headers, fetch) : poolTransport(origin, headers)

  const method = <Name extends EndpointName>(name: Name) => {
    const call = createCall(name, { transport, timeoutMs })
    // The body was checked against the schema that this type is made of.
    return async (body?: RequestOf<Name>, callOptions?: CallOptions) =>
      (await call(body ?? {}, callOptions?.signal)) as ResponseOf<Name>
  }

  return {
    totps: {
      create: method('totps.create'),
      authenticate: method('totps.authenticate'),
      recover: method('totps.recover'),
      recoveryCodes: method('totps.recoveryCodes'),
    },
    users: {
      create: method('users.create'),
      get: method('users.get'),
      deleteTotp: method('users.deleteTotp'),
    },
    sessions: {
      authenticate: method('sessions.authenticate'),
      revoke: method('sessions.revoke'),
      jwks: method('sessions.jwks'),
    },
    b2b: {
      totps: {
        create: method('b2b.totps.create'),
        authenticate: method('b2b.totps.authenticate'),
        migrate: method('b2b.totps.migrate'),
      },
      recoveryCodes: {
        get: method('b2b.recoveryCodes.get'),
        rotate: method('b2b.recoveryCodes.rotate'),
        recover: method('b2b.recoveryCodes.recover'),
      },
      organizations: {
        create: method('b2b.organizations.create'),
        get: method('b2b.organizations.get'),
      },
      members: {
        create: method('b2b.members.create'),
        get: method('b2b.members.get'),
        deleteTotp: method('b2b.members.deleteTotp'),
      },
      sessions: {
        authenticate: method('b2b.sessions.authenticate'),
        revoke: method('b2b.sessions.revoke'),
        jwks: method('b2b.sessions.jwks'),
      },
    },
    kit: {
      capabilities: method('kit.capabilities'),
      createSession: method('kit.createSession'),
      createIntermediateSession: method('kit.createIntermediateSession'),
      rotateRecoveryCodes: method('kit.rotateRecoveryCodes'),
    },
    async close() {
      // A call that waits for the schemas is under way.
      await loadingWire
      await transport.close()
    },
  }
}

/** The credentials go to this address with every call, so it must be one that only the provider can hold. */
function toOrigin(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url?.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new TypeError('baseUrl must be an origin and nothing more, as https://test.stytch.com')
  }
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new TypeError(
      'baseUrl must be https: the secret would travel in the clear. Only loopback may be http.',
    )
  }
  return url.origin
}
