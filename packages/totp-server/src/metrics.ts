import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

/** What one answered request adds to the figures. */
export interface RequestFacts {
  /** Name of the endpoint (`totps.authenticate`), or `none` for a path that is none. */
  endpoint: string
  status: number
  /** The wire's `error_type`, or `ok`. */
  outcome: string
  seconds: number
}

/** Figures for Prometheus. Labels are names from fixed lists, never an id or anything a client sent. */
export interface Metrics {
  observe(facts: RequestFacts): void
  /** The text of `GET /metrics`, in the format that `contentType` names. */
  text(): Promise<string>
  readonly contentType: string
}

/** What the answers of the endpoints that judge a code mean. Anything else was not judged. */
const verdicts: Record<string, string> = {
  ok: 'accepted',
  unable_to_authenticate_totp: 'wrong',
  unable_to_authenticate_recovery_code: 'wrong',
  totp_code_already_authenticated: 'replayed',
  user_lock_limit_reached: 'locked',
}

const judges: Record<string, 'totp' | 'recovery_code'> = {
  'totps.authenticate': 'totp',
  'b2b.totps.authenticate': 'totp',
  'totps.recover': 'recovery_code',
  'b2b.recoveryCodes.recover': 'recovery_code',
}

/** Figures of one server, with those of its process (CPU, memory, event loop, garbage collection). */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Counter({
    name: 'kit_totp_requests_total',
    help: 'Answered requests, by endpoint, HTTP status and error type.',
    labelNames: ['endpoint', 'status', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'kit_totp_request_duration_seconds',
    help: 'Time from a request being read to its answer being ready.',
    labelNames: ['endpoint'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  })
  const judged = new Counter({
    name: 'kit_totp_verdicts_total',
    help: 'Judged codes, by factor and verdict: accepted, wrong, replayed, or locked (refused unjudged).',
    labelNames: ['factor', 'verdict'],
    registers,
  })

  return {
    observe({ endpoint, status, outcome, seconds }) {
      requests.inc({ endpoint, status, outcome })
      durations.observe({ endpoint }, seconds)
      const factor = judges[endpoint]
      const verdict = verdicts[outcome]
      if (factor !== undefined && verdict !== undefined) judged.inc({ factor, verdict })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
