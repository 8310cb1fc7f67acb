import { expect, test } from 'vitest'
import { decodeBase32 } from './base32.js'
import { guessFormat, type ImportFormat, type ImportLine, readImport } from './import-lines.js'

const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const defaults = {
  secret: decodeBase32(secret),
  algorithm: 'SHA1',
  digits: 6,
  periodSeconds: 30,
  recoveryCodes: [],
}

const read = (format: ImportFormat, text: string): ImportLine[] => [...readImport(text, format)]
const problems = (format: ImportFormat, text: string) =>
  read(format, text).map((line) => ('problem' in line ? `${line.line}: ${line.problem}` : line.line))

test('JSON lines: users and members, with or without what has a default', () => {
  const text = [
    JSON.stringify({ user_id: 'ann', secret: 'gezd gnbv gy3t qojq gezd gnbv gy3t qojq' }),
    '',
    JSON.stringify({
      organization_id: 'acme',
      member_id: 'bob|1',
      secret,
      algorithm: 'sha-512',
      digits: 8,
      period: 60,
      recovery_codes: ['abcd-efgh-jkmn', '22o0-e6e9-plwt'],
    }),
  ].join('\r\n')
  expect(read('jsonl', text)).toEqual([
    { line: 1, entry: { subject: { kind: 'user', userId: 'ann' }, ...defaults } },
    {
      line: 3,
      entry: {
        subject: { kind: 'member', organizationId: 'acme', memberId: 'bob|1' },
        secret: decodeBase32(secret),
        algorithm: 'SHA512',
        digits: 8,
        periodSeconds: 60,
        recoveryCodes: ['abcd-efgh-jkmn', '22o0-e6e9-plwt'],
      },
    },
  ])
})

test('CSV: the first line names the columns, quoted cells may hold commas and quotes', () => {
  const text = `\ufeffuser_id,secret,"digits",recovery_codes\r\nann,"${secret}",8,"aaaa-bbbb-cccc; dddd-eeee-ffff"\r\nbob,${secret},,\r\n`
  expect(read('csv', text)).toEqual([
    {
      line: 2,
      entry: {
        subject: { kind: 'user', userId: 'ann' },
        ...defaults,
        digits: 8,
        recoveryCodes: ['aaaa-bbbb-cccc', 'dddd-eeee-ffff'],
      },
    },
    { line: 3, entry: { subject: { kind: 'user', userId: 'bob' }, ...defaults } },
  ])
})

test('otpauth URIs: the person stands in front, or is the account of the label', () => {
  const text = [
    `otpauth://totp/Acme%20Inc:ann?secret=${secret}&issuer=Acme%20Inc`,
    `otpauth://totp/bob?secret=${secret}&algorithm=SHA256&digits=8&period=60`,
    `user-7 otpauth://totp/Acme:cy%40example.com?secret=${secret}`,
    `acme/dan otpauth://totp/Acme:dan%40example.com?secret=${secret}`,
  ].join('\n')
  const entries = read('otpauth', text).map((line) => ('entry' in line ? line.entry : line.problem))
  expect(entries).toEqual([
    { subject: { kind: 'user', userId: 'ann' }, ...defaults },
    {
      subject: { kind: 'user', userId: 'bob' },
      ...defaults,
      algorithm: 'SHA256',
      digits: 8,
      periodSeconds: 60,
    },
    { subject: { kind: 'user', userId: 'user-7' }, ...defaults },
    { subject: { kind: 'member', organizationId: 'acme', memberId: 'dan' }, ...defaults },
  ])
})

const ann = { user_id: 'ann', secret }
test.each<[object, RegExp]>([
  [{ user_id: 'ann' }, /^1: secret is missing$/],
  [{ ...ann, secret: 'not base32!' }, /^1: secret is not base32$/],
  [
    { ...ann, secret: 'GEZDGNBVGY3TQOJQGEZDGNBV' },
    /^1: secret has 15 bytes, and RFC 4226 section 4 asks for 16/,
  ],
  [{ ...ann, secret: 'A'.repeat(210) }, /^1: secret has more than 128 bytes$/],
  [{ ...ann, algorithm: 'MD5' }, /^1: algorithm is none of SHA1, SHA256, SHA512$/],
  [{ ...ann, digits: 5 }, /^1: digits is not between 6 and 8$/],
  [{ ...ann, digits: '6.5' }, /^1: digits is not a whole number$/],
  [{ ...ann, period: 0 }, /^1: period is not between 10 and 300$/],
  [{ ...ann, recovery_codes: ['short'] }, /^1: recovery_codes has a code that is not made of/],
  [{ ...ann, recovery_codes: ['aaaa-bbbb', 'AAAA BBBB'] }, /^1: recovery_codes names a code twice$/],
  [{ ...ann, recovery_codes: 7 }, /^1: recovery_codes is no list$/],
  [{ ...ann, user_id: 'ann@example.com' }, /^1: user_id is no id/],
  [{ ...ann, user_id: '../x' }, /^1: user_id is no id/],
  [{ ...ann, member_id: 'm' }, /^1: must name a person/],
  [{ secret, organization_id: 'o' }, /^1: must name a person/],
  [{ secret }, /^1: must name a person/],
  [{ ...ann, recovery_code: 'x' }, /^1: has a field that is none of user_id, organization_id/],
])('%j is refused with its reason', (value, expected) => {
  const [problem] = problems('jsonl', JSON.stringify(value))
  expect(problem).toMatch(expected)
})

test.each<[ImportFormat, string, string]>([
  ['jsonl', '{"user_id":', '1: is not JSON'],
  ['jsonl', '[]', '1: is no JSON object'],
  ['csv', 'ann,GEZDGNBVGY3TQOJQ', '1: must name the columns'],
  ['csv', `user_id,secret,recovery_codes,recovery_codes\nann,${secret},a,b`, '1: names a column twice'],
  ['csv', `user_id,secret\nann,${secret},x`, '2: has 3 cells under 2 columns'],
  ['csv', `user_id,secret\nann,"${secret}`, '2: has a quote that is out of place'],
  ['otpauth', 'otpauth:', '1: is no otpauth URI'],
  ['otpauth', `otpauth://hotp/ann?secret=${secret}&counter=1`, '1: is not of the kind otpauth://totp/'],
  ['otpauth', `otpauth://totp/ann?secret=${secret}&secret=AAAA`, '1: has a parameter twice'],
  ['otpauth', `otpauth://totp/%E0?secret=${secret}`, '1: has a label that is not percent-encoded'],
  ['otpauth', `a/b/c otpauth://totp/ann?secret=${secret}`, '1: must begin with a user id'],
])('%s: %j is refused with its line', (format, text, expected) => {
  expect(problems(format, text)[0]).toContain(expected)
})

test('a person who comes twice is refused the second time', () => {
  const text = ['ann', 'bob', 'ann'].map((user_id) => JSON.stringify({ user_id, secret })).join('\n')
  expect(problems('jsonl', text)).toEqual([1, 2, '3: names the same person as line 1'])
})

test('T85: no refusal repeats what the line says', () => {
  const sentinel = 'SENTINEL'
  const lines: [ImportFormat, string][] = [
    ['jsonl', `{"user_id":"ann","secret":"${sentinel}!"}`],
    ['jsonl', `{"${sentinel}":1,"user_id":"ann","secret":"${secret}"}`],
    ['jsonl', `{"user_id":"ann ${sentinel}","secret":"${secret}"}`],
    ['jsonl', sentinel],
    ['jsonl', `{"user_id":"ann","secret":"${secret}","recovery_codes":["${sentinel}_"]}`],
    ['csv', `${sentinel},secret`],
    ['otpauth', `otpauth://totp/${sentinel}?secret=!`],
  ]
  for (const [format, text] of lines) {
    const [problem] = problems(format, text)
    expect(problem).toMatch(/^1: /)
    expect(problem).not.toContain(sentinel)
  }
})

test.each<[string, ImportFormat]>([
  ['\n{"user_id":"ann"}', 'jsonl'],
  ['user_id,secret\nann,x', 'csv'],
  ['otpauth://totp/a?secret=x', 'otpauth'],
  ['acme/ann otpauth://totp/a?secret=x', 'otpauth'],
])('the format of %j is guessed', (text, format) => {
  expect(guessFormat(text)).toBe(format)
})
