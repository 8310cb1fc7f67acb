import { expect, test } from 'vitest'
import { createSweep } from './secrecy.js'

// What looks for secrets in all other proofs must find them where they are.
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const bytes = Buffer.from('12345678901234567890')
const recoveryCode = 'abcd-efgh-jkmn-pqrs'

test.each<[string, string | Buffer]>([
  ['as it is', `secret=${secret}&`],
  ['in lower case', secret.toLowerCase()],
  ['its bytes', Buffer.concat([Buffer.alloc(5, 255), bytes])],
  ['its bytes in hex', bytes.toString('hex')],
  ['its bytes in base64', `"${bytes.toString('base64')}"`],
  ['its text in base64, behind something', Buffer.from(`x${secret}`).toString('base64')],
  ['its text in base64url, behind more', Buffer.from(`{"${secret}"}`).toString('base64url')],
  ['a recovery code', `code ${recoveryCode}.`],
  ['a recovery code without dashes', recoveryCode.replaceAll('-', '')],
  ['a recovery code in hex', Buffer.from(recoveryCode).toString('hex')],
  ['a token in a URL', `/?token=${encodeURIComponent('a/b+c=d')}`],
  ['a code', '{"code":"081804"}'],
  ['a code at the end of a sentence', '{"msg":"Wrong code 081804."}'],
  ['a code at the end of a line', 'Wrong code 081804\n'],
  ['a code behind a dash', 'code-081804'],
  ['a code behind an underscore', 'name_081804 '],
  ['a code in a list', '4,081804,5'],
  ['a code among the labels of metrics', 'kit_total{code="081804"} 1\n'],
])('T85: the sweep finds %s', (_, content) => {
  const sweep = createSweep()
  sweep.plant(secret, recoveryCode, 'a/b+c=d', '081804')
  sweep.look('here', content)
  expect(() => sweep.end()).toThrow()
})

test('T85: the sweep takes no id, duration or count for a code', () => {
  const sweep = createSweep()
  sweep.plant('081804', '123456')
  sweep.look(
    'here',
    'id-a081804-1 0.123456 1081804 x081804 {"ms":12.081804}\nkit_total{status="200"} 123456\nprocess_bytes 123456\n',
  )
  expect(sweep.end()).toContain('2 planted values')
})
