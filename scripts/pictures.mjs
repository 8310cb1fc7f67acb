// Takes the pictures of README.md from the running demo: `node scripts/pictures.mjs [http://localhost:4000]`.
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import { ensureChromium } from './chromium.mjs'

const origin = process.argv[2] ?? 'http://localhost:4000'
const folder = fileURLToPath(new URL('../docs/pictures/', import.meta.url))
const browser = await chromium.launch({ executablePath: await ensureChromium(), args: ['--no-sandbox'] })
const kit = (name) => `[data-kit="${name}"]`
const action = (name) => `[data-kit-action="${name}"]`

for (const colorScheme of ['light', 'dark']) {
  const context = await browser.newContext({
    baseURL: origin,
    colorScheme,
    deviceScaleFactor: 2,
    viewport: { width: 760, height: 900 },
  })
  const page = await context.newPage()
  const person = {
    email: `ada.${Date.now()}.${colorScheme}@example.com`,
    password: 'correct horse battery staple',
  }
  await context.request.post('/api/sign-up', { data: person, headers: { origin } })

  await page.goto('/security')
  await page.locator(action('start')).click()
  await page.locator(kit('qr-code')).waitFor()
  await page.locator(kit('settings')).screenshot({ path: `${folder}enrollment-${colorScheme}.png` })

  const secret = (await page.locator(kit('secret-key')).textContent()).replace(/\s/g, '')
  const { Secret, TOTP } = await import('otpauth')
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  await page.locator(kit('code-input')).fill(totp.generate())
  await page.locator(kit('recovery-codes')).waitFor()
  await page.locator(kit('settings')).screenshot({ path: `${folder}recovery-codes-${colorScheme}.png` })

  await context.request.post('/api/sign-out', { data: {}, headers: { origin } })
  await context.request.post('/api/sign-in', { data: person, headers: { origin } })
  await page.goto('/mfa')
  await page.locator(kit('code-input')).pressSequentially('081')
  await page.locator(kit('challenge')).screenshot({ path: `${folder}challenge-${colorScheme}.png` })
  await context.close()
}
await browser.close()
