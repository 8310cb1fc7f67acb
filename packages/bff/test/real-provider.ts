import { createTotpClient, type TotpClient } from '@kit/totp-client'
import { createTotpServer, openSqlite, type TotpServerOptions } from '@kit/totp-server'
import { Secret, TOTP } from 'otpauth'
import type { Fetch } from './host.js'

const credentials = { projectId: 'project-test-1', secret: 'SENTINEL-provider-secret' }

export interface RealProvider {
  fetch: Fetch
  /** For what a vendor's own sign-in does: users, members, sessions with a first factor. */
  admin: TotpClient
  /** The clock of provider and BFF, in milliseconds since the epoch. */
  now: () => number
  advance(seconds: number): void
  /** The code of a secret, now; each call moves the clock to an unused step. */
  nextCode(secret: string): string
  close(): Promise<void>
}

/** The provider's own server, in this process, on a database in memory and a clock that stands still. */
export async function startProvider(
  options: Partial<Pick<TotpServerOptions, 'recoveryCodes' | 'limits'>> = {},
): Promise<RealProvider> {
  let nowMs = Date.parse('2026-11-22T00:00:00Z')
  const server = createTotpServer({
    store: await openSqlite({ dataDir: ':memory:' }),
    projectId: credentials.projectId,
    secrets: [credentials.secret],
    encryptionKeys: 'k1:IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA=',
    autoProvision: true,
    sessionJwtAlgorithm: 'ES256',
    clock: () => nowMs,
    ...options,
  })
  const admin = createTotpClient({ ...credentials, baseUrl: 'http://127.0.0.1:1', fetch: server.fetch })
  const provider: RealProvider = {
    fetch: server.fetch,
    admin,
    now: () => nowMs,
    advance(seconds) {
      nowMs += seconds * 1_000
    },
    nextCode(secret) {
      provider.advance(31)
      return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: nowMs })
    },
    async close() {
      await admin.close()
      await server.close()
    },
  }
  return provider
}
