import { join } from 'node:path'
import { createTotpClient, type TotpClient } from '@kit/totp-client'
import { createTotpServer, openSqlite } from '@kit/totp-server'
import { named, type Settings } from './settings.js'

export const productName = 'Larkspur'

/** Who answers the TOTP endpoints: the server in this process, or Stytch. */
export interface Provider {
  name: 'embedded' | 'stytch'
  client: TotpClient
  close(): Promise<void>
}

/** `watched` wraps the way out, so that the drawer can show what goes over it. */
export async function openProvider(
  { dataDir, keys, stytch }: Settings,
  watched: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch,
): Promise<Provider> {
  if (stytch) {
    const client = named('The variables of Stytch', () =>
      createTotpClient({ ...stytch, fetch: watched(fetch) }),
    )
    return { name: 'stytch', client, close: async () => {} }
  }
  const server = createTotpServer({
    // Not `totp`: that is where `kit-totp-server` keeps its own, sealed with other keys.
    store: await openSqlite({ dataDir: join(dataDir, 'demo-totp') }),
    projectId: keys.projectId,
    secrets: [keys.projectSecret],
    encryptionKeys: `main:${keys.encryptionKey}`,
    projectName: productName,
  })
  // No port: the client's requests go to the server's own fetch handler.
  const client = createTotpClient({
    projectId: keys.projectId,
    secret: keys.projectSecret,
    fetch: watched((input, init) => server.fetch(new Request(input, init))),
  })
  return { name: 'embedded', client, close: () => server.close() }
}
