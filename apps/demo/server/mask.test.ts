import { expect, test } from 'vitest'
import { mask, maskHeaders } from './mask.js'

test('every text is hidden unless its field is known to tell nothing', () => {
  const body = {
    status_code: 200,
    user_id: 'user-test-1',
    secret: 'GEZDGNBVGY3TQOJQ',
    session_token: 'abc',
    recovery_codes: ['aaaa-bbbb', 'cccc-dddd'],
    somethingNew: 'planted',
    user: { emails: [{ email: 'ada@example.com', verified: true }] },
  }
  const seen = JSON.stringify(mask(body))
  for (const hidden of ['GEZDGNBVGY3TQOJQ', 'abc', 'aaaa', 'cccc', 'planted'])
    expect(seen).not.toContain(hidden)
  expect(mask(body)).toMatchObject({
    status_code: 200,
    user_id: 'user-test-1',
    recovery_codes: ['•••• 9 characters', '•••• 9 characters'],
    user: { emails: [{ email: 'ada@example.com', verified: true }] },
  })
})

test('a code of digits is hidden, the name of a refusal is not', () => {
  expect(mask({ code: '123456' })).toEqual({ code: '•••• 6 characters' })
  expect(mask({ code: 'invalid_code' })).toEqual({ code: 'invalid_code' })
})

test('headers show how a request is protected and not with what', () => {
  expect(
    maskHeaders({
      cookie: 'demo=token1; kit=token2',
      'set-cookie': ['kit=token3; Path=/; HttpOnly; SameSite=Strict'],
      authorization: 'Basic cHJvamVjdDpzZWNyZXQ=',
      'x-csrf': 'token4',
      origin: 'http://localhost:4000',
      'user-agent': 'left out',
    }),
  ).toEqual({
    cookie: 'demo=•••• 6 characters; kit=•••• 6 characters',
    'set-cookie': 'kit=•••• 6 characters; Path=/; HttpOnly; SameSite=Strict',
    authorization: 'Basic •••• 20 characters',
    'x-csrf': '•••• 6 characters',
    origin: 'http://localhost:4000',
  })
})
