import type { Page } from '@playwright/test'
import { action, enroll, expect, kit, signIn, signOut, signUp, somebody, test } from './test.js'

for (const kind of ['user', 'member'] as const) {
  test(`a ${kind} scans, types six digits, and gets in by code and by recovery code`, async ({ page }) => {
    const person = somebody(kind)
    await signUp(page, person)
    const { phone, recoveryCodes } = await enroll(page)
    expect(phone.issuer).toBe('Larkspur')
    expect(phone.label).toContain(person.email)

    await signOut(page)
    await signIn(page, person)
    await expect(page.locator(kit('challenge'))).toBeVisible()
    const refused = await page.request.get('/api/vault')
    expect(refused.status()).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'mfa_required' })

    await page.locator(kit('code-input')).fill(phone.code(1))
    await expect(page.getByRole('heading', { name: 'Vault' })).toBeVisible()
    await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
    expect((await page.request.get('/api/vault')).status()).toBe(200)

    await signOut(page)
    expect((await page.request.get('/api/vault')).status()).toBe(401)
    await signIn(page, person)
    await page.locator(action('use-recovery-code')).click()
    await page.locator(kit('recovery-code-input')).fill(recoveryCodes[0]!.toLowerCase())
    await page.locator(action('submit')).click()
    await page.locator(action('continue')).click()
    await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
  })

  test(`a ${kind}'s wrong code, spent code and reload lead nowhere, and the right code still works`, async ({
    page,
  }) => {
    const person = somebody(kind)
    await signUp(page, person)
    const { phone, spentCode, recoveryCodes } = await enroll(page)
    await signOut(page)
    await signIn(page, person)

    await page.locator(kit('code-input')).fill(phone.wrongCode())
    await expect(page.locator(kit('error'))).toBeVisible()
    await page.reload()
    await expect(page.locator(kit('challenge'))).toBeVisible()
    await page.locator(kit('code-input')).fill(spentCode)
    await expect(page.locator(kit('error'))).toBeVisible()
    expect((await page.request.get('/api/vault')).status()).toBe(403)

    await page.locator(kit('code-input')).fill(phone.code(1))
    await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()

    await signOut(page)
    await signIn(page, person)
    await page.locator(action('use-recovery-code')).click()
    await page.locator(kit('recovery-code-input')).fill(recoveryCodes[1]!)
    await page.locator(action('submit')).click()
    await page.locator(action('continue')).click()
    await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
    await signOut(page)
    await signIn(page, person)
    await page.locator(action('use-recovery-code')).click()
    await page.locator(kit('recovery-code-input')).fill(recoveryCodes[1]!)
    await page.locator(action('submit')).click()
    await expect(page.locator(kit('error'))).toBeVisible()
  })
}

/** In by a recovery code, up to what to do about it. */
async function recover(page: Page, code: string) {
  await page.locator(action('use-recovery-code')).click()
  await page.locator(kit('recovery-code-input')).fill(code)
  await page.locator(action('submit')).click()
  await expect(page.locator(kit('challenge'))).toHaveAttribute('data-state', 'after')
}

test('after a recovery code: new codes, then a new authenticator app, each begun where it was chosen', async ({
  page,
}) => {
  const person = somebody()
  await signUp(page, person)
  const { recoveryCodes } = await enroll(page)
  const settings = page.locator(kit('settings'))
  await signOut(page)
  await signIn(page, person)
  await recover(page, recoveryCodes[0]!)
  await page.locator(action('rotate')).click()
  await expect(page).toHaveURL(/\/security\?start=rotate$/)
  await expect(settings).toHaveAttribute('data-state', 'rotate')
  await page.locator(action('continue')).click()
  const list = page.locator(kit('recovery-codes')).locator('li')
  await expect(list).toHaveCount(10)
  const newCodes = await list.allInnerTexts()
  expect(newCodes).not.toContain(recoveryCodes[1])
  await page.locator(action('saved')).click()
  await expect(settings).toHaveAttribute('data-state', 'on')

  await signOut(page)
  await signIn(page, person)
  await recover(page, newCodes[0]!)
  await page.locator(action('restart')).click()
  await expect(page).toHaveURL(/\/security\?start=replace$/)
  await expect(settings).toHaveAttribute('data-state', 'replace')
  const { phone } = await enroll(page)

  await signOut(page)
  await signIn(page, person)
  await page.locator(kit('code-input')).fill(phone.code(1))
  await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
})

test('a reload in the middle of the setup goes on with the same QR code', async ({ page }) => {
  await signUp(page, somebody())
  await page.locator(action('start')).click()
  const before = await page.locator(kit('secret-key')).textContent()
  await page.reload()
  await page.locator(action('continue')).click()
  await expect(page.locator(kit('secret-key'))).toHaveText(before ?? '')
})

test('the vault stays shut for somebody who has no authenticator app yet', async ({ page }) => {
  await signUp(page, somebody())
  await page.goto('/vault')
  await expect(page.getByRole('heading', { name: 'The vault is locked' })).toBeVisible()
  expect((await page.request.get('/api/vault')).status()).toBe(403)
})

test('a second sign-in on the same browser is not verified by the first one', async ({ page }) => {
  const person = somebody()
  await signUp(page, person)
  await enroll(page)
  expect((await page.request.get('/api/vault')).status()).toBe(200)
  const again = await page.request.post('/api/sign-in', { data: person })
  expect(await again.json()).toEqual({ enrolled: true, verified: false })
  expect((await page.request.get('/api/vault')).status()).toBe(403)
})

test('signing out everywhere ends the sign-in of another browser', async ({ page, browser, demo }) => {
  const person = somebody()
  await signUp(page, person)
  const elsewhere = await browser.newContext({ baseURL: demo.origin })
  expect((await elsewhere.request.post('/api/sign-in', { data: person })).status()).toBe(200)
  expect((await elsewhere.request.get('/api/me')).status()).toBe(200)
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await expect(page.locator('form.sign-in')).toBeVisible()
  expect((await elsewhere.request.get('/api/me')).status()).toBe(401)
  await elsewhere.close()
})
