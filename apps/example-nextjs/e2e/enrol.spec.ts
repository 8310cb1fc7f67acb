import { randomUUID } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'

test('the App Router, with the BFF behind a rewrite: enrol, sign in, and a page of the server', async ({
  page,
}) => {
  const name = `Ada ${randomUUID()}`
  const signIn = async () => {
    await page.fill('input[name=name]', name)
    await page.click('text=Sign in')
  }
  await page.goto('/')
  await signIn()

  await page.click('[data-kit-action=start]')
  const secret = (await page.locator('[data-kit=secret-key]').textContent()) ?? ''
  const phone = new TOTP({ secret: Secret.fromBase32(secret.replace(/\s/g, '')) })
  await page.fill('[data-kit=code-input]', phone.generate())
  await page.click('[data-kit-action=saved]')
  await expect(page.locator('[data-kit=settings]')).toHaveAttribute('data-state', 'on')

  await page.click('text=Sign out')
  await signIn()
  await expect(page.locator('[data-kit=challenge]')).toBeVisible()
  const other = await page.context().newPage()
  await other.goto('/secret-page')
  await expect(other.locator('h1')).toHaveText('Enter a code first.')

  await page.fill('[data-kit=code-input]', phone.generate({ timestamp: Date.now() + 30_000 }))
  await expect(page.locator('[data-kit=settings]')).toBeVisible()
  await other.reload()
  await expect(other.locator('h1')).toHaveText('Only after a code.')
})
