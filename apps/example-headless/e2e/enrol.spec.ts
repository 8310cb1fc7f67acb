import { fileURLToPath } from 'node:url'
import { expect, test } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'
import { startExample } from '../../example-express-react/e2e/example.js'

test('markup of one’s own enrols, signs in, and recovers', async ({ page }) => {
  const example = await startExample({ STATIC_DIR: fileURLToPath(new URL('../dist', import.meta.url)) })
  const signIn = async () => {
    await page.fill('input[name=name]', 'Grace Hopper')
    await page.click('button[type=submit]')
  }
  await page.goto(example.origin)
  await signIn()

  await page.click('text=Set up two-step verification')
  const phone = new TOTP({ secret: Secret.fromBase32((await page.locator('.key').textContent()) ?? '') })
  await page.fill('input[name=code]', phone.generate())
  await expect(page.locator('li')).toHaveCount(10)
  const recoveryCodes = await page.locator('li').allInnerTexts()
  await page.click('text=I have them')
  await expect(page.locator('h1')).toHaveText('Welcome, Grace Hopper')

  await page.click('text=Sign out')
  await signIn()
  await page.fill('input[name=code]', phone.generate({ timestamp: Date.now() + 30_000 }))
  await expect(page.locator('h1')).toHaveText('Welcome, Grace Hopper')

  await page.click('text=Sign out')
  await signIn()
  await page.click('text=Use a recovery code')
  await page.fill('input[name=recovery-code]', recoveryCodes[0] ?? '')
  await page.click('text="Sign in"')
  await expect(page.locator('h1')).toHaveText('Welcome, Grace Hopper')
  await example.stop()
})
