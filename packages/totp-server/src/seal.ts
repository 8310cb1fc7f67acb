import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { TotpServerError } from './error.js'
import { deriveRecoveryPepper } from './recovery-codes.js'

/** A value that does not open. Carries neither key nor value. */
export class SealError extends Error {
  override name = 'SealError'
  /**
   * - `unknown_key`: the value names a key that is not among ENCRYPTION_KEYS
   * - `not_opened`: damaged, or sealed with another key of that id, or for another place
   */
  readonly code: 'unknown_key' | 'not_opened'

  constructor(code: SealError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Seals what must be read again: AES-256-GCM, bound to where the value belongs. */
export interface Keyring {
  /** Id of the key that seals. */
  readonly currentKeyId: string
  /** All that open, the current one first. */
  readonly keyIds: readonly string[]
  /**
   * Seals with the current key and a random 96-bit nonce.
   *
   * @param context where the value belongs (`totp-secret|project|subject|factor`); it opens nowhere else
   */
  seal(plaintext: Uint8Array, context: string): { keyId: string; sealed: Uint8Array }
  /** @throws SealError `unknown_key` or `not_opened` */
  open(sealed: Uint8Array, keyId: string, context: string): Uint8Array
  /**
   * Pepper of the recovery codes stored under that key id.
   *
   * @throws SealError `unknown_key`
   */
  pepper(keyId: string): Uint8Array
}

const nonceLength = 12
const tagLength = 16

let nonces: Uint8Array = new Uint8Array(0)

/** Random bytes are drawn for many nonces at once: a call costs 3 µs whatever it brings, and a registration has eleven. */
function nextNonce(): Uint8Array {
  if (nonces.length < nonceLength) nonces = randomBytes(128 * nonceLength)
  const nonce = nonces.subarray(0, nonceLength)
  nonces = nonces.subarray(nonceLength)
  return nonce
}

function parseKeys(encryptionKeys: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>()
  for (const [index, entry] of encryptionKeys.split(',').entries()) {
    const refuse = (why: string) =>
      new TotpServerError(
        'invalid_option',
        `ENCRYPTION_KEYS: entry ${index + 1} ${why}. Write id:base64 pairs separated by commas, each key 32 random bytes, as made by: echo "k1:$(openssl rand -base64 32)"`,
      )
    const [, id, text] = /^\s*([A-Za-z0-9._-]{1,32}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(entry) ?? []
    if (id === undefined || text === undefined) throw refuse('is not id:base64')
    if (keys.has(id)) throw refuse(`repeats the id ${id}`)
    const key = Buffer.from(text, 'base64')
    if (key.length !== 32) throw refuse(`has a key of ${key.length} bytes, and AES-256 takes 32`)
    keys.set(id, key)
  }
  return keys
}

/**
 * The keys of `id:base64,id:base64`, 32 bytes each: the first seals, all open, so a new key goes in front and an
 * old one stays until nothing is sealed with it.
 *
 * @throws TotpServerError `invalid_option`; the message never quotes a key
 */
export function createKeyring(encryptionKeys: string): Keyring {
  const keys = parseKeys(encryptionKeys)
  const peppers = new Map([...keys].map(([id, key]) => [id, deriveRecoveryPepper(key)]))
  // An empty text has failed to parse, so there is a first.
  const [[currentKeyId, currentKey]] = [...keys] as [[string, Buffer]]

  function named<Value>(values: Map<string, Value>, keyId: string): Value {
    const value = values.get(keyId)
    if (value === undefined) {
      throw new SealError(
        'unknown_key',
        `Sealed with key ${JSON.stringify(keyId)}, which ENCRYPTION_KEYS does not name. Add that key again, after the current one.`,
      )
    }
    return value
  }

  return {
    currentKeyId,
    keyIds: [...keys.keys()],
    seal(plaintext, context) {
      const nonce = nextNonce()
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce)
      cipher.setAAD(Buffer.from(context))
      return {
        keyId: currentKeyId,
        sealed: Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]),
      }
    },
    open(sealed, keyId, context) {
      const key = named(keys, keyId)
      try {
        const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
        const end = bytes.length - tagLength
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), {
          authTagLength: tagLength,
        })
        decipher.setAAD(Buffer.from(context))
        decipher.setAuthTag(bytes.subarray(end))
        return Buffer.concat([decipher.update(bytes.subarray(nonceLength, end)), decipher.final()])
      } catch {
        throw new SealError(
          'not_opened',
          `A value sealed with key ${JSON.stringify(keyId)} does not open: it was changed, moved to another row, or the key of that id is not the one that sealed it. Check ENCRYPTION_KEYS, then the backup.`,
        )
      }
    },
    pepper: (keyId) => named(peppers, keyId),
  }
}
