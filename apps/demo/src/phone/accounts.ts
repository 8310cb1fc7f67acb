import { TOTP, URI } from 'otpauth'
import { useState } from 'react'

const key = 'larkspur demo phone'

/** One line of the phone: an otpauth URI, understood. */
export interface PhoneAccount {
  uri: string
  totp: TOTP
}

function toAccount(uri: string): PhoneAccount | null {
  try {
    const totp = URI.parse(uri)
    return totp instanceof TOTP ? { uri, totp } : null
  } catch {
    return null
  }
}

function load(): PhoneAccount[] {
  try {
    const uris: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(uris) ? uris.flatMap((uri) => toAccount(String(uri)) ?? []) : []
  } catch {
    return []
  }
}

/**
 * The accounts of the demo phone, kept in this browser. A real authenticator is another device: a browser that
 * holds both the password and the secret has one factor, not two.
 */
export function usePhoneAccounts() {
  const [accounts, setAccounts] = useState(load)
  const save = (next: PhoneAccount[]) => {
    localStorage.setItem(key, JSON.stringify(next.map(({ uri }) => uri)))
    setAccounts(next)
  }
  return {
    accounts,
    /** False when the text is no TOTP account. The same account scanned again takes the place of the old one. */
    add(uri: string): boolean {
      const account = toAccount(uri)
      if (!account) return false
      save([...accounts.filter(({ totp }) => totp.label !== account.totp.label), account])
      return true
    },
    remove(account: PhoneAccount) {
      save(accounts.filter(({ uri }) => uri !== account.uri))
    },
  }
}
