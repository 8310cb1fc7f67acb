import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { describe, expect, it } from 'vitest'
import { bindingOf, createSessionCookie, type Session } from './session.js'
import type { Subject } from './subject.js'

const [current, previous, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const cookie = createSessionCookie([current, previous], true)
const ada: Subject = { kind: 'user', userId: 'ada', accountName: 'ada@example.com' }

const session: Session = {
  kind: 'user',
  binding: bindingOf(ada),
  provider: { sessionToken: 'mZAYn5aLEqKUlZ_Ad9U_fWr38GaAQ1oFAhT8ds245v7Q', expiresAtMs: 1_800_000_000_000 },
  mfa: { method: 'totp', atMs: 1_799_999_000_000, factorId: 'totp-test-1' },
  pending: {
    registrationId: 'totp-test-2',
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    recoveryCodes: Array.from({ length: 10 }, () => 'abcd-efgh-jkmn-pqrs'),
    expiresAtMs: 1_800_000_000_000,
  },
  consumedTokenHash: 'hash',
}

const tokenOf = (setCookie: string) => /^[^=]+=([^;]+)/.exec(setCookie)?.[1] ?? ''
const sent = (token: string, name = '__Host-Http-kit') => `theme=dark; ${name}=${token}; lang=en`
const sealed = tokenOf(cookie.seal(session))

describe('the sealed cookie', () => {
  it('opens to what was sealed', () => {
    expect(cookie.open(sent(sealed))).toEqual({ session, raw: sealed, repeated: false })
  })

  it('is a JWE that jose opens: RFC 7516, RFC 7518 sections 4.5 and 5.3', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, current)
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid: expect.any(String) })
    expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual(session)
  })

  it('opens what jose seals under the same header', async () => {
    const header = JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString())
    const token = await new CompactEncrypt(Buffer.from(JSON.stringify(session)))
      .setProtectedHeader(header)
      .encrypt(current)
    expect(cookie.open(sent(token)).session).toEqual(session)
  })

  it('never looks the same twice', () => {
    expect(tokenOf(cookie.seal(session))).not.toBe(sealed)
  })

  it('F43: opens what an older key of the ring has sealed', () => {
    const old = tokenOf(createSessionCookie([previous], true).seal(session))
    expect(cookie.open(sent(old)).session).toEqual(session)
  })

  it('T72: opens nothing that a retired key has sealed', () => {
    const retired = tokenOf(createSessionCookie([foreign], true).seal(session))
    expect(cookie.open(sent(retired)).session).toBeNull()
  })

  it('T74: counts as none where any of its bytes was changed', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.='
    const change = fc.record({
      at: fc.nat(sealed.length - 1),
      by: fc.constantFrom(...alphabet),
      how: fc.constantFrom('replace', 'insert', 'cut'),
    })
    fc.assert(
      fc.property(change, ({ at, by, how }) => {
        const tail = sealed.slice(how === 'insert' ? at : at + 1)
        const changed = how === 'cut' ? sealed.slice(0, at) : sealed.slice(0, at) + by + tail
        // The last letter of a part may carry bits that decode to nothing: the same bytes, so the same session.
        const same = changed.split('.').every((part, i) => {
          const original = sealed.split('.')[i] ?? ''
          return Buffer.from(part, 'base64url').equals(Buffer.from(original, 'base64url'))
        })
        const opened = cookie.open(sent(changed)).session
        if (same && changed.split('.').length === 5)
          return opened === null || opened.binding === session.binding
        return opened === null
      }),
      { numRuns: 10_000 },
    )
  })

  it('T74: counts as none whatever else is in its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(cookie.open(sent(text.replaceAll(';', ''))).session).toBeNull()
      }),
    )
    for (const text of ['', '.', '....', 'a.b.c.d.e', 'eyJhbGciOiJub25lIn0....']) {
      expect(cookie.open(sent(text)).session).toBeNull()
    }
  })

  it('T60: has every attribute that keeps it where it belongs', () => {
    expect(
      cookie
        .seal(session)
        .replace(sealed.slice(0, 0), '')
        .replace(/=[^;]+/, '=…'),
    ).toBe('__Host-Http-kit=…; Path=/; HttpOnly; SameSite=Strict; Secure')
    expect(cookie.cleared).toBe('__Host-Http-kit=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure')
    expect(createSessionCookie([current], false).cleared).toBe(
      'kit=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict',
    )
  })

  // Chromium keeps a cookie with a Domain under such a name, and sends it to every host of the site.
  it.each(['\u00a0', '\u0085', '\ufeff', '\v', '\f'])(
    'T60: is none where %j stands before its name',
    (sign) => {
      expect(cookie.open(`theme=dark; ${sign}__Host-Http-kit=${sealed}`).session).toBeNull()
      const both = cookie.open(`${sign}__Host-Http-kit=x; __Host-Http-kit=${sealed}`)
      expect(both).toEqual({ session, raw: sealed, repeated: false })
    },
  )

  it('opens with any spaces and tabs before its name, as HTTP allows', () => {
    expect(cookie.open(`theme=dark; \t __Host-Http-kit=${sealed}`).session).toEqual(session)
  })

  it('T60: tells when its name stands twice, and opens neither', () => {
    const twice = `${sent(sealed)}; __Host-Http-kit=${sealed}`
    expect(cookie.open(twice)).toEqual({ session: null, raw: '', repeated: true })
  })

  it('remembers what it opened, but nothing that holds a secret', () => {
    const pending = { registrationId: 'totp-1', secret: 'SECRET', recoveryCodes: [], expiresAtMs: 1 }
    const begun = cookie.seal({ ...session, pending }).split(';')[0]
    const done = cookie.seal({ ...session, pending: undefined }).split(';')[0]
    expect(cookie.open(done).session).toBe(cookie.open(done).session)
    expect(cookie.open(begun).session).toEqual(cookie.open(begun).session)
    expect(cookie.open(begun).session).not.toBe(cookie.open(begun).session)
  })

  it('takes no other cookie for its own', () => {
    expect(cookie.open(sent(sealed, 'x__Host-Http-kit')).session).toBeNull()
    expect(cookie.open(sent(sealed, 'kit')).session).toBeNull()
    expect(cookie.open(undefined).session).toBeNull()
  })

  it('T73: is small, and refuses to become larger than a browser keeps', () => {
    expect(cookie.seal(session).length).toBeLessThan(1_500)
    const large = { ...session, consumedTokenHash: 'x'.repeat(4_000) }
    expect(() => cookie.seal(large)).toThrow(expect.objectContaining({ code: 'bad_upstream' }))
  })
})

describe('the binding', () => {
  it('differs for each subject and each sign-in', () => {
    const subjects: Subject[] = [
      ada,
      { ...ada, sessionId: 's1' },
      { ...ada, sessionId: 's2' },
      { ...ada, userId: 'ada","s1' },
      { kind: 'member', organizationId: 'ada', memberId: 's1', accountName: '' },
      { kind: 'member', organizationId: 's1', memberId: 'ada', accountName: '' },
    ]
    expect(new Set(subjects.map(bindingOf)).size).toBe(subjects.length)
  })

  it('stays the same whatever the account is called', () => {
    expect(bindingOf({ ...ada, accountName: 'Ada' })).toBe(bindingOf(ada))
  })
})

describe('the CSRF token', () => {
  const token = cookie.csrfToken(bindingOf(ada))

  it('is accepted for its binding and no other', () => {
    expect(cookie.isCsrfToken(token, bindingOf(ada))).toBe(true)
    expect(cookie.isCsrfToken(token, bindingOf({ ...ada, sessionId: 's' }))).toBe(false)
  })

  it('F43: is accepted under every key of the ring', () => {
    const old = createSessionCookie([previous], true).csrfToken(bindingOf(ada))
    expect(cookie.isCsrfToken(old, bindingOf(ada))).toBe(true)
    const retired = createSessionCookie([foreign], true).csrfToken(bindingOf(ada))
    expect(cookie.isCsrfToken(retired, bindingOf(ada))).toBe(false)
  })

  it('is nothing else', () => {
    for (const wrong of [undefined, '', 'x', token.slice(1), `${token}, ${token}`, token.repeat(50)]) {
      expect(cookie.isCsrfToken(wrong, bindingOf(ada))).toBe(false)
    }
  })
})
