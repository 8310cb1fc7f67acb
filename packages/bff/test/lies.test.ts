import { routes } from '@kit/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createFakeProvider,
  type FakeProvider,
  json,
  organizationBody,
  refusal,
  rightCode,
  type Seen,
} from './fake-provider.js'
import { type Browser, type Host, member, openBrowser, startHost, user } from './host.js'

let provider: FakeProvider
let host: Host
beforeEach(async () => {
  provider = createFakeProvider()
  host = await startHost(provider.fetch)
})
afterEach(() => host.close())

const authenticate = (browser: Browser) => browser.send('POST', '/mfa/totp/authenticate', { code: rightCode })
/** A browser in the middle of a registration, just before the first code. */
const waiting = async (subject = user()) => {
  const browser = openBrowser(host, subject)
  await browser.status()
  await browser.send('POST', '/mfa/totp', {})
  return browser
}
const isJudged = ({ path }: Seen) => /totps?\/authenticate$/.test(path)

/** Lets the provider tell the truth about everything but the next verdict. */
const lieAboutVerdict = (tell: (truth: Record<string, unknown>) => Response) => {
  provider.lie = (seen, truth) =>
    isJudged(seen) ? truth().then(async (answer) => tell(JSON.parse(await answer.text()))) : undefined
}

const html = new Response('<h1>200 OK</h1>', { headers: { 'content-type': 'text/html' } })
const isTruthful = (body: object) => json(body)

describe.each([
  ['a user', user()],
  ['a member', member()],
])('%s is let in by no answer that cannot be trusted', (_who, subject) => {
  it.each<[string, (truth: Record<string, unknown>) => Response]>([
    [
      'F7: half a body',
      (truth) =>
        new Response(JSON.stringify(truth).slice(0, 40), { headers: { 'content-type': 'application/json' } }),
    ],
    ['F8: a page', () => html.clone()],
    ['F8: null', () => new Response('null', { headers: { 'content-type': 'application/json' } })],
    ['F8: a list', () => new Response('[]', { headers: { 'content-type': 'application/json' } })],
    ['F8: nothing', () => new Response('', { headers: { 'content-type': 'application/json' } })],
    ['F8: an empty object', () => json({})],
    [
      'F8: a session of another type',
      (truth) => isTruthful({ ...truth, session: 'yes', member_session: 'yes' }),
    ],
    ['no session', (truth) => isTruthful({ ...truth, session: null, member_session: null })],
    ['no token', (truth) => isTruthful({ ...truth, session_token: '' })],
    ['F9: a body without end', (truth) => isTruthful({ ...truth, more: 'x'.repeat(300_000) })],
    [
      'F11: a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
    ],
    ['F13: a body that contradicts its status', (truth) => json({ ...truth, status_code: 401 })],
    ['F13: a refusal with the body of a success', (truth) => json({ ...truth, status_code: 200 }, 401)],
    [
      'T76: a session that no factor has raised',
      (truth) => isTruthful(replaceIn(truth, 'authentication_factors', [])),
    ],
    [
      'a session raised by another factor',
      (truth) => isTruthful(replaceIn(truth, 'authenticator_app_factor', { totp_id: 'totp-of-another' })),
    ],
    ['T64, F14: another user', (truth) => isTruthful(replaceIn(truth, 'user_id', 'user-2'))],
    ['T64, F14: another member', (truth) => isTruthful(replaceIn(truth, 'member_id', 'member-2'))],
    [
      'T64, F14: a session of another user',
      (truth) => isTruthful({ ...truth, session: { ...(truth['session'] as object), user_id: 'user-2' } }),
    ],
    [
      'T64, F14: a session of another member',
      (truth) =>
        isTruthful({
          ...truth,
          member_session: { ...(truth['member_session'] as object), member_id: 'member-2' },
        }),
    ],
    ['T64, F14: another organization', (truth) => isTruthful(replaceIn(truth, 'organization_id', 'org-2'))],
    [
      'T64: a member of another organization',
      (truth) =>
        isTruthful({ ...truth, member: { ...(truth['member'] as object), organization_id: 'org-2' } }),
    ],
  ])('%s', async (name, tell) => {
    const isAbout = /user/.test(name) ? 'user' : /member|organization/.test(name) ? 'member' : subject.kind
    if (isAbout !== subject.kind) return
    const browser = await waiting(subject)
    lieAboutVerdict(tell)
    const answer = await authenticate(browser)
    expect(answer.body).toMatchObject({ code: 'bad_upstream', status: 502 })
    expect(answer.setCookies).toEqual([])
    provider.lie = undefined
    expect((await browser.send('GET', '/vault')).status).toBe(403)
    const foreign = host.events.filter(({ type }) => type === 'foreign_answer')
    expect(foreign.length).toBe(/^T64/.test(name) ? 1 : 0)
  })
})

/** The same body with every field of that name set to the value, however deep. */
function replaceIn(body: unknown, name: string, value: unknown): Record<string, unknown> {
  const text = JSON.stringify(body, (key, old) => (key === name ? value : old))
  return JSON.parse(text)
}

describe('every other answer', () => {
  it.each(['create', 'recoveryCodes', 'rotate', 'remove'] as const)(
    'T64: about somebody else is thrown away by %s',
    async (operation) => {
      for (const subject of [user(), member()]) {
        const browser = await waiting(subject)
        if (operation !== 'create') await authenticate(browser)
        provider.lie = (seen, truth) =>
          /authenticate$|capabilities/.test(seen.path)
            ? undefined
            : truth().then(async (answer) => {
                const other = subject.kind === 'user' ? 'user_id' : 'member_id'
                return json(replaceIn(await answer.json(), other, 'somebody-else'), answer.status)
              })
        const { method, path } = routes[operation]
        const answer = await browser.send(
          method,
          `/mfa${path}`,
          operation === 'create' ? { restart: true } : {},
        )
        expect(answer.body.code).toBe('bad_upstream')
        expect(answer.setCookies).toEqual([])
        provider.lie = undefined
      }
    },
  )

  it.each([
    ['create', user(), { user_id: 'user-2' }],
    ['remove', user(), { user_id: 'user-2' }],
    ['create', member(), { member_id: 'member-2' }],
    ['authenticate', member(), { member_id: 'member-2' }],
    ['authenticate', member(), { organization_id: 'org-2' }],
    ['recover', member(), { member_id: 'member-2' }],
    ['recoveryCodes', member(), { member_id: 'member-2' }],
    ['rotate', member(), { member_id: 'member-2' }],
    ['remove', member(), { member_id: 'member-2' }],
  ] as const)(
    'T64: to %s, with an id beside that is another’s, is thrown away',
    async (operation, who, ids) => {
      const browser = await waiting(who)
      const { method, path } = routes[operation]
      if (!/create|authenticate/.test(operation)) await authenticate(browser)
      const [recoveryCode] = provider.person(who.kind === 'user' ? who.userId : who.memberId).codes
      const body = { create: { restart: true }, authenticate: { code: rightCode }, recover: { recoveryCode } }
      provider.lie = (seen, truth) =>
        /capabilities|^\/v1\/users\/user|\/member$|sessions/.test(seen.path)
          ? undefined
          : truth().then(async (answer) => json({ ...(await answer.json()), ...ids }, answer.status))
      const answer = await browser.send(method, `/mfa${path}`, { ...body }[operation as 'create'] ?? {})
      expect(answer.body.code).toBe('bad_upstream')
      expect(answer.setCookies).toEqual([])
      expect(host.events.map(({ type }) => type)).toContain('foreign_answer')
    },
  )

  it('T64: about another organization than that of an unknown member lets nobody pass', async () => {
    provider.lie = ({ path }) => {
      if (path.endsWith('/member')) return refusal(404, 'member_not_found')
      return path === '/v1/b2b/organizations/org-1'
        ? json({ organization: organizationBody('org-2', 'OPTIONAL') })
        : undefined
    }
    const browser = openBrowser(host, member())
    expect((await browser.send('GET', '/vault-open')).body.code).toBe('bad_upstream')
  })

  it('T64, F14: of a session that is somebody else’s gives no MFA, and is no outage', async () => {
    const clock = { now: Date.now() }
    await host.close()
    host = await startHost(provider.fetch, 'router', { now: () => clock.now })
    const browser = await waiting()
    await authenticate(browser)
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    clock.now += 301_000
    provider.lie = (seen, truth) =>
      seen.path === '/v1/sessions/authenticate'
        ? truth().then(async (answer) => json(replaceIn(await answer.json(), 'user_id', 'user-2')))
        : undefined
    const told = () => host.events.filter(({ type }) => type === 'foreign_answer')
    const gate = await browser.send('GET', '/vault')
    expect(gate.body).toMatchObject({ code: 'bad_upstream', status: 502 })
    const subject = { kind: 'user', userId: 'user-1' }
    expect(told()).toMatchObject([{ subject, requestId: gate.body.requestId, address: '127.0.0.1' }])
    const answer = await browser.status()
    expect(answer.body).toMatchObject({ code: 'bad_upstream', status: 502 })
    expect(answer.setCookies).toEqual([])
    expect(told()).toHaveLength(2)
    expect((await browser.send('GET', '/who')).status).toBe(500)
    expect(told()).toHaveLength(3)
    expect(told()[2]).toMatchObject({ subject, requestId: expect.any(String), address: '127.0.0.1' })
  })

  it('T64, F14: of a session that is somebody else’s takes its MFA, however recent', async () => {
    const browser = await waiting()
    await authenticate(browser)
    expect((await browser.send('GET', '/vault')).status).toBe(200)
    provider.lie = (seen, truth) =>
      seen.path === '/v1/sessions/authenticate'
        ? truth().then(async (answer) => json(replaceIn(await answer.json(), 'user_id', 'user-2')))
        : undefined
    expect((await browser.send('DELETE', '/mfa/totp')).body.code).toBe('bad_upstream')
    expect((await browser.send('GET', '/vault')).body.code).toBe('bad_upstream')
    provider.lie = () => Promise.reject(new TypeError('fetch failed'))
    expect((await browser.send('GET', '/vault')).status).toBeGreaterThanOrEqual(502)
  })

  it('with a secret that no app takes starts nothing', async () => {
    const browser = openBrowser(host, user())
    await browser.status()
    provider.lie = (seen, truth) =>
      seen.path === '/v1/totps'
        ? truth().then(async (answer) => json({ ...(await answer.json()), secret: 'x&issuer=Evil' }))
        : undefined
    const answer = await browser.send('POST', '/mfa/totp', {})
    expect(answer.body.code).toBe('bad_upstream')
    expect(answer.setCookies).toEqual([])
  })

  it('T73: with a token that no cookie holds lets nobody in', async () => {
    const browser = await waiting()
    lieAboutVerdict((truth) => json({ ...truth, session_token: 'x'.repeat(4_000) }))
    const answer = await authenticate(browser)
    expect(answer.status).toBe(502)
    expect(answer.setCookies).toEqual([])
  })
})

describe('T62: nothing that the provider adds gets past', () => {
  const extra = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`leak_${i}`, `SENTINEL-extra-${i}`]))

  it.each([
    ['a user', user()],
    ['a member', member()],
  ])('for %s', async (_who, subject) => {
    provider.lie = (_seen, truth) =>
      truth().then(async (answer) => json({ ...(await answer.json()), ...extra }, answer.status))
    const browser = openBrowser(host, subject)
    const bodies = [
      await browser.status(),
      await browser.send('POST', '/mfa/totp', {}),
      await authenticate(browser),
      await browser.send('POST', '/mfa/totp/recovery-codes'),
      await browser.send('POST', '/mfa/totp/recovery-codes/rotate'),
      await browser.send('DELETE', '/mfa/totp'),
    ]
    const schemas = [
      routes.status.responses[200],
      routes.create.responses[201],
      routes.authenticate.responses[200],
      routes.recoveryCodes.responses[200],
      routes.rotate.responses[200],
      routes.remove.responses[200],
    ]
    for (const [index, answer] of bodies.entries()) {
      expect(answer.text).not.toContain('leak_')
      expect(schemas[index]?.parse(answer.body)).toEqual(answer.body)
    }
  })
})
