import { defineConfig } from '@playwright/test'
import root from '../../playwright.config.js'

const port = '3417'
const env = { PORT: port, BFF_URL: 'http://127.0.0.1:4217', OPS_PORT: '4218', NEXT_TELEMETRY_DISABLED: '1' }

export default defineConfig({
  ...root,
  outputDir: '.next/test-results',
  projects: [{ name: 'next', testDir: 'e2e' }],
  use: { ...root.use, baseURL: `http://localhost:${port}` },
  webServer: {
    // Next.js writes the address of the BFF into what it builds.
    command: 'node node_modules/next/dist/bin/next build && node start.mjs',
    url: `http://localhost:${port}/mfa/openapi.json`,
    env,
    timeout: 180_000,
    stdout: 'ignore',
    gracefulShutdown: { signal: 'SIGTERM', timeout: 5_000 },
  },
})
