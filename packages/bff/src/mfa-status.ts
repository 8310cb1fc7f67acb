import type { MfaStatus } from '@kit/contract'
import type { Asker } from './asker.js'
import type { ProviderCapabilities } from './capabilities.js'
import { isOutage, toRefusal } from './errors.js'
import { type CountedMfa, countMfa, type Factor } from './policy.js'
import { isForeign, type Reading } from './provider.js'
import type { PendingRegistration, Session, SessionCookie } from './session.js'
import { soon } from './soon.js'
import type { Standings } from './standing.js'
import type { Subject } from './subject.js'

/** What a host's `mfaRequired` may look like. */
export type MfaRequired = (subject: Subject) => boolean | Promise<boolean>

/** The answer to "who is this, and how far did they get?", before it is put into words for anybody. */
export interface View extends Omit<Asker, 'isOld'> {
  reading: Reading
  /** How far the registration of an authenticator got. */
  factor: Factor
  required: boolean
  mfa: CountedMfa | null
  /** The provider could not be asked for too long; nothing that it said of MFA counts. */
  stale: boolean
}

export interface MfaStatuses {
  /**
   * Never throws for an outage: the view is stale then. What the provider said within the last five minutes of MFA
   * counts; with `recentFactor`, also what it said of the authenticator of somebody without MFA.
   *
   * @throws BffError bad_upstream for an answer about somebody else
   */
  view(asker: Asker, recentFactor?: boolean): Promise<View>
  /** Asked now. @throws BffError when the provider cannot be asked */
  freshView(asker: Asker): Promise<View>
  /** After a verdict: where the host cannot say whether MFA is required, it is, so that what was done is told. */
  viewOf(asker: Asker, reading: Reading): Promise<View>
  /** MFA that counts, with its times. */
  verified(view: View): MfaStatus['verified']
  /** The body that the browser sees, made field by field. */
  body(view: View): Promise<MfaStatus>
}

export interface MfaStatusDeps {
  standings: Standings
  cookie: SessionCookie
  capabilities: () => Promise<ProviderCapabilities>
  mfaRequired: MfaRequired
  stepUpMs: number
  now: () => number
}

/** A page waits for the provider no longer than this; what is known then is said, as stale. */
const patienceMs = 2_000

const time = (ms: number) => new Date(ms).toISOString()

/** T48: another browser has begun anew. Where the provider lists none, it is none the less pending. */
const isSuperseded = ({ registrationId }: PendingRegistration, { pendingIds }: Reading): boolean =>
  pendingIds.length > 0 && !pendingIds.includes(registrationId)

function factorOf(reading: Reading, session: Session | null, nowMs: number): Factor {
  if (reading.factorId !== null) return 'active'
  if (!session?.pending) return 'none'
  if (session.pending.expiresAtMs <= nowMs) return 'expired'
  return isSuperseded(session.pending, reading) ? 'none' : 'pending'
}

export function createMfaStatuses(deps: MfaStatusDeps): MfaStatuses {
  const { standings, cookie, capabilities, mfaRequired, stepUpMs, now } = deps

  const toView = async (
    { subject, binding, session }: Asker,
    reading: Reading,
    stale: boolean,
    requires = mfaRequired,
  ): Promise<View> => ({
    subject,
    binding,
    session,
    reading,
    factor: factorOf(reading, session, now()),
    stale,
    required: reading.organizationRequires || (await requires(subject)),
    mfa: stale ? null : countMfa(session?.mfa, reading, now()),
  })

  const requiresOrUnknown = async (subject: Subject) => {
    try {
      return await mfaRequired(subject)
    } catch {
      return true
    }
  }

  const verified = ({ session, mfa, reading }: View): MfaStatus['verified'] => {
    if (!mfa || !session?.mfa || !session.provider || !reading.session) return null
    const { method, atMs } = session.mfa
    return {
      method,
      at: time(atMs),
      freshUntil: time(Number.isFinite(mfa.ageMs) ? atMs + stepUpMs : now()),
      expiresAt: time(Math.min(session.provider.expiresAtMs, reading.session.expiresAtMs)),
    }
  }

  return {
    async view(asker, recentFactor = false) {
      const { subject, session, isOld } = asker
      if (isOld) return toView(asker, standings.lastKnown(subject, session), true)
      try {
        // A page asks about somebody without MFA to see what to do next, and another browser may have enrolled.
        const recent = session?.mfa || recentFactor ? standings.recent(subject, session) : null
        return await toView(
          asker,
          recent ?? (await soon(standings.read(subject, session), patienceMs)),
          false,
        )
      } catch (error) {
        const refusal = toRefusal(error)
        if (!isOutage(refusal) || isForeign(refusal)) throw refusal
        return toView(asker, standings.lastKnown(subject, session), true)
      }
    },

    freshView: async (asker) => toView(asker, await standings.read(asker.subject, asker.session), false),

    viewOf: (asker, reading) => toView(asker, reading, false, requiresOrUnknown),

    verified,

    async body(view) {
      const { subject, binding, session, reading, factor, required, stale } = view
      const pending = factor === 'pending' ? session?.pending : undefined
      const can = await capabilities()
      return {
        subject: { kind: subject.kind, accountName: subject.accountName },
        csrfToken: cookie.csrfToken(binding),
        enrolled: factor === 'active',
        required,
        verified: verified(view),
        pending: pending ? { expiresAt: time(pending.expiresAtMs) } : null,
        recoveryCodesRemaining: stale
          ? standings.knownRemaining(subject, reading)
          : await standings.remaining(subject, reading),
        capabilities: {
          reveal: can.reveal,
          rotate: subject.kind === 'member' || can.rotateForUsers,
          remove: true,
          setDefault: subject.kind === 'member',
        },
        ...(stale ? { stale: true as const } : {}),
      }
    },
  }
}
