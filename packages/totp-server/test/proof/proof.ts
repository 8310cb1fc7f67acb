import { appendFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { type Body, basic, projectId, secret } from '../world.js'

/** `PROOF=long`: as long as it takes to believe it. Otherwise a few seconds, in every run of the tests. */
export const isLong = process.env.PROOF === 'long'

/** One size for the short form, one for the long. */
export const size = <T>(short: T, long: T): T => (isLong ? long : short)

const { PROOF_MINUTES } = process.env
/** After how much time a test stops, with what it has measured by then: `PROOF_MINUTES`, else when it is done. */
export const limitMs = PROOF_MINUTES ? Number(PROOF_MINUTES) * 60_000 : 3_000_000

/**
 * Of every random choice: `PROOF_SEED`, else another one in each long run. The short form makes the same choices
 * each time, so that it fails for what was changed and nothing else.
 */
export const seed = Number(process.env.PROOF_SEED ?? size(21_537_026, Date.now()))

/** Starts a clock, and gives whether the time is over. */
export function startTimer(): () => boolean {
  const end = Date.now() + limitMs
  return () => Date.now() > end
}

/** How long a test may take, in milliseconds. */
export const proofTimeoutMs = size(120_000, 3_600_000)

/** Says what was counted; `pnpm proof` collects it into its table. */
export function report(promise: string, figures: string): void {
  console.log(`proof: ${promise}: ${figures}`)
  const file = process.env.PROOF_REPORT
  if (file) appendFileSync(file, `${JSON.stringify({ promise, figures })}\n`)
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Body
}

/** As many connections as anybody asks for, kept open: what a `fetch` costs would be most of the run. */
const agent = new Agent({ keepAlive: true, maxSockets: 512 })

/** A POST to a server in another process; null when it died, or the connection, before there was an answer. */
export function post(url: string, path: string, input: object, nowMs: number): Promise<Reply | null> {
  const text = JSON.stringify(input)
  return new Promise((resolve) => {
    const headers = {
      authorization: basic(projectId, secret),
      'x-test-now': String(nowMs),
      'content-length': Buffer.byteLength(text),
    }
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, async (response) => {
      try {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const body = JSON.parse(Buffer.concat(chunks).toString())
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      } catch {
        resolve(null)
      }
    })
    sent.on('error', () => resolve(null))
    sent.end(text)
  })
}
