import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as index from './index.js'
import * as limits from './limits.js'
import * as wire from './wire.js'

describe('the exports', () => {
  it('of the package are these', () => {
    expect(Object.keys(index).sort()).toEqual(['TotpClientError', 'createTotpClient'])
  })

  it('of ./wire are these', () => {
    expect(Object.keys(wire).sort()).toMatchInlineSnapshot(`
      [
        "AuthenticationFactor",
        "Jwk",
        "Member",
        "MemberSession",
        "Organization",
        "Session",
        "User",
        "UserTotp",
        "WireError",
        "customClaims",
        "encodeLabel",
        "endpoints",
        "expirationMinutes",
        "idPattern",
        "labelText",
        "sessionDurationMinutes",
        "wireErrors",
      ]
    `)
  })

  it('of ./limits are those of ./wire', () => {
    expect(wire).toMatchObject({ ...limits })
  })

  it('resolve, every one that package.json names', async () => {
    const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    for (const subpath of Object.keys(exports)) {
      const name = subpath.replace('.', '@kit/totp-client')
      expect(import.meta.resolve(name), name).toBeTruthy()
    }
    expect(await import('@kit/totp-client')).toBe(index)
    expect(await import('@kit/totp-client/wire')).toBe(wire)
    expect(await import('@kit/totp-client/limits')).toBe(limits)
  })
})
