import { defineConfig } from 'vitest/config'

// Sources are tested as they are: the `@kit/source` condition of each package's exports points at `src`,
// so no build has to come first.
const conditions = ['@kit/source']
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
}

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'node',
          environment: 'node',
          include: [
            'packages/{contract,bff,totp-client,totp-server}/{src,test}/**/*.test.ts',
            'apps/*/{server,test}/**/*.test.ts',
            'scripts/*.test.ts',
          ],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        resolve: { conditions: [...conditions, 'browser', 'module', 'import', 'default'] },
        test: {
          name: 'jsdom',
          environment: 'jsdom',
          include: ['packages/react/{src,test}/**/*.test.{ts,tsx}', 'apps/demo/src/**/*.test.{ts,tsx}'],
          testTimeout: 15_000,
        },
      },
    ],
  },
})
