import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from './kit.js'

const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const codes = Array.from({ length: 10 }, (_, i) => `${i}k3f-9qwe-r7ty-xzm${i}`)
const action = (page: Page, name: string) => page.locator(`[data-kit-action="${name}"]`)
const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText())
const selected = (page: Page) => page.evaluate(() => String(getSelection()))
const refuseClipboard = (page: Page) =>
  page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('No', 'NotAllowedError'))
  })

test.describe('the key', () => {
  test('Q06: it is shown in groups of four and copied without spaces, which is announced', async ({
    visit,
    page,
  }) => {
    await visit({ page: 'key' })
    await expect(page.locator('[data-kit="secret-key"]')).toHaveText(key.replace(/(.{4})(?=.)/g, '$1 '))
    await expect(page.getByRole('status')).toBeEmpty()
    await action(page, 'copy').click()
    await expect(page.getByRole('status')).toHaveText('Copied.')
    await expect.poll(() => clipboard(page)).toBe(key)
    await expect(page.locator('[data-kit="secret-key"]')).toHaveAttribute('data-state', 'copied')
  })

  test('Q06: a copy by hand has no spaces either', async ({ visit, page }) => {
    await visit({ page: 'key' })
    await page.locator('[data-kit="secret-key"]').click({ clickCount: 3 })
    await page.keyboard.press('Control+C')
    await expect.poll(() => clipboard(page)).toBe(key)
  })

  test('Q06: where the clipboard refuses, the key is selected and the person told', async ({
    visit,
    page,
  }) => {
    await refuseClipboard(page)
    await visit({ page: 'key' })
    await action(page, 'copy').click()
    await expect(page.getByRole('status')).toHaveText('Copy the text yourself.')
    expect((await selected(page)).replace(/\s/g, '')).toBe(key)
    await expect(page.locator('[data-kit="secret-key"]')).toHaveAttribute('data-state', 'failed')
  })
})

test.describe('recovery codes', () => {
  test('D01, D03: they are copied one a line, inside the click', async ({ visit, page }) => {
    await page.addInitScript(() => {
      const write = navigator.clipboard.writeText.bind(navigator.clipboard)
      navigator.clipboard.writeText = (text) => {
        document.documentElement.dataset.activation = String(navigator.userActivation.isActive)
        return write(text)
      }
    })
    await visit({ page: 'codes' })
    await action(page, 'copy').click()
    await expect(page.getByRole('status')).toHaveText('Copied.')
    await expect.poll(() => clipboard(page)).toBe(codes.join('\n'))
    await expect(page.locator('html')).toHaveAttribute('data-activation', 'true')
  })

  test('D01: where the clipboard refuses, they are selected and the person told', async ({ visit, page }) => {
    await refuseClipboard(page)
    await visit({ page: 'codes' })
    await action(page, 'copy').click()
    await expect(page.getByRole('status')).toHaveText('Copy the text yourself.')
    const text = await selected(page)
    for (const code of codes) expect(text).toContain(code)
  })

  test('D02: without any clipboard, as in some web views, copying selects them', async ({ visit, page }) => {
    await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
    await visit({ page: 'codes' })
    await action(page, 'copy').click()
    await expect(page.getByRole('status')).toHaveText('Copy the text yourself.')
    const text = await selected(page)
    for (const code of codes) expect(text).toContain(code)
  })

  test('D04: the file names site, account and date, and its address is revoked', async ({ visit, page }) => {
    await page.clock.install()
    await page.addInitScript(() => {
      const revoke = URL.revokeObjectURL.bind(URL)
      URL.revokeObjectURL = (url) => {
        document.documentElement.dataset.revoked = url
        revoke(url)
      }
    })
    await visit({ page: 'codes' })
    const [download] = await Promise.all([page.waitForEvent('download'), action(page, 'download').click()])
    expect(download.suggestedFilename()).toBe('Acme-recovery-codes.txt')
    const text = await readFile(await download.path(), 'utf8')
    expect(text).toContain('Acme (ada@example.com)')
    expect(text).toContain(new Date().toLocaleDateString('en', { dateStyle: 'long' }))
    for (const code of codes) expect(text.split('\n')).toContain(code)
    await page.clock.runFor(60_000)
    await expect(page.locator('html')).toHaveAttribute('data-revoked', /^blob:/)
  })

  test('D05: only they are printed, dark on white, with what they are for', async ({ visit, page }) => {
    await visit({ page: 'codes', theme: 'dark' })
    await action(page, 'print').click()
    await expect.poll(() => page.evaluate(() => window.log.prints)).toBe(1)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await expect(page.getByText('Something else on the page')).toBeHidden()
    await expect(page.locator('h1')).toBeHidden()
    await expect(page.getByRole('button')).toHaveCount(0)
    await expect(page.getByText('Acme (ada@example.com)')).toBeVisible()
    for (const code of codes) await expect(page.getByText(code)).toBeVisible()
    const { color, background } = await page.locator('[data-kit="recovery-codes"]').evaluate((element) => {
      const style = getComputedStyle(element)
      return { color: style.color, background: style.backgroundColor }
    })
    expect({ color, background }).toEqual({ color: 'rgb(0, 0, 0)', background: 'rgb(255, 255, 255)' })
  })

  test('D06: that they are saved is said by a button of its own', async ({ visit, page }) => {
    await visit({ page: 'codes' })
    await action(page, 'saved').click()
    await expect.poll(() => page.evaluate(() => window.log.saved)).toBe(1)
  })

  test('D07: they are a list, an item each, outside of any live region', async ({ visit, page }) => {
    await visit({ page: 'codes' })
    const items = page.getByRole('list').getByRole('listitem')
    await expect(items).toHaveCount(10)
    expect(await items.allTextContents()).toEqual(codes)
    await expect(page.locator('[data-kit="recovery-codes"] li')).toHaveCount(10)
    expect(await page.locator(':is([role="status"], [role="alert"], [aria-live]) li').count()).toBe(0)
  })

  test('D08: no code breaks in itself at 320 pixels', async ({ visit, page }) => {
    await page.setViewportSize({ width: 320, height: 640 })
    await visit({ page: 'codes' })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    const heights = await page.locator('li').evaluateAll((items) => items.map((item) => item.clientHeight))
    expect(Math.max(...heights)).toBeLessThan(40)
  })
})

for (const name of ['key', 'codes', 'qr'])
  for (const theme of ['light', 'dark'] as const)
    test(`axe finds nothing: ${name}, ${theme}`, async ({ visit, page }) => {
      await page.emulateMedia({ colorScheme: theme })
      await visit({ page: name, ...(name === 'qr' && { props: { value: 'otpauth://totp/a?secret=A' } }) })
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    })

for (const name of ['key', 'codes'])
  test(`X09: the buttons of ${name} are 24 pixels and more`, async ({ visit, page }) => {
    await page.setViewportSize({ width: 320, height: 640 })
    await visit({ page: name })
    for (const button of await page.getByRole('button').all()) {
      const box = await button.boundingBox()
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44)
    }
  })

for (const name of ['key', 'codes', 'qr'])
  test(`hydration says nothing: ${name}`, async ({ visit, page }) => {
    await visit({
      page: name,
      ssr: true,
      strict: true,
      ...(name === 'qr' && { props: { value: 'otpauth://totp/a?secret=A' } }),
    })
    await expect(page.locator('main')).toBeVisible()
  })
