import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { BffError } from './errors.js'

/** Largest body of any route: a few short strings. */
export const maxBodyBytes = 4096
/** How long a body may take to arrive; its server's own limit may be five minutes. */
const bodyTimeoutMs = 10_000

/**
 * Came the request from a page of this origin? `Sec-Fetch-Site` cannot be set by a page; browsers without it send
 * `Origin` with everything but GET. A sibling subdomain (`same-site`) is as foreign as anybody: T65, T66.
 *
 * @throws BffError csrf_rejected
 */
export function requireSameOrigin(headers: IncomingHttpHeaders, origin: string): void {
  const site = headers['sec-fetch-site']
  if (site === undefined ? headers.origin !== origin : site !== 'same-origin') {
    throw new BffError('csrf_rejected')
  }
}

const jsonType = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i

/** Whether a body comes along. */
export const hasBody = (headers: IncomingHttpHeaders) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * JSON in UTF-8, as it is. Forms can be sent across origins without a preflight, and a coding can unfold without
 * end: T91, T92. A request without a body needs no type.
 *
 * @throws BffError unsupported_media_type
 */
export function requireJson(headers: IncomingHttpHeaders): void {
  const type = headers['content-type']
  const coding = headers['content-encoding']
  const typed = type === undefined ? !hasBody(headers) : jsonType.test(type)
  if (!typed || (coding !== undefined && coding !== 'identity')) throw new BffError('unsupported_media_type')
}

/**
 * Reads a small body, whole. A body that a parser of the host has read before is taken from `req.body` and goes
 * through the same checks as any other.
 *
 * @throws BffError body_too_large, as soon as it is known; invalid_request when it does not arrive
 */
export function readBody(req: IncomingMessage & { body?: unknown }): Promise<Buffer> | Buffer {
  if (!hasBody(req.headers)) return Buffer.alloc(0)
  if (Number(req.headers['content-length']) > maxBodyBytes) throw new BffError('body_too_large')
  if (req.readableEnded) {
    const body = Buffer.from(req.body === undefined ? '' : JSON.stringify(req.body))
    if (body.length > maxBodyBytes) throw new BffError('body_too_large')
    return body
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (error?: BffError) => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('close', onClose)
      if (error) reject(error)
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > maxBodyBytes) settle(new BffError('body_too_large'))
    }
    const onEnd = () => settle()
    const onClose = () => settle(new BffError('invalid_request'))
    const timer = setTimeout(onClose, bodyTimeoutMs)
    req.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

/** A JSON string, quotes included. */
const strings = /"(?:[^"\\]|\\.)*"/g

/**
 * The object in a body; an absent body is `{}`. A name that stands twice is refused, since two readers may take
 * two values from it: T91. Every schema here is flat, so each name has its one colon.
 *
 * @throws BffError invalid_request
 */
export function parseBody(body: Buffer): object {
  if (body.length === 0) return {}
  if (!isUtf8(body)) throw new BffError('invalid_request')
  const text = body.toString('utf8')
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BffError('invalid_request')
  const names = text.replace(strings, '').split(':').length - 1
  if (names !== Object.keys(value).length) throw new BffError('invalid_request')
  return value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BffError('invalid_request')
  }
}
