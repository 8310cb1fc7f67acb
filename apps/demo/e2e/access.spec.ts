import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import {
  action,
  enroll,
  expect,
  kit,
  Phone,
  readQrFromPixels,
  signIn,
  signOut,
  signUp,
  somebody,
  test,
} from './test.js'

// What a theme or a width can change is looked at in each; everything else once.
const looks = [
  { name: 'light', rules: [], colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'dark', rules: ['color-contrast'], colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  {
    name: '320 px wide',
    rules: ['target-size'],
    colorScheme: 'light',
    viewport: { width: 320, height: 640 },
  },
] as const

async function expectAccessible(page: Page, what: string, rules: readonly string[]) {
  const axe = new AxeBuilder({ page })
  if (rules.length > 0) axe.withRules([...rules])
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
  const { violations } = await axe.analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n  ')}`)
  expect(found, what).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow, `${what}: nothing is cut off or scrolls sideways`).toBeLessThanOrEqual(0)
}

for (const { name, rules, ...look } of looks) {
  test.describe(`pages, ${name}`, () => {
    test.use(look)
    const check = (page: Page, what: string) => expectAccessible(page, what, rules)

    test('every page and step is accessible', async ({ page }) => {
      await page.goto('/')
      await expect(page.locator('form.sign-in')).toBeVisible()
      await check(page, 'sign-in')
      await page.locator('form.sign-in button[type=submit]').click()
      await check(page, 'sign-in with errors')
      await page.goto('/nothing-here')
      await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible()
      await check(page, 'not found')

      const person = somebody('member')
      await signUp(page, person)
      await expect(page.locator(action('start'))).toBeVisible()
      await check(page, 'security, off')
      await page.goto('/vault')
      await expect(page.getByRole('heading', { name: 'The vault is locked' })).toBeVisible()
      await check(page, 'vault, locked')

      await page.goto('/security')
      await page.locator(action('start')).click()
      const phone = Phone.scan(await readQrFromPixels(page))
      await check(page, 'setup, scan')
      await page.locator(kit('code-input')).fill(phone.wrongCode())
      await expect(page.locator(kit('error'))).toBeVisible()
      await check(page, 'setup, wrong code')
      await page.locator(kit('code-input')).fill(phone.code())
      await expect(page.locator(kit('recovery-codes'))).toBeVisible()
      await check(page, 'recovery codes')
      await page.locator(action('saved')).click()
      await expect(page.locator(kit('settings'))).toHaveAttribute('data-state', 'on')
      await check(page, 'security, on')
      await page.goto('/')
      await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible()
      await check(page, 'home')

      await signOut(page)
      await signIn(page, person)
      await expect(page.locator(kit('challenge'))).toBeVisible()
      await check(page, 'challenge')
      await page.locator(action('use-recovery-code')).click()
      await expect(page.locator(kit('recovery-code-input'))).toBeVisible()
      await check(page, 'challenge, recovery code')
      await page.locator(action('use-code')).click()
      await page.locator(kit('code-input')).fill(phone.code(1))
      await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
      await check(page, 'vault')
      await page.getByRole('button', { name: 'No phone at hand?' }).click()
      await expect(page.locator('[data-demo="phone"]')).toBeVisible()
      await check(page, 'phone')
      await page.getByRole('button', { name: 'What just happened' }).click()
      await page.locator('[data-demo="drawer"] summary').first().click()
      await check(page, 'drawer')
    })

    test('the gallery is accessible', async ({ page }) => {
      await page.goto('/gallery')
      await expect(page.locator(kit('qr-code')).first()).toBeVisible()
      await check(page, 'gallery')
    })
  })
}

/** Presses Tab until the focus is on what `selector` names. */
async function tabTo(page: Page, selector: string) {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    if (
      await page.locator(selector).evaluateAll((found) => found.some((one) => one === document.activeElement))
    )
      return
  }
  throw new Error(`${selector} cannot be reached by Tab.`)
}

test('the whole story works by keyboard alone', async ({ page }) => {
  const person = somebody()
  const heading = page.getByRole('heading', { level: 1 })
  await page.goto('/')
  await expect(page.locator('form.sign-in')).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.locator('main')).toBeFocused()

  await tabTo(page, 'input[type=radio]')
  await page.keyboard.press('ArrowRight')
  await tabTo(page, 'input[name=email]')
  await page.keyboard.type(person.email)
  await tabTo(page, 'input[name=password]')
  await page.keyboard.type('too short')
  await page.keyboard.press('Enter')
  await expect(page.locator('input[name=password]')).toBeFocused()
  await page.keyboard.press('Control+A')
  await page.keyboard.type(person.password)
  await page.keyboard.press('Enter')
  await expect(heading).toHaveText('Security')
  await expect(heading).toBeFocused()
  await expect(page).toHaveTitle('Security · Larkspur')

  await expect(page.locator(action('start'))).toBeVisible()
  await tabTo(page, action('start'))
  await page.keyboard.press('Enter')
  const phone = Phone.scan(await readQrFromPixels(page))
  await tabTo(page, kit('code-input'))
  await page.keyboard.type(phone.code())
  await expect(page.locator(kit('recovery-codes'))).toBeVisible()
  await tabTo(page, action('saved'))
  await page.keyboard.press('Enter')
  await expect(page.locator(kit('settings'))).toHaveAttribute('data-state', 'on')

  await page.goto('/vault')
  await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
  await tabTo(page, '.account button:text("Sign out")')
  await page.keyboard.press('Enter')
  await expect(heading).toBeFocused()

  await tabTo(page, 'input[name=email]')
  await page.keyboard.type(person.email)
  await tabTo(page, 'input[name=password]')
  await page.keyboard.type(person.password)
  await page.keyboard.press('Enter')
  await expect(page.locator(kit('code-input'))).toBeFocused()
  await page.keyboard.type(phone.code(1))
  await expect(heading).toHaveText('Vault')
  await expect(heading).toBeFocused()
})

test('somebody without a phone walks the whole way with the phone of the demo', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const person = somebody()
  await signUp(page, person)
  await page.locator(action('start')).click()
  await page.getByRole('button', { name: 'No phone at hand?' }).click()
  await expect(page.locator('[data-demo="phone"]')).toContainText('belongs to the demo')
  await page.getByRole('button', { name: 'Scan the QR code on this page' }).click()
  await expect(page.locator('[data-demo="phone-code"]')).toHaveText(/^\d{3} \d{3}$/)
  await page.getByRole('button', { name: 'Copy the code' }).click()
  // The browser writes to the clipboard in its own time.
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^\d{3} ?\d{3}$/)
  await page.locator(kit('code-input')).focus()
  await page.keyboard.press('ControlOrMeta+V')
  await expect(page.locator(kit('recovery-codes'))).toBeVisible()
  await page.reload()
  await page.getByRole('button', { name: 'No phone at hand?' }).click()
  await expect(page.locator('[data-demo="phone"]')).toContainText(person.email)
})

test('the drawer shows what the BFF asked, and no secret', async ({ page }) => {
  const person = somebody('member')
  await signUp(page, person)
  const { recoveryCodes } = await enroll(page)
  await page.getByRole('button', { name: 'What just happened' }).click()
  const drawer = page.locator('[data-demo="drawer"]')
  await expect(drawer).toContainText('POST /mfa/totp/authenticate')
  await expect(drawer).toContainText('/v1/b2b/totp/authenticate')
  for (const summary of await drawer.locator('summary').all()) await summary.click()
  const text = (await drawer.textContent()) ?? ''
  for (const hidden of [...recoveryCodes, person.password]) expect(text).not.toContain(hidden)
})
