import { expect, it } from 'vitest'
import { isOwnPath } from './require-mfa.js'

const origin = 'https://app.example.com'

it.each([
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/%09/evil.example',
  '/%0d%0aSet-Cookie:x=1',
  '/%5cevil.example',
  '/%5C%5Cevil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/a/../../..//evil.example',
  '/\n/evil.example',
  '/\r\n/evil.example',
  '/\u0000/evil.example',
  ' /vault',
  '/ vault',
  '\t/vault',
  'https:evil.example',
  'https:/evil.example',
  'https://evil.example',
  'https://app.example.com.evil.example/',
  'https://app.example.com/vault',
  'https://app.example.com@evil.example/',
  'http://app.example.com/vault',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'mailto:x',
  'evil.example',
  'vault',
  './vault',
  '../vault',
  '?next=/vault',
  '#vault',
  '',
  '@evil.example',
  ':80',
  '/\u3000/evil.example',
  '/\u00a0',
  '/\u2028/evil.example',
])('T82: %j does not stay here', (value) => {
  expect(isOwnPath(value, origin)).toBe(false)
})

it.each(['/', '/mfa', '/mfa?from=email', '/a/b/c#top', '/vault/%20x', '/ümlaut', '/a@b:c'])(
  'T82: %j stays here',
  (value) => {
    expect(isOwnPath(value, origin)).toBe(true)
  },
)
