import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

// OWASP's Password Storage Cheat Sheet counts N=2^15, r=8, p=3 among its equal minimums; it needs 32 MiB a hash.
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 } satisfies ScryptOptions
const saltBytes = 16
const hashBytes = 32

const derive = (password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // NFKC, so that the same password typed on another keyboard is the same bytes (NIST SP 800-63B-4 section 3.1.1.2).
    scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, hash) =>
      error ? reject(error) : resolve(hash),
    )
  })

/** `scrypt$N$r$p$salt$hash`: each row says how it was made, so the cost can be raised later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

const nobody = hashPassword(randomBytes(saltBytes).toString('base64url'))

/** Takes as long for an account that does not exist (`passwordHash` undefined), so time tells nothing. */
export async function verifyPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = '', expected = ''] = (passwordHash ?? (await nobody)).split('$')
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: cost.maxmem }
  const hash = await derive(password, Buffer.from(salt, 'base64url'), options)
  return timingSafeEqual(hash, Buffer.from(expected, 'base64url')) && passwordHash !== undefined
}
