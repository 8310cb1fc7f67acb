import { endpoints } from '@kit/totp-client/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/index.js'
import { codeOf, createWorld, enrol, enrolMember } from '../world.js'
import { anyValue, bodyText, fieldNames, hostileTexts } from './corpus.js'
import { heldBytes } from './memory.js'
import { limitMs, proofTimeoutMs, report, seed, size } from './proof.js'
import { createSweep } from './secrecy.js'

const requests = size(1_200, 50_000)

test(
  'T12, T88, T90, T98: whatever is sent to whatever endpoint: no fault, nobody let in, nothing held on to',
  async () => {
    const sweep = createSweep()
    const log = (facts: object, message: string) => sweep.look('log', `${message} ${JSON.stringify(facts)}`)
    const logger = { info: log, warn: log, error: log }
    const world = createWorld(await openSqlite({ dataDir: ':memory:' }), { logger })
    const user = await enrol(world)
    const member = await enrolMember(world)
    for (const { secret, recovery_codes } of [user, member]) sweep.plant(secret, ...recovery_codes)
    // Known people, so that more than "not found" is reached.
    const known: Record<string, string> = {
      user_id: user.user_id,
      totp_id: 'totp-test-none',
      organization_id: member.organization_id,
      member_id: member.member_id,
    }
    const paths = Object.values(endpoints).map(({ method, path }) => ({ method, path }))
    const request = fc.record({
      endpoint: fc.constantFrom(...paths),
      method: fc.oneof(
        { weight: 8, arbitrary: fc.constant(undefined) },
        fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH'),
      ),
      isKnown: fc.boolean(),
      id: fc.constantFrom(...hostileTexts.filter((text) => text !== '\ud800')),
      fields: fc.array(fc.tuple(fc.constantFrom(...fieldNames), anyValue), { maxLength: 1 }),
      judged: anyValue,
      raw: fc.option(bodyText, { freq: 3, nil: undefined }),
    })
    const rightCodes = new Set(
      [-30, 0, 30].flatMap((seconds) =>
        [user.secret, member.secret].map((secret) => codeOf(secret, world.clock.nowMs + seconds * 1000)),
      ),
    )
    const statuses = new Map<number, number>()
    let heldAtFirst = 0
    let done = 0
    await fc.assert(
      fc.asyncProperty(request, async ({ endpoint, method, isKnown, id, fields, judged, raw }) => {
        if (++done === 500) heldAtFirst = heldBytes()
        const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(isKnown ? (known[name] ?? id) : id),
        )
        const used = method ?? endpoint.method
        const codes = { totp_code: judged, code: judged, recovery_code: judged }
        const body =
          raw ?? JSON.stringify({ ...Object.fromEntries(fields), ...(isKnown && { ...known, ...codes }) })
        if ([...rightCodes].some((code) => body.includes(code))) return
        const answer = await world.call(used, path, used === 'GET' ? undefined : body)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        expect(answer.status).toBeLessThan(500)
        // No code was right, so whatever judges one refuses.
        if (/authenticate$|recover$/.test(path)) expect(answer.status).not.toBe(200)
        if (done % 50 === 0) world.clock.nowMs += 3_600_000
      }),
      {
        numRuns: requests,
        seed,
        interruptAfterTimeLimit: limitMs,
        markInterruptAsFailure: false,
      },
    )
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    const growth = (heldBytes() - heldAtFirst) / (done - 500)
    // What was made is in the database; its pages are not in this heap.
    expect(growth).toBeLessThan(size(20_000, 500))
    await world.close()
    report('Secrecy', `server, fuzzed: ${sweep.end()}`)
    const told = [...statuses]
      .sort()
      .map(([status, times]) => `${status}: ${times}`)
      .join(', ')
    report(
      'Fail closed',
      `server: ${done} fuzzed requests to ${paths.length} endpoints, 0 unexpected 2xx, 0 5xx (${told}), ${Math.max(0, Math.round(growth))} B of heap a request (seed ${seed})`,
    )
  },
  proofTimeoutMs,
)
