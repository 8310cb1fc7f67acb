import { AxeBuilder } from '@axe-core/playwright'
import { address, expect, Field, test } from './kit.js'

/** The accessibility tree as Chromium gives it to a screen reader. */
async function treeOf(field: Field) {
  const session = await field.page.context().newCDPSession(field.page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  const told = nodes.filter((node) => !node.ignored)
  return {
    boxes: told.filter((node) => node.role?.value === 'textbox'),
    texts: told.filter((node) => node.role?.value === 'StaticText').map((node) => String(node.name?.value)),
  }
}

test.describe('accessibility', () => {
  test('X01, X02, X04, X05: one text box with name, hint and value, and no stray digits', async ({
    visit,
  }) => {
    const field = await visit()
    await field.press('Tab', '1', '2')
    const { boxes, texts } = await treeOf(field)
    expect(boxes).toHaveLength(1)
    expect(boxes[0]?.name?.value).toBe('Verification code')
    expect(boxes[0]?.description?.value).toBe('The code is checked as soon as you enter the last digit.')
    expect(boxes[0]?.value?.value).toBe('12')
    expect(texts.filter((text) => /^\d$/.test(text))).toEqual([])
  })

  test('X03: an error marks the field, describes it and is announced', async ({ visit, page }) => {
    const field = await visit()
    await expect(page.getByRole('alert')).toBeEmpty()
    await field.press('Tab')
    await field.setProps({ error: 'That code is wrong.' })
    await expect(page.getByRole('alert')).toHaveText('That code is wrong.')
    await expect(field.input).toHaveAttribute('aria-invalid', 'true')
    await expect(field.input).toBeFocused()
    const { boxes } = await treeOf(field)
    expect(boxes[0]?.description?.value).toContain('That code is wrong.')
  })

  test('X06: the first digit is on the left of a right-to-left page', async ({ visit }) => {
    const field = await visit({ dir: 'rtl' })
    await field.press('Tab', '1', '2')
    const [first, last] = await Promise.all([
      field.cells.first().boundingBox(),
      field.cells.last().boundingBox(),
    ])
    expect(first?.x).toBeLessThan(last?.x ?? 0)
    await expect(field.cells.first()).toHaveAttribute('data-char', '1')
    await field.press('ArrowLeft', '9')
    await field.expectValue('192')
  })

  test('X07: the focus is an outline in forced colours', async ({ visit, page }) => {
    await page.emulateMedia({ forcedColors: 'active' })
    const field = await visit()
    const before = await field.cells.first().screenshot()
    await field.press('Tab')
    const style = await field.cells.first().evaluate((cell) => {
      const { outlineStyle, outlineWidth, borderStyle } = getComputedStyle(cell)
      return { outlineStyle, outlineWidth, borderStyle }
    })
    expect(style).toEqual({ outlineStyle: 'solid', outlineWidth: '3px', borderStyle: 'solid' })
    expect(Buffer.compare(before, await field.cells.first().screenshot())).not.toBe(0)
  })

  test('X08: a translated page cannot touch the digits', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab', '1', '2')
    expect(await field.input.evaluate((input) => input.closest('[translate="no"]') !== null)).toBe(true)
    // What a translator does to the texts it may touch: each becomes a <font>.
    await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      const texts: Text[] = []
      while (walker.nextNode()) texts.push(walker.currentNode as Text)
      for (const text of texts) {
        if (text.parentElement?.closest('[translate="no"], script')) continue
        const font = document.createElement('font')
        text.replaceWith(font)
        font.append(text)
      }
    })
    await field.press('3', 'Backspace', 'Backspace')
    await field.expectValue('1')
  })

  test('X09: the target is the whole row', async ({ visit, page }) => {
    await page.setViewportSize({ width: 320, height: 640 })
    const field = await visit()
    const box = await field.input.boundingBox()
    expect(box?.height).toBeGreaterThanOrEqual(44)
    expect(box?.width).toBeGreaterThan(200)
  })

  for (const length of [6, 8] as const)
    test(`X10: ${length} digits and a password manager's badge fit 320 pixels`, async ({ visit, page }) => {
      await page.setViewportSize({ width: 320, height: 640 })
      const field = await visit({ props: { length } })
      await field.press('Tab')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
      const [input, last] = await Promise.all([field.input.boundingBox(), field.cells.last().boundingBox()])
      const room = (input?.x ?? 0) + (input?.width ?? 0) - (last?.x ?? 0) - (last?.width ?? 0)
      expect(room).toBeGreaterThanOrEqual(36)
      expect(last?.width).toBeGreaterThanOrEqual(16)
    })

  test('400 % zoom and wide text spacing cut nothing off', async ({ visit, page }) => {
    await page.setViewportSize({ width: 320, height: 256 })
    const field = await visit()
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(
        '* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important }',
      )
      document.adoptedStyleSheets = [sheet]
    })
    await field.press('Tab', ...'123456')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    await field.expectValue('123456')
  })

  const states = {
    empty: {},
    partial: { value: '12' },
    filled: { value: '123456' },
    invalid: { error: 'That code is wrong.' },
    busy: { value: '123456', busy: true },
    disabled: { value: '12', disabled: true },
    plain: { variant: 'plain', value: '12' },
    unnamed: { label: undefined, 'aria-label': 'Code' },
  } as const
  for (const [state, props] of Object.entries(states))
    for (const theme of ['light', 'dark'] as const)
      test(`axe finds nothing: ${state}, ${theme}`, async ({ visit, page }) => {
        await page.emulateMedia({ colorScheme: theme })
        const field = await visit({ props: { ...props }, dir: state === 'partial' ? 'rtl' : undefined })
        if (state === 'partial') await field.press('Tab')
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations).toEqual([])
      })
})

test.describe('server rendering', () => {
  test('H01: text typed before the script runs survives', async ({ page }) => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/page.js', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(address({ ssr: true }), { waitUntil: 'commit' })
    const field = new Field(page)
    await field.input.click()
    await field.press(...'123')
    await expect(field.input).toHaveValue('123')
    release()
    await page.waitForFunction(() => window.log?.changes.length === 1)
    await field.expectValue('123')
    await field.press(...'456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
    const { messages, violations } = await field.log()
    expect({ messages, violations }).toEqual({ messages: [], violations: [] })
  })

  test('H01: a whole code from before the script is kept and not sent by itself', async ({ page }) => {
    await page.route('**/page.js', async (route) => {
      await page.locator('[data-kit="code-input"]').fill('123456')
      await route.continue()
    })
    await page.goto(address({ ssr: true }), { waitUntil: 'commit' })
    await page.waitForFunction(() => window.log?.changes.length === 1)
    const field = new Field(page)
    await field.expectValue('123456')
    await field.expectCompletes()
  })

  test('H02: without JavaScript there is one visible, named, writable input', async ({ browser, origin }) => {
    const context = await browser.newContext({ javaScriptEnabled: false, baseURL: origin })
    const page = await context.newPage()
    await page.goto(address({ ssr: true }))
    const input = page.getByRole('textbox', { name: 'Verification code' })
    await expect(input).toBeVisible()
    await expect(page.locator('input')).toHaveCount(1)
    await input.click()
    const shot = () => input.screenshot({ animations: 'disabled', caret: 'hide' })
    const before = await shot()
    await page.keyboard.type('123456')
    await expect(input).toHaveValue('123456')
    expect((await shot()).equals(before)).toBe(false)
    await context.close()
  })

  test('hydration says nothing', async ({ visit }) => {
    const field = await visit({ ssr: true, strict: true })
    await field.press('Tab', ...'123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })
})

test.describe('without the stylesheet', () => {
  test('the field is a plain text field', async ({ visit, page }) => {
    const field = await visit({ css: 'none' })
    await field.press('Tab', ...'123')
    await field.expectValue('123')
    await field.input.click()
    expect(
      await page
        .locator('[data-char]')
        .first()
        .evaluate((cell) => cell.clientWidth),
    ).toBe(0)
    await field.press('4')
    await field.expectValue('1234')
  })
})

test.describe('strict pages', () => {
  test('M14: the policy of the fixture refuses inline style and markup from strings', async ({
    visit,
    page,
  }) => {
    await visit()
    await page.evaluate(() => {
      document.body.setAttribute('style', 'color: red')
      document.head.append(document.createElement('style'))
      try {
        document.body.innerHTML = 'x'
      } catch {}
    })
    await page.waitForFunction(() => window.log.violations.length >= 2)
    await page.evaluate(() => {
      window.log.violations.length = 0
    })
  })
})
