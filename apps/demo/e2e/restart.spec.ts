import { makeDataDir, removeDataDir, startDemo } from './demo-process.js'
import { enroll, expect, kit, signIn, signUp, somebody, test } from './test.js'

for (const kind of ['user', 'member'] as const) {
  test(`a ${kind}'s setup is still there after the demo was killed`, async ({ browser }) => {
    const dataDir = await makeDataDir()
    const person = somebody(kind)
    const before = await startDemo(dataDir)
    const first = await browser.newPage({ baseURL: before.origin })
    await signUp(first, person)
    const { phone } = await enroll(first)
    expect(await before.end('SIGKILL')).toBe('SIGKILL')

    const after = await startDemo(dataDir)
    try {
      const second = await browser.newPage({ baseURL: after.origin })
      await signIn(second, person)
      await expect(second.locator(kit('challenge'))).toBeVisible()
      await second.locator(kit('code-input')).fill(phone.code(1))
      await expect(second.getByText('Wi-Fi at the cabin')).toBeVisible()
      await second.close()
    } finally {
      expect(await after.end('SIGTERM')).toBe(0)
      await first.close()
      await removeDataDir(dataDir)
    }
  })
}

test('a port in use is one clear line', async ({ demo }) => {
  const dataDir = await makeDataDir()
  const { port } = new URL(demo.origin)
  const failure = await startDemo(dataDir, { PORT: port }).catch((error: Error) => error.message)
  expect(failure).toContain(`Port ${port} is in use.`)
  expect(String(failure).trim().split('\n')).toHaveLength(2)
  await removeDataDir(dataDir)
})

test('the keys and databases are for their owner alone', async ({ demo }) => {
  const { statSync } = await import('node:fs')
  expect(statSync(demo.dataDir).mode & 0o077).toBe(0)
  expect(statSync(`${demo.dataDir}/keys.json`).mode & 0o777).toBe(0o600)
})
