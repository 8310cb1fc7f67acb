import { timingSafeEqual } from 'node:crypto'
import { type Keyring, SealError } from './seal.js'
import type { Store } from './store.js'

const sample = Buffer.from('kit key check 1')
const context = (keyId: string) => `key-check|${keyId}`

/**
 * Compares the encryption keys with those that this database was written with, so that a key that changed under
 * its id is noticed before anything is sealed with it, and one that is missing before anything is judged without it.
 * The first use of an id leaves a sample. A key is forgotten when no secret is sealed with it and no unused recovery code
 * made with it.
 *
 * @param options.isDry whether to write nothing
 * @throws SealError `not_opened` or `unknown_key`
 */
export async function checkKeys(
  store: Store,
  keyring: Keyring,
  { nowMs, isDry = false }: { nowMs: number; isDry?: boolean },
): Promise<void> {
  const { keyId, sealed } = keyring.seal(sample, context(keyring.currentKeyId))
  if (!isDry) await store.insertKeyCheck(keyId, sealed)
  for (const id of keyring.keyIds) {
    const kept = await store.keyCheck(id)
    if (kept !== null && !timingSafeEqual(keyring.open(kept, id, context(id)), sample)) {
      throw new SealError('not_opened', `The sample sealed with key ${JSON.stringify(id)} is damaged.`)
    }
  }
  for (const id of await store.keyIds()) {
    if (keyring.keyIds.includes(id)) continue
    if (await store.isKeyInUse(id, nowMs)) {
      throw new SealError(
        'unknown_key',
        `Key ${JSON.stringify(id)} is missing, and secrets here are sealed with it. Add it to ENCRYPTION_KEYS again, after the current one.`,
      )
    }
    if (!isDry) await store.forgetKey(id)
  }
}
