import { expect, test } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'
import { startExample } from './example.js'

test('somebody sets up an authenticator app, and signs in with it', async ({ page }) => {
  const example = await startExample({})
  await page.goto(example.origin)
  const signIn = async () => {
    await page.fill('input[name=name]', 'Ada Lovelace')
    await page.click('button[type=submit]')
  }
  await signIn()

  await page.click('[data-kit-action=start]')
  const secret = ((await page.locator('[data-kit=secret-key]').textContent()) ?? '').replace(/\s/g, '')
  const phone = new TOTP({ secret: Secret.fromBase32(secret) })
  await page.fill('[data-kit=code-input]', phone.generate())
  const codes = page.locator('[data-kit=recovery-codes] li')
  await expect(codes).toHaveCount(10)
  const [recoveryCode = ''] = await codes.allInnerTexts()
  await page.click('[data-kit-action=saved]')
  await expect(page.locator('[data-kit=settings]')).toHaveAttribute('data-state', 'on')

  await page.click('text=Sign out')
  await signIn()
  await expect(page.locator('[data-kit=challenge]')).toBeVisible()
  expect((await page.request.get(`${example.origin}/secret-page`)).status()).toBe(403)

  // Every code works once; the server takes the next one too.
  await page.fill('[data-kit=code-input]', phone.generate({ timestamp: Date.now() + 30_000 }))
  await page.click('text=Open the secret page')
  await expect(page.locator('output')).toHaveText('Only after a code.')

  // What is chosen after a recovery code is what the settings begin with.
  await page.click('text=Sign out')
  await signIn()
  await page.click('[data-kit-action=use-recovery-code]')
  await page.fill('[data-kit=recovery-code-input]', recoveryCode)
  await page.click('[data-kit-action=submit]')
  await page.click('[data-kit=challenge][data-state=after] [data-kit-action=restart]')
  await expect(page.locator('[data-kit=settings]')).toHaveAttribute('data-state', 'replace')
  await example.stop()
})
