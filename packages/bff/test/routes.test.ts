import { commonErrors, errors, ProblemBody, type Route, routes } from '@kit/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeProvider, type FakeProvider, refusal, rightCode } from './fake-provider.js'
import { type Answer, type Browser, type Host, member, mounts, openBrowser, startHost, user } from './host.js'

/** Bodies that satisfy each schema, so that a refusal is about what the test changed. */
const valid: Partial<Record<keyof typeof routes, object>> = {
  authenticate: { code: '000000' },
  recover: { recoveryCode: 'abcd-efgh-jkmn-pqrs' },
}

const table = Object.entries(routes).map(([operation, route]: [string, Route]) => ({
  operation,
  route,
  path: `/mfa${route.path}`,
  body: route.request ? (valid[operation as keyof typeof routes] ?? {}) : undefined,
}))
const changing = table.filter(({ route }) => route.method !== 'GET')
const identified = table.filter(({ route }) => route.identity)
const titled = (rows: typeof table) => rows.map((row) => [`${row.route.method} ${row.path}`, row] as const)

const isRefusal = (answer: Answer, code: keyof typeof errors) => {
  expect(answer.body).toMatchObject({ code, status: errors[code].status })
  expect(answer.status).toBe(errors[code].status)
  expect(answer.setCookies).toEqual([])
}

/** What holds for every answer whatsoever. */
const isSafe = (answer: Answer) => {
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
  expect(answer.headers['referrer-policy']).toBe('no-referrer')
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'; frame-ancestors 'none'")
  expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
  expect(answer.headers).not.toHaveProperty('x-powered-by')
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  expect(answer.headers).not.toHaveProperty('etag')
  if (answer.status >= 400) {
    expect(answer.headers['content-type']).toBe('application/problem+json')
    if (answer.text !== '') ProblemBody.parse(answer.body)
  }
}

describe.each(mounts)('mounted as %s', (mount) => {
  let provider: FakeProvider
  let host: Host
  let browser: Browser
  beforeAll(async () => {
    provider = createFakeProvider()
    host = await startHost(provider.fetch, mount)
    browser = openBrowser(host, user())
    await browser.status()
  })
  afterAll(() => host.close())

  /** Sends, and proves that the provider was not asked. */
  const untouched = async (send: Promise<Answer>): Promise<Answer> => {
    const before = provider.seen.length
    const answer = await send
    expect(provider.seen.slice(before)).toEqual([])
    isSafe(answer)
    return answer
  }

  describe('T94: methods and paths', () => {
    const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS']
    it.each([...new Set(table.map(({ path }) => path))])('%s takes its own methods alone', async (path) => {
      const own = table.filter((row) => row.path === path).map(({ route }) => route.method as string)
      for (const method of methods.filter((one) => !own.includes(one))) {
        const answer = await untouched(browser.send(method, path))
        expect(answer.status).toBe(405)
        expect(answer.headers['allow']).toBe(own.join(', '))
        if (method !== 'HEAD') isRefusal(answer, 'method_not_allowed')
      }
    })

    it.each(titled(table))(
      'T77: %s is found under no other spelling',
      async (_title, { route, path, body }) => {
        const spellings = [
          `${path}/`,
          `${path}.css`,
          `${path}/x.css`,
          `/mfa${route.path.toUpperCase()}`,
          `/mfa/.${route.path}`,
          `/mfa/${route.path}`,
          `/mfa/%2e${route.path}`,
          `/mfa${route.path.slice(0, -1)}%${route.path.charCodeAt(route.path.length - 1).toString(16)}`,
          `${path};a=b`,
        ]
        for (const spelling of spellings)
          isRefusal(await untouched(browser.send(route.method, spelling, body)), 'not_found')
      },
    )

    it('T65: takes no word of a header for the method', async () => {
      const answer = await browser.send('GET', '/mfa/totp', undefined, { 'x-http-method-override': 'DELETE' })
      isRefusal(answer, 'method_not_allowed')
    })

    it.each(titled(table))('T67: %s lets no other origin read its answer', async (_title, row) => {
      const { route, path, body } = row
      for (const foreign of ['https://evil.example', 'null', 'https://app.example.com.evil.example']) {
        const asked = { origin: foreign, 'access-control-request-method': route.method }
        for (const method of [route.method, 'OPTIONS']) {
          const answer = await browser.send(method, path, body, { ...asked, 'sec-fetch-site': 'cross-site' })
          isSafe(answer)
          const names = Object.keys(answer.headers)
          expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
        }
      }
    })

    it('leaves the mount path and everything beside it to the host', async () => {
      for (const path of ['/mfa', '/mfa/', '/mfastatus', '/status', '/mfa?x=1']) {
        const answer = await browser.send('GET', path)
        expect(answer.status).toBe(404)
        expect(answer.text).toContain('Cannot GET')
      }
    })
  })

  describe('who may ask', () => {
    it.each(titled(identified))('%s answers nobody', async (_title, { route, path, body }) => {
      const stranger = openBrowser(host, null)
      isRefusal(await untouched(stranger.send(route.method, path, body)), 'unauthenticated')
    })

    it.each(titled(changing))(
      'T65, T66: %s wants to be asked by its own page',
      async (_title, { route, path, body }) => {
        const foreign: Record<string, string | null>[] = [
          { 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'same-site' },
          { 'sec-fetch-site': 'none' },
          { 'sec-fetch-site': '' },
          { 'sec-fetch-site': 'cross-site', origin: 'https://app.example.com' },
          { 'sec-fetch-site': null },
          { 'sec-fetch-site': null, origin: 'null' },
          { 'sec-fetch-site': null, origin: 'https://evil.example' },
          { 'sec-fetch-site': null, origin: 'http://app.example.com' },
          { 'sec-fetch-site': null, origin: 'https://app.example.com.evil.example' },
          { 'sec-fetch-site': null, origin: 'https://app.example.com:8443' },
          {
            'sec-fetch-site': null,
            host: 'evil.example',
            origin: 'https://evil.example',
            'x-forwarded-host': 'evil.example',
          },
        ]
        for (const headers of foreign) {
          isRefusal(await untouched(browser.send(route.method, path, body, headers)), 'csrf_rejected')
        }
      },
    )

    it.each(titled(changing))(
      'T65: %s wants the token of this subject',
      async (_title, { route, path, body }) => {
        const other = openBrowser(host, user('user-2'))
        await other.status()
        const fresh = openBrowser(host, user('user-1', { sessionId: 'another sign-in' }))
        await fresh.status()
        for (const token of [
          null,
          '',
          'x',
          other.csrf,
          fresh.csrf,
          browser.csrf.slice(0, -1),
          `${browser.csrf}A`,
        ]) {
          isRefusal(
            await untouched(browser.send(route.method, path, body, { 'x-csrf': token })),
            'csrf_rejected',
          )
        }
      },
    )

    it.each(titled(changing.filter(({ route }) => route.path !== '/sign-out')))(
      '%s lets a page of its own origin pass, by either header',
      async (_title, { route, path, body }) => {
        const byOrigin = { 'sec-fetch-site': null, origin: 'https://app.example.com' }
        for (const headers of [{}, byOrigin]) {
          const answer = await browser.send(route.method, path, body, headers)
          isSafe(answer)
          expect(answer.body.code ?? 'ok').not.toMatch(
            /csrf_rejected|unauthenticated|invalid_request|internal/,
          )
        }
      },
    )

    it.each(titled(identified))(
      'T63: %s takes no word of a header for the subject',
      async (_title, { route, path }) => {
        const stranger = openBrowser(host, null)
        const headers = {
          'x-user-id': 'user-1',
          authorization: 'Bearer user-1',
          'x-forwarded-user': 'user-1',
        }
        const answer = await untouched(stranger.send(route.method, path, undefined, headers))
        isRefusal(answer, 'unauthenticated')
      },
    )
  })

  describe('T91, T92: bodies', () => {
    it.each(titled(changing))('%s takes JSON in UTF-8 alone', async (_title, { route, path, body }) => {
      const text = JSON.stringify(body)
      const types: Record<string, string>[] = [
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/x-www-form-urlencoded' },
        { 'content-type': 'multipart/form-data; boundary=x' },
        { 'content-type': 'application/json; charset=utf-7' },
        { 'content-type': 'application/json; charset=utf-16' },
        { 'content-type': 'application/jsonp' },
        { 'content-type': 'application/json, text/plain' },
        { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        { 'content-type': 'application/json', 'content-encoding': 'br' },
      ]
      for (const headers of types) {
        isRefusal(await untouched(browser.send(route.method, path, text, headers)), 'unsupported_media_type')
      }
      isRefusal(
        await untouched(browser.send(route.method, path, text, { 'content-type': null })),
        'unsupported_media_type',
      )
    })

    it.each(titled(changing))('%s takes small bodies alone', async (_title, { route, path }) => {
      const large = JSON.stringify({ code: '1'.repeat(5_000) })
      isRefusal(await untouched(browser.send(route.method, path, large)), 'body_too_large')
      // Before anybody is asked who they are.
      isRefusal(await untouched(openBrowser(host, null).send(route.method, path, large)), 'body_too_large')
    })

    const corpus: [string, string | Buffer][] = [
      ['nothing but a quote', '""'],
      ['a string', '"123456"'],
      ['a number', '123456'],
      ['null', 'null'],
      ['a list', '[1]'],
      ['a deep list', `${'['.repeat(2_000)}${']'.repeat(2_000)}`],
      ['a deep object', `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`],
      ['half an object', '{"code":"123456"'],
      ['two objects', '{}{}'],
      ['one name twice', '{"code":"123456","code":"654321"}'],
      ['one name in two spellings', '{"code":"123456","c\\u006fde":"654321"}'],
      ['a byte order mark', '\ufeff{"code":"123456"}'],
      ['UTF-16', Buffer.from('{"code":"123456"}', 'utf16le')],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
      ['a prototype', '{"__proto__":{"polluted":true}}'],
      ['a constructor', '{"constructor":{"prototype":{"polluted":true}}}'],
      ['a comment', '{/*x*/}'],
      ['NaN', '{"code":NaN}'],
      ['a NUL', '{"code":"123456"}\0'],
    ]
    it.each(titled(changing))(
      '%s refuses what is no object of its schema',
      async (_title, { route, path }) => {
        for (const [name, body] of corpus) {
          const answer = await untouched(
            browser.send(route.method, path, body, { 'content-type': 'application/json' }),
          )
          expect(answer.body.code, name).toBe('invalid_request')
        }
        expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
      },
    )

    const alien = [
      'user_id',
      'userId',
      'user_id[]',
      'organization_id',
      'organizationId',
      'member_id',
      'memberId',
      'external_id',
      'session_token',
      'sessionToken',
      'session_jwt',
      'intermediate_session_token',
      'secret',
      'totp_code',
      'totp_id',
      'session_duration_minutes',
      'sessionDurationMinutes',
      'session_custom_claims',
      'set_mfa_enrollment',
      'expiration_minutes',
      'digits',
      'period',
      'algorithm',
      'skew',
      'time',
      'mfa',
      'verified',
      '__proto__',
      'constructor',
      'toString',
    ]
    it.each(titled(changing))(
      'T9, T63, T90: %s refuses a field that it does not know',
      async (_title, row) => {
        for (const name of alien) {
          const body = JSON.stringify(row.body).replace(
            /\}$/,
            `${row.body && Object.keys(row.body).length > 0 ? ',' : ''}${JSON.stringify(name)}:"user-2"}`,
          )
          const answer = await untouched(
            browser.send(row.route.method, row.path, body, { 'content-type': 'application/json' }),
          )
          expect(answer.body.code, name).toBe('invalid_request')
        }
      },
    )

    it.each(titled(identified))(
      'T63: %s takes nothing from the query',
      async (_title, { route, path, body }) => {
        for (const query of ['user_id=user-2', 'x', 'code=123456', '__proto__[user_id]=user-2']) {
          isRefusal(await untouched(browser.send(route.method, `${path}?${query}`, body)), 'invalid_request')
        }
      },
    )

    it('T63: reads no body that comes with a GET', async () => {
      const answer = await untouched(browser.send('GET', '/mfa/status', { user_id: 'user-2' }))
      isRefusal(answer, 'invalid_request')
    })

    it('T60: refuses two cookies of one name', async () => {
      const cookie = '__Host-Http-kit=a; __Host-Http-kit=b'
      isRefusal(await untouched(browser.send('GET', '/mfa/status', undefined, { cookie })), 'invalid_request')
      isRefusal(await untouched(browser.send('POST', '/mfa/totp', {}, { cookie })), 'invalid_request')
    })

    it('T12, T13: takes 6 to 8 ASCII digits as a code, and nothing else', async () => {
      const codes: unknown[] = [
        '',
        '12345',
        '123456789',
        ' 123456',
        '123456 ',
        '123456\n',
        '12 3456',
        '123-456',
        '１２３４５６',
        '١٢٣٤٥٦',
        '123456\u200b',
        '\u202e123456',
        '+12345',
        '-12345',
        '1e5',
        '0x1E240',
        'Ⅻ34567',
        123456,
        123456.5,
        true,
        null,
        [],
        ['123456'],
        {},
        { toString: '123456' },
        { $ne: '' },
        '\ud800',
        '12345\0',
      ]
      for (const code of codes) {
        const answer = await untouched(browser.send('POST', '/mfa/totp/authenticate', { code }))
        expect(answer.body.code, JSON.stringify(code)).toBe('invalid_request')
      }
      for (const code of ['000000', '0818040', '00000000']) {
        expect((await browser.send('POST', '/mfa/totp/authenticate', { code })).status, code).not.toBe(400)
      }
    })

    it('a body may be left out where no field is required, and only there', async () => {
      for (const { route, path } of changing.filter(({ operation }) => operation !== 'signOut')) {
        const answer = await browser.send(route.method, path, undefined)
        const required = !route.request?.safeParse({}).success
        expect(answer.body.code === 'invalid_request', path).toBe(required)
      }
    })
  })

  describe('the order of the checks', () => {
    /** All wrong at once; each step puts one thing right and shows the next refusal. */
    it('404, 405, same origin, type, size, identity, CSRF, schema', async () => {
      const nobody = openBrowser(host, null)
      const large = 'x'.repeat(5_000)
      const wrong = { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain', 'x-csrf': 'x' }
      isRefusal(await nobody.send('PUT', '/mfa/nothing', large, wrong), 'not_found')
      isRefusal(await nobody.send('PUT', '/mfa/totp/authenticate', large, wrong), 'method_not_allowed')
      const path = '/mfa/totp/authenticate'
      isRefusal(await nobody.send('POST', path, large, wrong), 'csrf_rejected')
      const own = { ...wrong, 'sec-fetch-site': 'same-origin' }
      isRefusal(await nobody.send('POST', path, large, own), 'unsupported_media_type')
      const typed = { ...own, 'content-type': 'application/json' }
      isRefusal(await nobody.send('POST', path, large, typed), 'body_too_large')
      isRefusal(await nobody.send('POST', path, 'x', typed), 'unauthenticated')
      const somebody = openBrowser(host, user('user-9'))
      isRefusal(await somebody.send('POST', path, 'x', typed), 'csrf_rejected')
      await somebody.status()
      isRefusal(
        await somebody.send('POST', path, 'x'.repeat(10), { 'content-type': 'application/json' }),
        'invalid_request',
      )
      isRefusal(await somebody.send('POST', path, { code: '000000' }), 'not_enrolled')
    })
  })

  it('every code that a route answered is one that the contract names for it', async () => {
    for (const { operation, route } of table) {
      const named: readonly string[] = [...commonErrors, ...route.errors]
      const answered = host.logged
        .map((line): [string, { operation?: string; code?: string }] => JSON.parse(line))
        .filter(([message, line]) => message === 'request' && line.operation === operation && line.code)
        .map(([, line]) => String(line.code))
      expect(answered.filter((code) => !named.includes(code))).toEqual([])
    }
  })

  it('a refusal keeps the connection, unless a body is still on its way', async () => {
    const connection = async (...request: Parameters<Browser['send']>) =>
      (await browser.send(...request)).headers['connection']
    expect(await connection('GET', '/mfa/nothing')).toBe('keep-alive')
    expect(await connection('PUT', '/mfa/status')).toBe('keep-alive')
    expect(await connection('POST', '/mfa/sign-out', undefined, { 'x-csrf': 'x' })).toBe('keep-alive')
    expect(await connection('POST', '/mfa/nothing', 'x'.repeat(100_000))).toBe('close')
  })

  it.each([
    ['create', '/v1/b2b/totp', 'operation_restricted_by_organization_mfa_methods', 'not_supported'],
    [
      'authenticate',
      '/v1/b2b/totp/authenticate',
      'operation_restricted_by_organization_mfa_methods',
      'not_supported',
    ],
    [
      'recover',
      '/v1/b2b/recovery_codes/recover',
      'action_available_only_for_active_members',
      'not_supported',
    ],
  ] as const)('%s names what it answers to %s: %s', async (operation, path, errorType, code) => {
    const grace = openBrowser(host, member(`${operation}-${code}`))
    await grace.status()
    if (operation !== 'create') await grace.send('POST', '/mfa/totp', {})
    if (operation === 'recover') await grace.send('POST', '/mfa/totp/authenticate', { code: rightCode })
    provider.lie = (seen) => (seen.path === path ? refusal(400, errorType) : undefined)
    const { route, body } = table.find((row) => row.operation === operation) ?? {}
    const answer = await grace.send('POST', `/mfa${route?.path}`, body)
    provider.lie = undefined
    isRefusal(answer, code)
    expect(route?.errors).toContain(code)
  })

  it.each(['status', 'cancel'] as const)(
    '%s names what it answers where the project is of the other product',
    async (operation) => {
      const browser = openBrowser(host, user(`other-product-${operation}`))
      await browser.status()
      provider.lie = () => refusal(400, 'invalid_consumer_endpoint')
      const { method, path, errors: named } = routes[operation]
      const answer = await browser.send(method, `/mfa${path}`)
      provider.lie = undefined
      isRefusal(answer, 'not_supported')
      expect(named).toContain('not_supported')
    },
  )

  it('the OpenAPI document needs no identity and tells of this mount', async () => {
    const answer = await openBrowser(host, null).send('GET', '/mfa/openapi.json')
    isSafe(answer)
    expect(answer.body.servers).toEqual([{ url: '/mfa' }])
  })
})

describe('behind a body parser of the host', () => {
  let host: Host
  let browser: Browser
  beforeAll(async () => {
    host = await startHost(createFakeProvider().fetch, 'router', { parser: true })
    browser = openBrowser(host, user())
    await browser.status()
  })
  afterAll(() => host.close())

  it('a body goes through the same checks', async () => {
    expect((await browser.send('POST', '/mfa/totp', {})).status).toBe(201)
    expect((await browser.send('POST', '/mfa/totp')).status).toBe(200)
    isRefusal(await browser.send('POST', '/mfa/totp', { user_id: 'user-2' }), 'invalid_request')
    isRefusal(
      await browser.send('POST', '/mfa/totp', '[1]', { 'content-type': 'application/json' }),
      'invalid_request',
    )
    isRefusal(await browser.send('POST', '/mfa/totp', { restart: 'x'.repeat(5_000) }), 'body_too_large')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    isRefusal(await browser.send('POST', '/mfa/totp', 'restart=true', form), 'unsupported_media_type')
  })
})
