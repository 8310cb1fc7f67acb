import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'
import { bffUrl } from './bff-url'

const config: NextConfig = {
  // The browser knows one origin. Next.js reads this when it builds.
  rewrites: async () => [{ source: '/mfa/:path*', destination: `${bffUrl}/mfa/:path*` }],
  // The kit is linked from two folders above. An app that installs it leaves this line out.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
}

export default config
