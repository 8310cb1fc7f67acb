import { Writable } from 'node:stream'
import { TotpClientError } from '@kit/totp-client'
import pino from 'pino'
import { expect, it } from 'vitest'
import { BffError } from './errors.js'
import { createLog } from './log.js'

const planted = 'planted-7f3a91'

/** What a real logger writes, at its most talkative. */
function setUp() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, log: createLog(pino({ level: 'trace', base: null }, stream)) }
}

it('T85: nothing that rides on an event, an error or its causes gets into the log', () => {
  const { lines, log } = setUp()
  const event = {
    type: 'challenge_passed',
    id: 'e1',
    code: 'invalid_code',
    secret: planted,
    sessionToken: planted,
    subject: { kind: 'user', userId: 'user-1', accountName: planted, sessionToken: planted },
  }
  log.event(event)
  const deepest = Object.assign(new Error(planted), { request: { data: planted }, code: 'ECONNRESET' })
  const error = new BffError('internal', { cause: new TypeError(planted, { cause: deepest }) })
  log.failure({ what: 'authenticate', requestId: 'r1', error: Object.assign(error, { body: planted }) })
  log.failure({ what: 'identify', error: new Error(`bad\n    at ${planted}\n    at ${planted}:1:1`) })
  log.failure({ what: 'identify', error: planted })
  log.failure({ what: 'identify', error: { message: planted } })
  log.request({ requestId: 'r1', operation: 'recover', status: 500, code: 'internal', durationMs: 1.23456 })
  log.tokenRefused('ERR_JWT_EXPIRED exp')
  expect(lines).toHaveLength(7)
  expect(lines.join('')).not.toContain(planted)
  expect(lines.join('')).toContain('ECONNRESET')
  expect(JSON.parse(String(lines[0])).subject).toEqual({ kind: 'user', userId: 'user-1' })
})

it('says what is needed to find a fault: kind, code, where, and the name that the provider knows it by', () => {
  const { lines, log } = setUp()
  const cause = new TotpClientError('timeout', {
    endpoint: 'totps.authenticate',
    reason: 'deadline',
    requestId: 'request-id-1',
  })
  log.failure({ what: 'authenticate', error: new BffError('upstream_timeout', { cause }), requestId: 'r1' })
  expect(JSON.parse(String(lines[0]))).toMatchObject({
    what: 'authenticate',
    requestId: 'r1',
    error: {
      name: 'BffError',
      code: 'upstream_timeout',
      at: expect.arrayContaining([expect.stringContaining('log.test.ts')]),
      cause: { name: 'TotpClientError', code: 'timeout', upstreamRequestId: 'request-id-1' },
    },
  })
})

it('T86: control characters stay within one line, and long text is cut', () => {
  const { lines, log } = setUp()
  const forged = `x\n{"level":60,"msg":"forged"}\r\n${'y'.repeat(10_000)}`
  log.event({ type: 'removed', requestId: forged, subject: { kind: 'user', userId: forged } })
  expect(lines).toHaveLength(1)
  expect(String(lines[0]).trimEnd().split('\n')).toHaveLength(1)
  expect(String(lines[0]).length).toBeLessThan(1_000)
})

it('F47: a logger that throws stops nobody', () => {
  const fail = () => {
    throw new Error('full')
  }
  const log = createLog({ debug: fail, info: fail, warn: fail, error: fail })
  expect(() => log.warn('anything')).not.toThrow()
  expect(() => log.event({ type: 'removed' })).not.toThrow()
})
