import { expect, expectTypeOf, it } from 'vitest'
import * as contract from './index.js'
import { errors, type MfaStatus, ProblemBody, type RequestOf, type ResponseOf, routes } from './index.js'

it('exports these names and no others', () => {
  expect(Object.keys(contract).sort()).toMatchInlineSnapshot(`
    [
      "MfaStatus",
      "PendingTotp",
      "ProblemBody",
      "RecoveryCodeList",
      "commonErrors",
      "errors",
      "guardErrors",
      "isErrorCode",
      "routes",
      "upstreamErrors",
    ]
  `)
})

it('types a request and an answer by the name of the operation', () => {
  expectTypeOf<RequestOf<'authenticate'>>().toEqualTypeOf<{
    code: string
    setDefault?: boolean | undefined
    telemetryId?: string | undefined
  }>()
  expectTypeOf<RequestOf<'status'>>().toEqualTypeOf<undefined>()
  expectTypeOf<ResponseOf<'authenticate'>>().toEqualTypeOf<MfaStatus>()
  expectTypeOf<ResponseOf<'signOut'>>().toEqualTypeOf<undefined>()
})

it('gives every pair of method and path to one operation', () => {
  const pairs = Object.values(routes).map((route) => `${route.method} ${route.path}`)
  expect(new Set(pairs).size).toBe(pairs.length)
})

it('lets every route answer only codes of the table, each at most once', () => {
  for (const route of Object.values(routes)) {
    expect(new Set<string>(route.errors).size).toBe(route.errors.length)
    for (const code of route.errors) expect(errors).toHaveProperty(code)
  }
})

const accepted = ['000000', '081804', '12345678']
const refused = [
  '',
  '12345',
  '123456789',
  ' 123456',
  '123456\n',
  '12 3456',
  '123-456',
  '１２３４５６',
  '١٢٣٤٥٦',
  '123456\u200b',
  '+12345',
  '1e5',
  '0x1E240',
  'Ⅻ34567',
  123456,
  true,
  null,
  [],
  ['123456'],
  {},
  '\0' + '12345',
  '\ud800' + '12345',
]

it('T13: takes 6 to 8 ASCII digits as a code', () => {
  for (const code of accepted) expect(routes.authenticate.request.safeParse({ code }).success).toBe(true)
})

it('T12, T13: refuses everything else as a code', () => {
  for (const code of refused)
    expect(routes.authenticate.request.safeParse({ code }).success, String(code)).toBe(false)
})

it('T63, T90: refuses every field that it does not know', () => {
  const alien = [
    'user_id',
    'userId',
    'organization_id',
    'member_id',
    'session_token',
    'secret',
    'session_duration_minutes',
    '__proto__x',
  ]
  for (const route of Object.values(routes)) {
    if (!route.request) continue
    for (const field of alien) {
      const body = { code: '123456', recoveryCode: 'abcd', [field]: 'x' }
      expect(route.request.safeParse(body).success, `${route.path} ${field}`).toBe(false)
    }
  }
})

it('describes its own problem bodies', () => {
  const body = {
    type: 'urn:kit:error:locked',
    title: errors.locked.title,
    status: 429,
    code: 'locked',
    requestId: 'r',
    retryAfterSeconds: 30,
  }
  expect(ProblemBody.parse(body)).toEqual(body)
})
