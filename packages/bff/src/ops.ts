import type { RequestListener } from 'node:http'

/**
 * Health, readiness and metrics, for the operator alone. The process is ready as long as it takes requests: with the
 * provider down it still answers status and sign-out, so that is no reason to take it away.
 *
 * @param fault what is wrong with this process itself, in words; null where nothing is
 */
export function createOps(
  metrics: () => Promise<string>,
  isDraining: () => boolean,
  fault: () => Promise<string | null>,
): RequestListener {
  const readiness = async (): Promise<[number, object]> => {
    if (isDraining()) return [503, { status: 'draining' }]
    const reason = await fault()
    return reason === null ? [200, { status: 'ready' }] : [503, { status: 'not ready', reason }]
  }
  const answers: Record<string, () => Promise<[number, string, string]>> = {
    '/healthz': async () => [200, 'application/json', '{"status":"ok"}'],
    '/readyz': async () => {
      const [status, body] = await readiness()
      return [status, 'application/json', JSON.stringify(body)]
    },
    '/metrics': async () => [200, 'text/plain; version=0.0.4; charset=utf-8', await metrics()],
  }
  const missing = async (): Promise<[number, string, string]> => [404, 'text/plain', 'not found\n']

  return (req, res) => {
    const answer = answers[req.url ?? ''] ?? missing
    const write = ([status, type, body]: [number, string, string]) => {
      res.writeHead(status, {
        'Cache-Control': 'no-store',
        'Content-Type': type,
        'X-Content-Type-Options': 'nosniff',
      })
      res.end(body)
    }
    answer().then(write, () => write([500, 'text/plain', 'failed\n']))
  }
}
