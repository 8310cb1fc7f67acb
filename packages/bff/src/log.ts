import type { ErrorCode, Operation } from '@kit/contract'
import { TotpClientError } from '@kit/totp-client'
import { BffError } from './errors.js'

/** Where log lines go: pino, or anything with these four of its methods. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** One answered request; of the host's own routes, one that `requireMfa` refused. */
export interface RequestLine {
  requestId: string
  operation: Operation | 'requireMfa' | 'unknown'
  status: number
  code?: ErrorCode | undefined
  durationMs: number
}

/** Something that went wrong, and that nobody outside is told of. */
export interface FailureLine {
  /** Where, as `rotate` or `onEvent`. */
  what: string
  error: unknown
  requestId?: string | undefined
}

/** Fields of an event that may be logged, besides its subject's ids. */
const eventFields = [
  'id',
  'type',
  'requestId',
  'address',
  'method',
  'factorId',
  'code',
  'reason',
  'retryAfterSeconds',
  'recoveryCodesRemaining',
] as const
const subjectFields = ['kind', 'userId', 'organizationId', 'memberId'] as const

export interface Log {
  request(line: RequestLine): void
  event(event: object): void
  failure(line: FailureLine): void
  /** A sentence for whoever operates this. It must be fixed text. */
  warn(message: string): void
  /** Why a token of the host's identity provider is nobody's, in words that quote nothing of it. */
  tokenRefused(reason: string): void
}

/**
 * Redaction by construction: what is logged is picked field by field, and no message of an error that is not ours
 * is among it, since those quote what they were given. Nothing here ever sees a request's body or headers: T85.
 * A logger that throws is no reason to fail (F47).
 */
export function createLog(logger: Logger | undefined): Log {
  const write = (level: keyof Logger, fields: object, message: string) => {
    try {
      logger?.[level](fields, message)
    } catch {
      // Nowhere left to say it.
    }
  }

  return {
    request({ requestId, operation, status, code, durationMs }) {
      const line = {
        requestId,
        operation,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        ...(code && { code }),
      }
      write(status >= 500 ? 'warn' : 'debug', line, 'request')
    },
    event(event) {
      const subject: unknown = 'subject' in event ? event.subject : undefined
      const line = pick(event, eventFields)
      if (typeof subject === 'object' && subject !== null) line['subject'] = pick(subject, subjectFields)
      write('info', line, 'event')
    },
    failure({ what, error, requestId }) {
      write('error', { what, ...(requestId && { requestId }), error: describe(error) }, 'failure')
    },
    warn: (message) => write('warn', {}, message),
    tokenRefused: (reason) => write('debug', { reason: reason.slice(0, maxChars) }, 'token refused'),
  }
}

const maxChars = 256

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  const fields = from as Record<string, unknown>
  for (const name of names) {
    const value = fields[name]
    if (value !== undefined) picked[name] = typeof value === 'string' ? value.slice(0, maxChars) : value
  }
  return picked
}

/** An error by its kind, its code, and where it came from. The message only where our own classes wrote it. */
function describe(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const ours = error instanceof TotpClientError || error instanceof BffError
  const code = 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 64) : undefined
  const { message, stack = '' } = error
  // A stack begins with the message, whose lines may look like frames.
  const at = stack.indexOf(message)
  const frames = stack
    .slice(at < 0 ? 0 : at + message.length)
    .split('\n')
    .filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line))
  return {
    name: error.name.slice(0, 64),
    ...(code && { code }),
    ...(ours && { message: error.message.slice(0, maxChars) }),
    ...(error instanceof TotpClientError && error.requestId && { upstreamRequestId: error.requestId }),
    at: frames.slice(0, 8).map((line) => line.trim()),
    ...(error.cause !== undefined && depth < 3 && { cause: describe(error.cause, depth + 1) }),
  }
}
