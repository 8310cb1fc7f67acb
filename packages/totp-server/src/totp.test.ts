import fc from 'fast-check'
import { HOTP, Secret } from 'otpauth'
import { expect, test } from 'vitest'
import { countHmacs } from '../test/hmacs.js'
import { matchTotpStep, type TotpAlgorithm, totpCode, totpStep } from './totp.js'

const digitsOf = '1234567890'
const seeds = {
  SHA1: Buffer.from(digitsOf.repeat(2)),
  SHA256: Buffer.from(digitsOf.repeat(4).slice(0, 32)),
  SHA512: Buffer.from(digitsOf.repeat(7).slice(0, 64)),
}
const algorithms: TotpAlgorithm[] = ['SHA1', 'SHA256', 'SHA512']

// RFC 6238 appendix B.
const rfc6238 = [
  { seconds: 59, step: 0x1, SHA1: '94287082', SHA256: '46119246', SHA512: '90693936' },
  { seconds: 1111111109, step: 0x23523ec, SHA1: '07081804', SHA256: '68084774', SHA512: '25091201' },
  { seconds: 1111111111, step: 0x23523ed, SHA1: '14050471', SHA256: '67062674', SHA512: '99943326' },
  { seconds: 1234567890, step: 0x273ef07, SHA1: '89005924', SHA256: '91819424', SHA512: '93441116' },
  { seconds: 2000000000, step: 0x3f940aa, SHA1: '69279037', SHA256: '90698825', SHA512: '38618901' },
  { seconds: 20000000000, step: 0x27bc86aa, SHA1: '65353130', SHA256: '77737706', SHA512: '47863826' },
]

// What comes out when the 20-byte seed of SHA-1 is used for the longer hashes too.
const wrongSeed = {
  SHA256: ['32247374', '34756375', '74584430', '42829826', '78428693', '24142410'],
  SHA512: ['69342147', '63049338', '54380122', '76671578', '56464532', '69481994'],
}

test.each(rfc6238)('T1: the RFC 6238 codes at $seconds s', ({ seconds, step, ...codes }) => {
  expect(totpStep(seconds * 1000, 30)).toBe(step)
  for (const algorithm of algorithms) {
    const parameters = { secret: seeds[algorithm], step, algorithm }
    expect(totpCode({ ...parameters, digits: 8 })).toBe(codes[algorithm])
    expect(totpCode({ ...parameters, digits: 6 })).toBe(codes[algorithm].slice(2))
  }
})

test('T1: the RFC 4226 codes of counters 0 to 9', () => {
  const codes = Array.from({ length: 10 }, (_, step) =>
    totpCode({ secret: seeds.SHA1, step, algorithm: 'SHA1', digits: 6 }),
  )
  expect(codes).toEqual('755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' '))
})

test('T1: no code comes from the SHA-1 seed used with a longer hash', () => {
  for (const algorithm of ['SHA256', 'SHA512'] as const) {
    for (const [row, { step }] of rfc6238.entries()) {
      const wrong = wrongSeed[algorithm][row]
      expect(totpCode({ secret: seeds.SHA1, step, algorithm, digits: 8 })).toBe(wrong)
      expect(totpCode({ secret: seeds[algorithm], step, algorithm, digits: 8 })).not.toBe(wrong)
    }
  }
})

test('T1: any key, step, hash and length gives the code of another implementation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 10, maxLength: 64 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.constantFrom(...algorithms),
      fc.constantFrom(6, 7, 8),
      (secret, step, algorithm, digits) => {
        const other = HOTP.generate({
          secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
          counter: step,
          algorithm,
          digits,
        })
        expect(totpCode({ secret, step, algorithm, digits })).toBe(other)
      },
    ),
    { numRuns: 500 },
  )
})

test('T2: a step lasts exactly its period, long after 2038', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 34 }),
      fc.constantFrom(15, 30, 60),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (step, periodSeconds, part) => {
        const start = step * periodSeconds * 1000
        expect(totpStep(start, periodSeconds)).toBe(step)
        expect(totpStep(start + Math.floor(part * periodSeconds * 1000), periodSeconds)).toBe(step)
        expect(totpStep(start + periodSeconds * 1000, periodSeconds)).toBe(step + 1)
      },
    ),
  )
})

const factor = { secret: seeds.SHA1, algorithm: 'SHA1', digits: 6, periodSeconds: 30 } as const
const codeAt = (step: number) => totpCode({ ...factor, step })
const nowMs = 1111111109_000
const step = totpStep(nowMs, 30)

test('T8: a code counts one step early and one step late and no more', () => {
  for (let offset = -90; offset <= 90; offset++) {
    const moment = nowMs + offset * 1000
    const distance = totpStep(moment, 30) - step
    const expected = Math.abs(distance) <= 1 ? step : null
    expect(matchTotpStep({ ...factor, code: codeAt(step), nowMs: moment })).toBe(expected)
  }
})

test('T14: the very first step of time is a match, not a falsy nothing', () => {
  expect(matchTotpStep({ ...factor, code: codeAt(0), nowMs: 0 })).toBe(0)
  expect(matchTotpStep({ ...factor, code: '000000', nowMs: 0 })).toBeNull()
})

test('a code of 8 digits belongs to a factor of 8 digits only', () => {
  const eight = { ...factor, digits: 8 }
  expect(matchTotpStep({ ...eight, code: '07081804', nowMs })).toBe(step)
  expect(matchTotpStep({ ...eight, code: '081804', nowMs })).toBeNull()
  expect(matchTotpStep({ ...factor, code: '07081804', nowMs })).toBeNull()
})

test('T13: a leading zero is part of the code', () => {
  expect(matchTotpStep({ ...factor, code: '081804', nowMs })).toBe(step)
  expect(matchTotpStep({ ...factor, code: '81804', nowMs })).toBeNull()
})

const respellings = [
  '',
  '12345',
  '1234567',
  ' 123456',
  '123456 ',
  '123456\n',
  '12 3456',
  '123-456',
  '１２３４５６',
]
  .concat([
    '١٢٣٤٥٦',
    '123456\u200b',
    '\u202e123456',
    '+12345',
    '-12345',
    '1e5',
    '0x1E240',
    'Ⅻ34567',
    '\ud800',
    '\0',
  ])
  .concat(['081804\n', ' 081804', '081804\u200b', '０８１８０４', '+81804', '81804.', '081804\0', '08180４'])

test.each(respellings)('T13: %j is no code', (code) => {
  expect(matchTotpStep({ ...factor, code, nowMs })).toBeNull()
})

test('T12: nothing but a string is a code', () => {
  const notStrings = [
    81804,
    81804.0,
    Number.POSITIVE_INFINITY,
    true,
    null,
    undefined,
    [],
    ['081804'],
    {},
    { toString: () => '081804' },
  ]
  // A method's parameter may be wider in its type: the way to call with what the compiler would refuse.
  const loose: { match(input: object): unknown } = { match: matchTotpStep }
  for (const code of notStrings) expect(loose.match({ ...factor, code, nowMs })).toBeNull()
})

test('the greater of two steps that share a code is the one to spend', () => {
  // The first two neighbours of the RFC's SHA-1 seed with equal codes, found by search.
  const [earlier, later] = [910737, 910738]
  expect(codeAt(earlier)).toBe(codeAt(later))
  expect(matchTotpStep({ ...factor, code: codeAt(earlier), nowMs: earlier * 30_000 })).toBe(later)
})

test('T15: three HMACs are made whether and wherever a code matches', async () => {
  for (const code of [codeAt(step - 1), codeAt(step), codeAt(step + 1), '000000']) {
    expect(await countHmacs(() => matchTotpStep({ ...factor, code, nowMs }))).toBe(3)
  }
})

test('T16: no code is accepted for being simple', () => {
  for (const code of ['000000', '123456', '111111', '999999']) {
    expect(matchTotpStep({ ...factor, code, nowMs })).toBeNull()
  }
})
