import { type ErrorCode, errors } from '@kit/contract/errors'
import { expect, it } from 'vitest'
import { error as sentences } from './messages/en.js'
import { type MfaErrorCode, maySpend, sentenceOf } from './mfa-error.js'

const codes = [...(Object.keys(errors) as ErrorCode[]), 'network', 'timeout', 'aborted'] as MfaErrorCode[]

it('knows the codes after which what was sent may be spent as the contract does', () => {
  const said = codes.filter((code) => code in errors && errors[code as ErrorCode].retry === 'new-code')
  const refused = said.filter((code) => errors[code as ErrorCode].status === 422)
  expect(codes.filter(maySpend).sort()).toEqual(
    [...said.filter((code) => !refused.includes(code)), 'timeout'].sort(),
  )
})

it.each([
  [true, ['bad_upstream', 'network', 'upstream_unavailable']],
  [
    false,
    ['bad_upstream', 'network', 'outcome_unknown', 'timeout', 'upstream_timeout', 'upstream_unavailable'],
  ],
])('says that the service cannot be reached; with a field for the next code: %s', (asked, expected) => {
  const said = codes.filter((code) => sentenceOf(code, sentences, asked) === sentences.upstream_unavailable)
  expect(said.sort()).toEqual(expected)
})
