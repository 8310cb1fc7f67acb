import { AsyncLocalStorage } from 'node:async_hooks'
import type { Request, RequestHandler, Response } from 'express'
import { mask, maskHeaders } from './mask.js'

/** One request and its answer, as this server saw it, secrets already hidden. */
export interface Exchange {
  id: number
  /** Milliseconds since 1970. */
  at: number
  method: string
  path: string
  status: number
  tookMs: number
  requestHeaders: Record<string, string>
  request: unknown
  responseHeaders: Record<string, string>
  response: unknown
  /** What the BFF asked the provider meanwhile. */
  upstream: Exchange[]
}

export interface Tape {
  /** Middleware between browser and server. */
  record: RequestHandler
  /** Wraps the way from server to provider. */
  watched: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch
  of(signInId: string): Exchange[]
}

const kept = 40
const keptPeople = 200
const maxBytes = 16_384

/**
 * Remembers the last requests of each sign-in for the "what just happened" drawer. For a demo only: a product
 * has no use for its own traffic in a browser.
 */
export function createTape(signInIdOf: (req: Request, res: Response) => string | undefined): Tape {
  const tapes = new Map<string, Exchange[]>()
  const current = new AsyncLocalStorage<Exchange[]>()
  let lastId = 0

  const keep = (signIn: string, exchange: Exchange) => {
    const tape = tapes.get(signIn) ?? []
    tapes.delete(signIn)
    tapes.set(signIn, [...tape, exchange].slice(-kept))
    const [oldest] = tapes.keys()
    if (tapes.size > keptPeople && oldest) tapes.delete(oldest)
  }

  const record: RequestHandler = (req, res, next) => {
    const startedAt = Date.now()
    const asked = listen(req)
    const answered = listenToAnswer(res)
    const upstream: Exchange[] = []
    res.on('finish', () => {
      const signIn = signInIdOf(req, res)
      if (!signIn) return
      keep(signIn, {
        id: ++lastId,
        at: startedAt,
        method: req.method,
        path: req.originalUrl.split('?')[0] ?? '',
        status: res.statusCode,
        tookMs: Date.now() - startedAt,
        requestHeaders: maskHeaders(req.headers),
        request: read(asked()),
        responseHeaders: maskHeaders(res.getHeaders() as Record<string, string | string[]>),
        response: read(answered()),
        upstream,
      })
    })
    current.run(upstream, next)
  }

  const watched: Tape['watched'] = (fetch) => async (input, init) => {
    const upstream = current.getStore()
    if (!upstream) return await fetch(input, init)
    const request = new Request(input, init)
    const sent = await request.clone().text()
    const at = Date.now()
    const response = await fetch(request)
    const { method, url, headers } = request
    upstream.push({
      id: ++lastId,
      at,
      method,
      path: new URL(url).pathname,
      status: response.status,
      tookMs: Date.now() - at,
      requestHeaders: maskHeaders(Object.fromEntries(headers)),
      request: read(sent),
      responseHeaders: {},
      response: read(await response.clone().text()),
      upstream: [],
    })
    return response
  }

  return {
    record,
    watched,
    of: (signIn) => tapes.get(signIn) ?? [],
  }
}

/** Collects a request's body while its reader reads it; a stream emits `data` for every kind of reader. */
function listen(req: Request): () => string {
  const chunks: Buffer[] = []
  const emit = req.emit.bind(req)
  req.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === 'data') collect(chunks, args[0])
    return emit(event, ...args)
  }
  return () => Buffer.concat(chunks).toString('utf8')
}

function listenToAnswer(res: Response): () => string {
  const chunks: Buffer[] = []
  const { write, end } = res
  res.write = ((...args: Parameters<typeof write>) => {
    collect(chunks, args[0])
    return write.apply(res, args)
  }) as typeof write
  res.end = ((...args: Parameters<typeof end>) => {
    collect(chunks, args[0])
    return end.apply(res, args)
  }) as typeof end
  return () => Buffer.concat(chunks).toString('utf8')
}

function collect(chunks: Buffer[], chunk: unknown) {
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return
  const size = chunks.reduce((sum, { length }) => sum + length, 0)
  if (size < maxBytes) chunks.push(Buffer.from(chunk as string))
}

/** A body that is no whole JSON may hold anything, so nothing of it is shown. */
function read(text: string): unknown {
  if (text === '') return null
  try {
    return mask(JSON.parse(text))
  } catch {
    return mask(text)
  }
}
