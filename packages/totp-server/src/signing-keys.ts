import { createJwtSigner, generateSigningKey, type JwtAlgorithm, type JwtSigner } from './jwt.js'
import type { Keyring } from './seal.js'
import type { Store } from './store.js'

const context = (projectId: string, kid: string) => `signing-key|${projectId}|${kid}`

/**
 * The signers of a project, that of `algorithm` first. Its key is made at first use and kept, sealed, in the
 * database, so that every process of the project signs with the same one and tokens outlive a restart.
 *
 * @throws SealError when the kept keys were sealed with another encryption key
 */
export async function loadSigners(
  store: Store,
  keyring: Keyring,
  projectId: string,
  algorithm: JwtAlgorithm,
  nowMs: number,
): Promise<[JwtSigner, ...JwtSigner[]]> {
  let rows = await store.signingKeys(projectId)
  if (!rows.some((row) => row.algorithm === algorithm)) {
    const { kid, privateKeyPkcs8 } = await generateSigningKey(algorithm)
    const { keyId, sealed } = keyring.seal(privateKeyPkcs8, context(projectId, kid))
    await store.insertSigningKey({
      project_id: projectId,
      algorithm,
      kid,
      sealed_private_key: sealed,
      key_id: keyId,
      created_at: nowMs,
    })
    // Read again: another process may have been first.
    rows = await store.signingKeys(projectId)
  }
  const signerOf = async ({ kid, algorithm, key_id, sealed_private_key }: (typeof rows)[number]) => {
    const privateKeyPkcs8 = keyring.open(sealed_private_key, key_id, context(projectId, kid))
    if (key_id !== keyring.currentKeyId) {
      const { keyId, sealed } = keyring.seal(privateKeyPkcs8, context(projectId, kid))
      await store.resealSigningKey(kid, { sealedPrivateKey: sealed, keyId })
    }
    return createJwtSigner({ kid, algorithm, privateKeyPkcs8 }, { projectId })
  }
  const signersOf = (isCurrent: boolean) =>
    Promise.all(rows.filter((row) => (row.algorithm === algorithm) === isCurrent).map(signerOf))
  const [first] = await signersOf(true)
  const others = await signersOf(false)
  if (first === undefined) throw new Error('The signing key that was just stored is not there.')
  return [first, ...others]
}
