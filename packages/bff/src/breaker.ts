import { type TotpClient, TotpClientError } from '@kit/totp-client'

/** One call to the provider, when it is over. */
export interface UpstreamCall {
  /** As `totps.authenticate`. */
  endpoint: string
  durationMs: number
  /** `ok`, or the code of the error. */
  outcome: 'ok' | TotpClientError['code'] | 'internal'
}

/** `open`: calls are refused here. `half_open`: one call tries whether the provider is back. */
export type BreakerState = 'closed' | 'open' | 'half_open'

export interface BreakerOptions {
  /** Milliseconds of a clock that never goes back. Default: the machine's uptime. */
  clock?: (() => number) | undefined
  onState?: ((state: BreakerState, before: BreakerState) => void) | undefined
  onCall?: ((call: UpstreamCall) => void) | undefined
}

const windowSeconds = 10
const minCalls = 20
const openMs = 10_000

/**
 * The same client, behind a breaker: where half of at least twenty calls within ten seconds failed, calls are
 * `unreachable` at once for ten seconds, and then one of them may try. A provider that says no works, so nobody can
 * open it by wrong codes; its 5xx are failures: F5, F15.
 */
export function withBreaker(client: TotpClient, options: BreakerOptions = {}): TotpClient {
  const { clock = () => performance.now(), onState, onCall } = options
  let state: BreakerState = 'closed'
  let openUntilMs = 0
  let seconds: { second: number; calls: number; failures: number }[] = []

  const enter = (next: BreakerState) => {
    if (next === 'open') openUntilMs = clock() + openMs
    seconds = []
    const before = state
    state = next
    if (next !== before) onState?.(next, before)
  }

  /** Whether the call is the one that tries. */
  const admit = (endpoint: string): boolean => {
    if (state === 'closed') return false
    const leftMs = openUntilMs - clock()
    if (state === 'open' && leftMs <= 0) {
      enter('half_open')
      return true
    }
    throw new TotpClientError('unreachable', {
      endpoint,
      reason: 'breaker_open',
      retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1_000)),
    })
  }

  const record = (tried: boolean, verdict: Verdict) => {
    if (tried) {
      enter(verdict === 'works' ? 'closed' : 'open')
      // As much is known as before: the next call tries.
      if (verdict === 'unknown') openUntilMs = clock()
      return
    }
    if (verdict === 'unknown' || state !== 'closed') return
    const second = Math.floor(clock() / 1_000)
    if (seconds.at(-1)?.second !== second) {
      seconds = [
        ...seconds.filter((old) => old.second > second - windowSeconds),
        { second, calls: 0, failures: 0 },
      ]
    }
    const last = seconds.at(-1)
    if (last) {
      last.calls++
      if (verdict === 'failed') last.failures++
    }
    const calls = seconds.reduce((sum, one) => sum + one.calls, 0)
    const failures = seconds.reduce((sum, one) => sum + one.failures, 0)
    if (calls >= minCalls && failures * 2 >= calls) enter('open')
  }

  const around = async <T>(endpoint: string, run: () => Promise<T>): Promise<T> => {
    const tries = admit(endpoint)
    const begun = clock()
    const done = (outcome: UpstreamCall['outcome']) =>
      onCall?.({ endpoint, durationMs: clock() - begun, outcome })
    try {
      const answer = await run()
      record(tries, 'works')
      done('ok')
      return answer
    } catch (error) {
      record(tries, verdictOf(error, clock() - begun))
      done(error instanceof TotpClientError ? error.code : 'internal')
      throw error
    }
  }

  return { ...wrap(client, '', around), close: () => client.close() }
}

/** A caller that waited this long and went speaks against the provider; one that went sooner may have had reasons. */
const longWaitMs = 1_000

/** What a call says of the provider. */
type Verdict = 'works' | 'failed' | 'unknown'

/** No whole answer, or one of the provider's own faults, speaks against it; what never reached it says nothing. */
function verdictOf(error: unknown, durationMs: number): Verdict {
  if (!(error instanceof TotpClientError) || error.reason === 'overloaded') return 'unknown'
  if (error.reason === 'aborted') return durationMs >= longWaitMs ? 'failed' : 'unknown'
  return error.code !== 'refused' || (error.status ?? 0) >= 500 ? 'failed' : 'works'
}

type Around = <T>(endpoint: string, run: () => Promise<T>) => Promise<T>

/** The same object, with every method on every level run by `around`. */
function wrap<T extends object>(group: T, path: string, around: Around): T {
  const entries = Object.entries(group).map(([name, value]) => {
    const endpoint = path + name
    if (typeof value !== 'function') return [name, wrap(value, `${endpoint}.`, around)]
    return [name, (...args: unknown[]) => around(endpoint, () => value(...args))]
  })
  return Object.fromEntries(entries)
}
