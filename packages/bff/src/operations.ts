import type { MfaStatus, Operation, PendingTotp, RecoveryCodeList, RequestOf } from '@kit/contract'
import { type AdmissionDeps, createAdmission } from './admission.js'
import type { Asker } from './asker.js'
import type { Call } from './call.js'
import type { ProviderCapabilities } from './capabilities.js'
import { BffError, isOutage, misconfigured, toRefusal } from './errors.js'
import type { KitEventDetail } from './events.js'
import { createFlights, type Flights } from './flights.js'
import type { AcceptedMfa, Judge } from './judge.js'
import type { View } from './mfa-status.js'
import { otpauthUri } from './otpauth-uri.js'
import { offersOf, withOffer } from './proofs.js'
import type { Provider } from './provider.js'
import type { PendingRegistration, Session } from './session.js'
import type { SignOuts } from './sign-out.js'
import type { Subject } from './subject.js'

/** What to answer. */
export interface Outcome<Body> {
  status: number
  body: Body
  /** What the cookie says from now on: absent, as before; null, nothing. */
  session?: Session | null
}

/** Operations that the router serves for an identified subject. */
export type Served = Exclude<Operation, 'openapi'>

interface Answers {
  status: MfaStatus
  create: PendingTotp
  authenticate: MfaStatus
  recover: MfaStatus
  recoveryCodes: RecoveryCodeList
  rotate: RecoveryCodeList
  remove: MfaStatus
  cancel: MfaStatus
  signOut: null
}

/** Subject and input in, answer of the contract out. @throws whatever `toRefusal` understands */
export type Operations = {
  [O in Served]: (call: Call, input: RequestOf<O>) => Promise<Outcome<Answers[O]>>
}

export interface OperationsDeps extends AdmissionDeps {
  provider: (subject: Subject) => Provider
  capabilities: () => Promise<ProviderCapabilities>
  signOuts: SignOuts
  judge: Judge
  /** Tells the host what was done. */
  report: (event: KitEventDetail, call: Call) => void
  /** Tells the host that a session of who signed out is revoked at the provider. */
  revoked: (call: Call) => void
  issuer: string
  pendingMs: number
}

/** Between two requests that were sent at once. After the first answer the browser's cookie is another. */
const lingerMs = 500

export function createOperations(deps: OperationsDeps): Operations {
  const { provider, standings, statuses, capabilities, signOuts, judge, limit, report, revoked } = deps
  const { issuer, pendingMs, now } = deps
  const { admit, requireFactor } = createAdmission(deps)

  /** Two requests of one browser at once for one thing are one, also where the second arrives a little late. */
  const statusFlights = createFlights<Outcome<MfaStatus>>(lingerMs)
  // What they are told is shown to nobody a moment later: the cookie may be signed out then, or the codes void.
  const codeFlights = createFlights<Outcome<RecoveryCodeList>>(0)
  const pendingFlights = createFlights<Outcome<PendingTotp>>(lingerMs)

  const pendingAnswer = (pending: PendingRegistration, { subject }: Call): PendingTotp => ({
    registrationId: pending.registrationId,
    secret: pending.secret,
    otpauthUri: otpauthUri(issuer, subject.accountName, pending.secret),
    expiresAt: new Date(pending.expiresAtMs).toISOString(),
    recoveryCodes: pending.recoveryCodes,
  })

  const create = async (call: Call, restart: boolean): Promise<Outcome<PendingTotp>> => {
    const view = await admit('create', call)
    const known = call.session?.pending
    if (!restart && known && view.factor === 'pending') {
      return { status: 200, body: pendingAnswer(known, call) }
    }
    const offers = offersOf(call.subject, call.session)
    const begunTurn = standings.turn()
    const registration = await withOffer(offers, ({ proof }) =>
      provider(call.subject).create(proof, pendingMs / 60_000),
    ).catch((error) => {
      if (toRefusal(error).code !== 'not_enrolled') throw error
      throw misconfigured(
        'The provider does not know this person: make them there first, or start kit-totp-server with AUTO_PROVISION=1.',
        error,
      )
    })
    // An older answer, still under way, lists another as the pending one.
    const pendingIds = [registration.registrationId]
    standings.learn(call.subject, null, { ...view.reading, pendingIds }, begunTurn)
    const pending = { ...registration, expiresAtMs: now() + pendingMs }
    return {
      status: 201,
      body: pendingAnswer(pending, call),
      session: { ...sessionOf(call), mfa: undefined, pending },
    }
  }

  const authenticate = async (call: Call, input: RequestOf<'authenticate'>): Promise<Outcome<MfaStatus>> => {
    const { session } = call
    await requireFactor('authenticate', call)
    const enroll = session?.pending !== undefined && session.pending.expiresAtMs > now()
    // Another process may have enrolled them since, and told of it: T45.
    if (enroll && !standings.recent(call.subject, null)) await standings.read(call.subject, null)
    const known = standings.lastKnown(call.subject, session).factorId
    const accepted = await judge('authenticate', call, input.code, (mode) =>
      provider(call.subject).authenticate(input.code, {
        telemetryId: input.telemetryId,
        enroll,
        setDefault: input.setDefault ?? false,
        ...mode,
      }),
    )
    const confirmed = session?.pending?.registrationId === accepted.factorId ? session.pending : undefined
    const { factorId } = accepted
    if (confirmed) await learnMade(call, confirmed.recoveryCodes)
    report(
      // The cookie may be that of an earlier registration than the one that was confirmed.
      confirmed || (enroll && factorId !== known)
        ? { type: 'enrolled', factorId }
        : { type: 'challenge_passed', method: 'totp', factorId },
      call,
    )
    return answerAccepted(call, accepted)
  }

  const recover = async (call: Call, input: RequestOf<'recover'>): Promise<Outcome<MfaStatus>> => {
    await requireFactor('recover', call)
    const accepted = await judge('recover', call, input.recoveryCode, (mode) =>
      provider(call.subject).recover(input.recoveryCode, { telemetryId: input.telemetryId, ...mode }),
    )
    const { factorId } = accepted
    const recoveryCodesRemaining = await remainingAfter(call, accepted)
    report({ type: 'recovered', factorId, recoveryCodesRemaining }, call)
    return answerAccepted(call, accepted)
  }

  /** A member's answer tells; for a user the provider is asked anew. */
  const remainingAfter = async ({ subject }: Call, accepted: AcceptedMfa): Promise<number | null> => {
    const { recoveryCodesRemaining: told } = accepted
    if (told !== null && (await capabilities()).reveal) standings.learnRemaining(subject, told)
    else standings.forgetRemaining(subject)
    return standings.remaining(subject, accepted.reading)
  }

  const answerAccepted = async (call: Call, accepted: AcceptedMfa): Promise<Outcome<MfaStatus>> => {
    const view = await statuses.viewOf({ ...call, session: accepted.session }, accepted.reading)
    return { status: 200, body: await statuses.body(view), session: accepted.session }
  }

  /** Codes that cannot be read again are not counted either: a number would soon be wrong, or gone. */
  const learnMade = async ({ subject }: Call, codes: readonly string[]): Promise<void> => {
    if ((await capabilities()).reveal) standings.learnRemaining(subject, codes.length)
    else standings.forgetRemaining(subject)
  }

  /** T69: who was signed out while the provider was asked is told nothing. */
  const requireStay = async ({ subject, session }: Call): Promise<void> => {
    if (await signOuts.hasEnded(subject, session)) throw new BffError('unauthenticated')
  }

  const watchOf = ({ binding, userAgent, leftBefore }: Call) => signOuts.watch(binding, userAgent, leftBefore)

  /** T69: nor is anything of what was made for them left. Their first MFA has no token yet that a mark could name. */
  const unlessLeft = async <Body>(call: Call, run: () => Promise<Outcome<Body>>, watch = watchOf(call)) => {
    const outcome = await run()
    if (await watch.hasLeft(outcome.session ?? null, () => revoked(call)))
      throw new BffError('unauthenticated')
    return outcome
  }

  /** One verdict for all who ask the same at once, by the same browser and within one sign-in. */
  const once = <Body>(
    flights: Flights<Outcome<Body>>,
    operation: Served,
    call: Call,
    run: () => Promise<Outcome<Body>>,
    detail = '',
  ): Promise<Outcome<Body>> => {
    const watch = watchOf(call)
    const key = JSON.stringify([operation, detail, watch.era, call.binding, ...call.browser])
    return flights.share(key, () => unlessLeft(call, run, watch))
  }

  const recoveryCodes = async (call: Call): Promise<Outcome<RecoveryCodeList>> => {
    const view = await admit('recoveryCodes', call, (await capabilities()).reveal)
    const codes = await provider(call.subject).recoveryCodes(view.reading.providerId)
    standings.learnRemaining(call.subject, codes.length)
    await requireStay(call)
    report({ type: 'recovery_codes_shown', factorId: factorIdOf(view) }, call)
    return { status: 200, body: { recoveryCodes: codes } }
  }

  const rotate = async (call: Call): Promise<Outcome<RecoveryCodeList>> => {
    const isSupported = call.subject.kind === 'member' || (await capabilities()).rotateForUsers
    const view = await admit('rotate', call, isSupported)
    const codes = await provider(call.subject)
      .rotate(view.reading.providerId)
      .catch((error) => {
        if (isOutage(toRefusal(error))) standings.forgetRemaining(call.subject)
        throw error
      })
    await learnMade(call, codes)
    report({ type: 'recovery_codes_rotated', factorId: factorIdOf(view) }, call)
    await requireStay(call)
    return { status: 200, body: { recoveryCodes: codes } }
  }

  const remove = async (call: Call): Promise<Outcome<MfaStatus>> => {
    const view = await admit('remove', call)
    const begunTurn = standings.turn()
    await provider(call.subject)
      .remove(factorIdOf(view))
      .catch((error) => {
        // It may be gone all the same: F4.
        if (isOutage(toRefusal(error))) standings.doubt(call.subject)
        throw error
      })
    const reading = { ...view.reading, factorId: null }
    standings.learn(call.subject, null, reading, begunTurn)
    report({ type: 'removed', factorId: factorIdOf(view) }, call)
    const session = { ...sessionOf(call), mfa: undefined, pending: undefined }
    const body = await statuses.body(await statuses.viewOf({ ...call, session }, reading))
    return { status: 200, body, session }
  }

  /** The registration itself is left to expire: in another tab it may just have become the active one. */
  const cancel = async (call: Call): Promise<Outcome<MfaStatus>> => {
    await limit('cancel', call)
    const pending = call.session?.pending
    const session = call.session && { ...call.session, pending: undefined }
    const body = await statuses.body(await statuses.view({ ...call, session }))
    // Where another tab has confirmed it meanwhile, that answer's cookie is the newer one.
    const isOver = pending && standings.lastKnown(call.subject, null).factorId !== pending.registrationId
    return { status: 200, body, ...(isOver ? { session } : {}) }
  }

  return {
    async status(call) {
      await limit('status', call)
      return { status: 200, body: await statuses.body(await statuses.view(call)) }
    },

    create: (call, { restart = false }) =>
      once(pendingFlights, 'create', call, () => create(call, restart), String(restart)),

    authenticate: (call, input) =>
      once(statusFlights, 'authenticate', call, () => authenticate(call, input), input.code),

    recover: (call, input) =>
      once(statusFlights, 'recover', call, () => recover(call, input), input.recoveryCode),

    recoveryCodes: (call) => once(codeFlights, 'recoveryCodes', call, () => recoveryCodes(call)),

    rotate: (call) => once(codeFlights, 'rotate', call, () => rotate(call)),

    remove: (call) => once(statusFlights, 'remove', call, () => remove(call)),

    cancel: (call) => unlessLeft(call, () => cancel(call)),

    async signOut(call) {
      await signOuts.end(call, () => revoked(call))
      return { status: 204, body: null, session: null }
    },
  }
}

/** Policy has let the operation pass, so there is one. */
const factorIdOf = ({ reading }: View): string => reading.factorId ?? ''

const sessionOf = ({ subject, binding, session }: Asker): Session =>
  session ?? { kind: subject.kind, binding }
