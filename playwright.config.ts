import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

// Playwright's own browser is used where neither of these is there.
const chromium = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find((path) => path && existsSync(path))

export default defineConfig({
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: {
      ...(chromium && { executablePath: chromium }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'demo', testDir: 'apps/demo/e2e' },
    { name: 'examples', testDir: 'apps', testIgnore: ['demo/**', 'example-nextjs/**'] },
    { name: 'react', testDir: 'packages/react/test/browser' },
  ],
})
