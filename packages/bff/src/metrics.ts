type Instruments = ReturnType<typeof createInstruments>

export interface Metrics {
  /** Counts something, as `count(({ limited }) => limited.inc({ operation }))`. */
  count(run: (instruments: Instruments) => void): void
  /** For `GET /metrics`, in the text format of Prometheus. */
  text(): Promise<string>
}

/** Loads prom-client, which takes 50 ms, with the first thing that is counted: a program listens before. */
export function createMetrics(): Metrics {
  let instruments: Instruments | undefined
  let loading: Promise<Instruments> | undefined
  const load = () => {
    loading ??= import('prom-client').then((prometheus) => {
      instruments = createInstruments(prometheus)
      return instruments
    })
    return loading
  }
  return {
    count(run) {
      if (instruments) run(instruments)
      else void load().then(run)
    },
    text: async () => (await load()).registry.metrics(),
  }
}

/** What is counted, in a registry of its own. No label has a value that a request can choose. */
function createInstruments({ Counter, Gauge, Histogram, Registry }: typeof import('prom-client')) {
  const registry = new Registry()
  const registers = [registry]
  return {
    registry,
    requests: new Counter({
      name: 'kit_bff_requests_total',
      help: 'Answered requests, by operation and status.',
      labelNames: ['operation', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'kit_bff_request_seconds',
      help: 'Time from request to answer, in seconds.',
      labelNames: ['operation'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    verdicts: new Counter({
      name: 'kit_bff_verdicts_total',
      help: 'Judged codes, by method (totp, recovery_code) and verdict (passed, failed, locked).',
      labelNames: ['method', 'verdict'],
      registers,
    }),
    upstreamSeconds: new Histogram({
      name: 'kit_bff_upstream_seconds',
      help: 'Time of a call to the provider, in seconds, by endpoint and outcome.',
      labelNames: ['endpoint', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8],
      registers,
    }),
    upstreamClockSkew: new Gauge({
      name: 'kit_bff_upstream_clock_skew_seconds',
      help: "How far the provider's clock is ahead, at the last accepted code, to a second.",
      registers,
    }),
    breakerOpen: new Gauge({
      name: 'kit_bff_breaker_open',
      help: '1 while calls to the provider are refused here, 0.5 while one is tried.',
      registers,
    }),
    limited: new Counter({
      name: 'kit_bff_rate_limited_total',
      help: 'Requests refused by a limit, by operation.',
      labelNames: ['operation'],
      registers,
    }),
    limiterDegraded: new Gauge({
      name: 'kit_bff_limiter_degraded',
      help: '1 while the shared counts are out of reach and this process counts alone.',
      registers,
    }),
    events: new Counter({
      name: 'kit_bff_events_total',
      help: 'Events, by type.',
      labelNames: ['type'],
      registers,
    }),
    eventHookFailures: new Counter({
      name: 'kit_bff_event_hook_failures_total',
      help: 'Times that onEvent threw, took too long, or was not called since too many waited.',
      registers,
    }),
  }
}
