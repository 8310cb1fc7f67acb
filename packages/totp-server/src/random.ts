/** A source of that many unpredictable bytes. `node:crypto`'s `randomBytes` outside tests. */
export type RandomBytes = (count: number) => Uint8Array

/**
 * Exactly `count` bytes of the source.
 *
 * @throws Error when the source gives fewer: a short secret must never be stored
 */
export function readRandom(random: RandomBytes, count: number): Uint8Array {
  const bytes = random(count)
  if (bytes.length !== count) throw new Error(`The random source gave ${bytes.length} of ${count} bytes.`)
  return bytes
}
