import { test as base, expect, type Locator, type Page } from '@playwright/test'
import type { CodePageProps } from './pages.js'
import { startSite } from './site.js'

interface Visit {
  page?: string
  props?: CodePageProps | Record<string, unknown>
  ssr?: boolean
  strict?: boolean
  dir?: 'rtl' | undefined
  css?: 'none'
  theme?: 'light' | 'dark'
  react18?: boolean
  /** What is loaded later comes in files of its own. */
  split?: boolean
}

/** The address of a page of the fixture. */
export function address({ props, ...options }: Visit): string {
  const query = new URLSearchParams({ page: 'code' })
  for (const [name, value] of Object.entries(options))
    if (value) query.set(name, value === true ? '1' : value)
  if (props) query.set('props', JSON.stringify(props))
  return `/?${query}`
}

export class Field {
  readonly input: Locator
  readonly cells: Locator

  constructor(readonly page: Page) {
    this.input = page.locator('[data-kit="code-input"]')
    this.cells = page.locator('[data-char]')
  }

  value = () => this.input.inputValue()
  log = () => this.page.evaluate(() => window.log)
  setProps = (props: CodePageProps) =>
    this.page.evaluate((next) => window.setProps(next), props as Record<string, unknown>)
  drawn = () =>
    this.cells.evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-char')).join(''))
  /** Where the caret or the selection is drawn: only while the field has the focus. */
  private active = () =>
    this.page
      .locator('[data-kit="code-input"]:focus + span > [data-char]')
      .evaluateAll((cells) =>
        cells.flatMap((cell, i) => (cell.getAttribute('data-active') === 'true' ? [i] : [])),
      )
  focused = () => this.input.evaluate((input) => input === document.activeElement)

  /** Waits: the browser tells of a new selection a moment after the key or the click. */
  expectActive = (...cells: number[]) => expect.poll(this.active).toEqual(cells)

  async press(...keys: string[]) {
    for (const key of keys) await this.page.keyboard.press(key)
  }

  async paste(text: string) {
    await this.page.evaluate((copied) => navigator.clipboard.writeText(copied), text)
    await this.press('Control+V')
  }

  clipboard = () => this.page.evaluate(() => navigator.clipboard.readText())

  /** What a password manager does: the native setter, then the events. */
  fill = (text: string) =>
    this.input.evaluate((input, value) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, value)
      input.dispatchEvent(new Event('input', { bubbles: true }))
      input.dispatchEvent(new Event('change', { bubbles: true }))
    }, text)

  /** The value is the same in the field, in the cells, and in the host's state. */
  async expectValue(value: string) {
    await expect(this.input).toHaveValue(value)
    await expect.poll(this.drawn).toBe(value)
    const { changes } = await this.log()
    if (changes.length > 0) expect(changes.at(-1)?.value).toBe(value)
  }

  /** Waits: a paste arrives a moment after its keys. */
  expectCompletes = (...codes: string[]) =>
    expect.poll(async () => (await this.log()).completes).toEqual(codes)
}

interface Kit {
  /** Opens a page of the fixture, ready to be used; the code page's field has the focus after `focus()`. */
  visit: (options?: Visit) => Promise<Field>
}

export const test = base.extend<Kit, { origin: string }>({
  origin: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      const site = await startSite()
      await use(site.origin)
      site.close()
    },
    { scope: 'worker' },
  ],
  baseURL: ({ origin }, use) => use(origin),
  permissions: ['clipboard-read', 'clipboard-write'],
  visit: async ({ page }, use) => {
    await use(async (options = {}) => {
      page.setDefaultTimeout(40_000)
      const answer = await page.goto(address(options))
      if (answer?.status() !== 200) throw new Error(await answer?.text())
      await page.locator('main').waitFor()
      await page.waitForFunction(() => 'log' in window)
      return new Field(page)
    })
    // Whatever a test did: no warning, no hydration message, no refusal of the content security policy.
    const log = await page.evaluate(() => window.log).catch(() => undefined)
    if (log)
      expect({ messages: log.messages, violations: log.violations }).toEqual({ messages: [], violations: [] })
  },
})

export { expect }
