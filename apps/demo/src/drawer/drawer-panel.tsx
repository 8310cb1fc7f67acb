import { useQuery } from '@tanstack/react-query'
import { api, type Exchange } from '../api.js'

/** What went over the two wires, as the server saw it. Secrets were hidden before they left the server. */
export default function DrawerPanel() {
  const tape = useQuery({ queryKey: ['what-happened'], queryFn: api.whatHappened, refetchInterval: 2000 })
  const exchanges = tape.data?.exchanges ?? []
  return (
    <div className="drawer" data-demo="drawer">
      <p className="hint">
        Browser to BFF, and below it what the BFF asked the provider. Dots stand for what never leaves the
        server, or what only this request may know.
      </p>
      {tape.error ? <p className="empty">Sign in to see your own requests.</p> : null}
      {tape.data && exchanges.length === 0 ? <p className="empty">Nothing yet.</p> : null}
      <ol className="exchanges">
        {[...exchanges].reverse().map((exchange) => (
          <li key={exchange.id}>
            <Line exchange={exchange} hop="browser → BFF" />
            {exchange.upstream.map((call) => (
              <Line key={call.id} exchange={call} hop="BFF → provider" />
            ))}
          </li>
        ))}
      </ol>
    </div>
  )
}

function Line({ exchange, hop }: { exchange: Exchange; hop: string }) {
  const { method, path, status, tookMs } = exchange
  return (
    <details className={hop === 'browser → BFF' ? 'hop' : 'hop hop-up'}>
      <summary>
        <span className="hop-name">{hop}</span>
        <code>
          {method} {path}
        </code>
        <span className="hop-status" data-ok={status < 400}>
          {status} · {tookMs} ms
        </span>
      </summary>
      <pre>
        {show(`${method} ${path}`, exchange.requestHeaders, exchange.request)}
        {'\n\n'}
        {show(String(status), exchange.responseHeaders, exchange.response)}
      </pre>
    </details>
  )
}

const show = (start: string, headers: Record<string, string>, body: unknown) =>
  [
    start,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value.replaceAll('\n', `\n${name}: `)}`),
    ...(body === null ? [] : ['', JSON.stringify(body, null, 2)]),
  ].join('\n')
