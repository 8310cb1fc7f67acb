import { expect, kit, test } from './test.js'

test('every component shows each of its states, with the code that makes it', async ({ page }) => {
  await page.goto('/gallery')
  const exhibits = page.locator('.exhibit')
  await expect(exhibits).toHaveCount(8)
  for (const exhibit of await exhibits.all()) {
    const name = (await exhibit.getAttribute('data-demo')) ?? ''
    await expect(exhibit.locator('pre')).toContainText(`<${name}`)
    const states = await exhibit.getByLabel('State').locator('option').allTextContents()
    for (const state of states) {
      await exhibit.getByLabel('State').selectOption(state)
      await expect(exhibit.locator('.stage [data-kit]').first(), `${name}, ${state}`).toBeVisible()
    }
  }
})

test('the steps of a state are walked: wrong code, recovery codes, recovery', async ({ page }) => {
  await page.goto('/gallery')
  const show = async (name: string, state: string) => {
    const exhibit = page.locator(`[data-demo="${name}"]`)
    await exhibit.getByLabel('State').selectOption(state)
    return exhibit.locator('.stage')
  }
  await expect((await show('TotpEnrollment', 'scan')).locator(kit('qr-code'))).toBeVisible()
  const codes = await show('TotpEnrollment', 'recovery codes')
  await expect(codes.locator(kit('recovery-codes')).locator('li')).toHaveCount(10)
  const unsaved = await show('TotpEnrollment', 'unsaved')
  await expect(unsaved.locator(kit('enrollment'))).toHaveAttribute('data-state', 'unsaved')
  await expect((await show('TotpChallenge', 'wrong code')).locator(kit('error'))).toBeVisible()
  const after = await show('TotpChallenge', 'after a recovery code')
  await expect(after.locator(kit('challenge'))).toHaveAttribute('data-state', 'after')
  await expect((await show('MfaSettings', 'turn off')).locator(kit('settings'))).toHaveAttribute(
    'data-state',
    'remove',
  )
  const renewed = await show('MfaSettings', 'new recovery codes to save')
  await expect(renewed.locator(kit('recovery-codes')).locator('li')).toHaveCount(10)
  const low = await show('TotpChallenge', 'few recovery codes left')
  await expect(low.locator(kit('challenge'))).toHaveAttribute('data-state', 'after')
  await expect((await show('MfaSettings', 'step-up')).locator(kit('step-up'))).toBeVisible()
})

test('a copy is shown as done and as refused, and nothing goes on the visitor’s own clipboard', async ({
  page,
}) => {
  await page.goto('/gallery')
  for (const name of ['RecoveryCodes', 'SecretKey'])
    for (const [state, shown] of Object.entries({ copied: 'copied', 'no clipboard': 'failed' })) {
      const exhibit = page.locator(`[data-demo="${name}"]`)
      await exhibit.getByLabel('State').selectOption(state)
      await expect(exhibit.locator(`.stage [data-state="${shown}"]`).first()).toBeVisible()
      expect(await page.evaluate(() => Object.hasOwn(navigator, 'clipboard'))).toBe(false)
    }
})

for (const page of ['light', 'dark'] as const)
  for (const stage of ['light', 'dark'] as const)
    test(`a ${stage} stage on a ${page} page has the colours of its own theme`, async ({ page: tab }) => {
      await tab.emulateMedia({ colorScheme: page })
      await tab.goto(`/gallery?theme=${stage}`)
      const [around, card] = stage === 'light' ? [246, 255] : [20, 28]
      await expect(tab.locator('.stage').first()).toHaveCSS(
        'background-color',
        new RegExp(`^rgb\\(${around},`),
      )
      const shown = tab.locator('.stage').first().locator(kit('enrollment'))
      await expect(shown).toHaveCSS('background-color', new RegExp(`^rgb\\(${card},`))
    })

test('the look is in the address: dark, from right to left, and each language', async ({ page }) => {
  await page.goto('/gallery?theme=dark&dir=rtl&locale=ar')
  const title = page.locator('.stage h2').first()
  const stage = page.locator('.stage').first()
  await expect(stage).toHaveAttribute('dir', 'rtl')
  await expect(stage).toHaveCSS('color-scheme', 'dark')
  await expect(title).toHaveText(/\p{Script=Arabic}/u)

  const language = page.getByLabel('Language')
  const seen = new Set<string>()
  for (const locale of await language.locator('option').allTextContents()) {
    await language.selectOption(locale)
    await expect(stage).toHaveAttribute('lang', locale)
    await expect
      .poll(async () => seen.has((await title.textContent()) ?? ''), `${locale} has words of its own`)
      .toBe(false)
    seen.add((await title.textContent()) ?? '')
  }
  expect(seen.size).toBeGreaterThanOrEqual(14)
})
