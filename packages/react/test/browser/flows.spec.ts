import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { address, expect, type Field, test } from './kit.js'
import type { FlowPageProps } from './pages.js'

const action = (page: Page, name: string) => page.locator(`[data-kit-action="${name}"]`)
const part = (page: Page, name: string) => page.locator(`[data-kit="${name}"]`)
const flow = (props: FlowPageProps) => ({ page: 'flow', props })

/** The code that the app shows for its first secret, and another. */
const right = '111111'
const wrong = '222222'

interface Step {
  name: string
  reach: (page: Page, field: Field) => Promise<void>
}

const walks: Record<string, { start: FlowPageProps; steps: Step[] }> = {
  enrolment: {
    start: { kit: 'enrollment' },
    steps: [
      { name: 'introduction', reach: (page) => action(page, 'start').waitFor() },
      {
        name: 'scan',
        reach: async (page) => {
          await action(page, 'start').click()
          await part(page, 'qr-code').waitFor()
        },
      },
      {
        name: 'wrong code',
        reach: async (page, field) => {
          await field.input.pressSequentially(wrong)
          await part(page, 'error').waitFor()
        },
      },
      {
        name: 'recovery codes',
        reach: async (page, field) => {
          await field.input.pressSequentially(right)
          await page.locator('li').first().waitFor()
        },
      },
      {
        name: 'copied',
        reach: async (page) => {
          await action(page, 'copy').click()
          await expect(part(page, 'recovery-codes')).toHaveAttribute('data-state', 'copied')
        },
      },
      {
        name: 'done',
        reach: async (page) => {
          await action(page, 'saved').click()
          await expect(part(page, 'enrollment')).toHaveAttribute('data-state', 'done')
        },
      },
    ],
  },
  challenge: {
    start: { kit: 'challenge', enrolled: true },
    steps: [
      { name: 'code', reach: (_, field) => field.input.waitFor() },
      {
        name: 'wrong code',
        reach: async (page, field) => {
          await field.input.pressSequentially(wrong)
          await part(page, 'error').waitFor()
        },
      },
      {
        name: 'locked',
        reach: async (page, field) => {
          await page.evaluate(() => window.bff.fail('authenticate', 'locked', { retryAfterSeconds: 300 }))
          await field.input.pressSequentially(wrong)
          await expect(part(page, 'error')).toHaveAttribute('data-state', 'locked')
        },
      },
      {
        name: 'recovery code',
        reach: async (page) => {
          await action(page, 'use-recovery-code').click()
          await expect(part(page, 'recovery-code-input')).toBeFocused()
        },
      },
      {
        name: 'choice afterwards',
        reach: async (page) => {
          const code = await page.evaluate(() => window.bff.recoveryCodes[0])
          await part(page, 'recovery-code-input').fill(` ${code?.toUpperCase().replaceAll('-', ' – ')} `)
          await page.keyboard.press('Enter')
          await expect(part(page, 'challenge')).toHaveAttribute('data-state', 'after')
        },
      },
    ],
  },
  settings: {
    start: { kit: 'settings', enrolled: true, verified: 'totp', fresh: false, required: true, left: 3 },
    steps: [
      { name: 'home', reach: (page) => action(page, 'rotate').waitFor() },
      {
        name: 'confirmation',
        reach: async (page) => {
          await action(page, 'rotate').click()
          await action(page, 'continue').waitFor()
        },
      },
      {
        name: 'step-up',
        reach: async (page) => {
          await action(page, 'continue').click()
          await part(page, 'step-up').waitFor()
        },
      },
      {
        name: 'new codes',
        reach: async (page, field) => {
          await field.input.pressSequentially(right)
          await page.locator('li').first().waitFor()
        },
      },
      {
        name: 'home again',
        reach: async (page) => {
          await action(page, 'saved').click()
          await action(page, 'rotate').waitFor()
        },
      },
    ],
  },
}

for (const [name, { start, steps }] of Object.entries(walks)) {
  for (const theme of ['light', 'dark'] as const)
    test(`axe finds nothing in any state of ${name}, ${theme}`, async ({ visit, page }) => {
      await page.emulateMedia({ colorScheme: theme })
      const field = await visit(flow(start))
      for (const step of steps) {
        await step.reach(page, field)
        const { violations } = await new AxeBuilder({ page }).include('main').analyze()
        expect({ step: step.name, violations }).toEqual({ step: step.name, violations: [] })
      }
    })

  for (const [said, locale, dir] of [
    ['', undefined],
    [' right to left', undefined, 'rtl'],
    [' in a language of long words', 'de'],
  ] as const)
    test(`no state of ${name} is wider than 320 pixels${said}`, async ({ visit, page }) => {
      await page.setViewportSize({ width: 320, height: 640 })
      const field = await visit({ ...flow({ ...start, locale }), dir })
      for (const step of steps) {
        await step.reach(page, field)
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        expect({ step: step.name, width }).toEqual({ step: step.name, width: 320 })
        for (const button of await page.getByRole('button').all())
          expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
      }
    })
}

test.describe('by keyboard alone', () => {
  test('an enrolment: the focus goes along with each step', async ({ visit, page }) => {
    const field = await visit(flow({ kit: 'enrollment' }))
    await action(page, 'start').waitFor()
    await field.press('Tab')
    await expect(action(page, 'start')).toBeFocused()
    await field.press('Enter')
    await expect(page.getByRole('heading', { name: 'Set up an authenticator app' })).toBeFocused()
    for (const stop of ['link', 'copy', 'field'] as const) {
      await field.press('Tab')
      if (stop === 'link') await expect(page.getByRole('link')).toBeFocused()
      if (stop === 'copy') await expect(action(page, 'copy')).toBeFocused()
      if (stop === 'field') await expect(field.input).toBeFocused()
    }
    await field.press(...wrong)
    await expect(page.getByRole('alert').filter({ hasText: 'wrong' })).toBeVisible()
    await expect(field.input).toBeFocused()
    await expect(field.input).toHaveValue('')
    await field.press(...right)
    await expect(page.getByRole('heading', { name: 'Save your recovery codes' })).toBeFocused()
    for (const name of ['copy', 'download', 'print', 'saved']) {
      await field.press('Tab')
      await expect(action(page, name)).toBeFocused()
    }
    await field.press('Enter')
    await expect(part(page, 'enrollment')).toHaveAttribute('data-state', 'done')
    await expect(page.getByRole('heading', { name: 'Set up an authenticator app' })).toBeFocused()
  })

  test('R04: to a recovery code and back is one key each, and the focus is in the field', async ({
    visit,
    page,
  }) => {
    const field = await visit(flow({ kit: 'challenge', enrolled: true }))
    await action(page, 'use-recovery-code').focus()
    await field.press('Enter')
    await expect(part(page, 'recovery-code-input')).toBeFocused()
    await action(page, 'use-code').focus()
    await field.press('Enter')
    await expect(field.input).toBeFocused()
    await expect(field.input).toHaveValue('')
  })

  test('a step-up: the dialog keeps the focus, Escape closes it and gives the focus back', async ({
    visit,
    page,
  }) => {
    const field = await visit(flow({ kit: 'settings', enrolled: true, verified: 'totp', fresh: false }))
    await action(page, 'reveal').focus()
    await field.press('Enter')
    await expect(field.input).toBeFocused()
    await field.press('Tab', 'Tab', 'Tab', 'Tab')
    expect(
      await page.evaluate(() => document.activeElement?.closest('dialog') !== null || !document.hasFocus()),
    ).toBe(true)
    await field.press('Escape')
    await expect(part(page, 'step-up')).toHaveCount(0)
    await expect(action(page, 'reveal')).toBeFocused()
  })
})

test.describe('a code on its way', () => {
  test('S01: that the last digit sends the code is said beforehand, and there is a button as well', async ({
    visit,
    page,
  }) => {
    await visit(flow({ kit: 'challenge', enrolled: true }))
    await expect(page.getByText('The last digit sends the code.')).toBeVisible()
    await expect(action(page, 'submit')).toBeVisible()
  })

  test('S02, F07: one request a code, and the field waits with the focus', async ({ visit, page }) => {
    const field = await visit(flow({ kit: 'challenge', enrolled: true }))
    await page.evaluate(() => {
      const release = window.bff.hold('authenticate')
      document.addEventListener('release', release, { once: true })
    })
    await field.input.focus()
    await field.paste(wrong)
    await field.press('Enter', 'Backspace')
    await field.paste(wrong)
    await expect(field.input).toHaveAttribute('aria-busy', 'true')
    await expect(page.getByRole('status').filter({ hasText: /\S/ })).toHaveCount(1)
    await expect(field.input).toBeFocused()
    await page.evaluate(() => document.dispatchEvent(new Event('release')))
    await part(page, 'error').waitFor()
    expect(await page.evaluate(() => window.bff.count('authenticate'))).toBe(1)
    await expect(field.input).toBeFocused()
  })

  for (const width of [320, 800])
    test(`S03: an error moves nothing on a page of ${width} pixels`, async ({ visit, page }) => {
      await page.setViewportSize({ width, height: 700 })
      const field = await visit(flow({ kit: 'challenge', enrolled: true }))
      const before = await action(page, 'submit').boundingBox()
      await field.input.pressSequentially(wrong)
      await part(page, 'error').waitFor()
      expect(await action(page, 'submit').boundingBox()).toEqual(before)
    })

  for (const [locale, width] of [
    ...(['de', 'es', 'fr', 'nl', 'ptBR'] as const).map((locale) => [locale, 320] as const),
    ['de', 440],
    ['fr', 440],
    ['fr', 470],
  ] as const)
    test(`S03: an error moves nothing on a page of ${width} pixels in a language of long sentences: ${locale}`, async ({
      visit,
      page,
    }) => {
      await page.setViewportSize({ width, height: 700 })
      const field = await visit(flow({ kit: 'challenge', enrolled: true, locale }))
      const before = await action(page, 'submit').boundingBox()
      await field.input.pressSequentially(wrong)
      await expect(part(page, 'error')).toHaveAttribute('data-state', 'invalid_code')
      expect(await action(page, 'submit').boundingBox()).toEqual(before)
      await page.evaluate(() => window.bff.fail('authenticate', 'locked', { retryAfterSeconds: 900 }))
      await field.input.pressSequentially(wrong)
      await expect(part(page, 'error')).toHaveAttribute('data-state', 'locked')
      expect(await action(page, 'submit').boundingBox()).toEqual(before)
    })

  for (const kit of ['challenge', 'recover'] as const)
    test(`T81: a code that is sent before there is a script stays out of the address: ${kit}`, async ({
      browser,
      origin,
    }) => {
      const context = await browser.newContext({ javaScriptEnabled: false, baseURL: origin })
      const page = await context.newPage()
      await page.goto(address({ ...flow({ kit, enrolled: true }), ssr: true }))
      await page.getByRole('textbox').fill('123456')
      const [request] = await Promise.all([page.waitForRequest('**'), page.keyboard.press('Enter')])
      expect(request.method()).toBe('POST')
      expect(request.url()).not.toContain('123456')
      await context.close()
    })

  test('S06: the field is not described anew each second of a wait', async ({ visit, page }) => {
    const field = await visit(flow({ kit: 'challenge', enrolled: true }))
    await page.evaluate(() => window.bff.fail('authenticate', 'rate_limited', { retryAfterSeconds: 40 }))
    await field.input.pressSequentially(wrong)
    await expect(page.getByRole('timer')).not.toHaveText('Try again in 40 sec.')
    const description = /Too many attempts\. Try again in 40 sec\.$/
    await expect(field.input).toHaveAccessibleDescription(description)
  })

  test('S06: a wait is counted in a timer that is not read aloud each second', async ({ visit, page }) => {
    const field = await visit(flow({ kit: 'challenge', enrolled: true }))
    await page.evaluate(() => window.bff.fail('authenticate', 'rate_limited', { retryAfterSeconds: 3 }))
    await field.input.pressSequentially(wrong)
    const timer = page.getByRole('timer')
    await expect(timer).toHaveAttribute('aria-live', 'off')
    await expect(field.input).toBeEditable()
    await expect(timer).toHaveCount(0)
    await expect(page.getByRole('status').filter({ hasText: 'again' })).toBeVisible()
  })
})

test.describe('the recovery-code field', () => {
  test('R01, R02: a text keyboard, and any way of writing a code', async ({ visit, page }) => {
    await visit(flow({ kit: 'recover', enrolled: true }))
    const input = part(page, 'recovery-code-input')
    await expect(input).toHaveAttribute('inputmode', 'text')
    await expect(input).toHaveAttribute('autocapitalize', 'none')
    await expect(input).toHaveAttribute('spellcheck', 'false')
    await expect(input).not.toHaveAttribute('maxlength')
    const code = await page.evaluate(() => window.bff.recoveryCodes[0])
    await input.fill(`\u00a0${code?.toUpperCase().replaceAll('-', '\u2014')}\n`)
    await page.keyboard.press('Enter')
    await expect(part(page, 'recover')).toHaveAttribute('data-state', 'after')
  })
})

test.describe('light and dark', () => {
  /** Puts the page into elements with a theme, from the outside in. */
  const within = (page: Page, ...themes: string[]) =>
    page.locator('#root').evaluate((root, around) => {
      let inner = root
      for (const theme of around.toReversed()) {
        const outer = document.createElement('div')
        outer.dataset.theme = theme
        inner.replaceWith(outer)
        outer.append(inner)
        inner = outer
      }
    }, themes)

  for (const themes of [['light', 'dark'], ['dark', 'light'], ['dark'], ['light']])
    test(`the nearest theme holds: ${themes.join(', then ')}`, async ({ visit, page }) => {
      await visit(flow({ kit: 'challenge', enrolled: true }))
      await within(page, ...themes)
      await expect(part(page, 'challenge')).toHaveCSS('color-scheme', themes.at(-1) ?? '')
    })

  test('Q03: a QR code stays dark on light whatever the themes around it', async ({ visit, page }) => {
    await visit(flow({ kit: 'enrollment' }))
    await action(page, 'start').click()
    await part(page, 'qr-code').waitFor()
    await within(page, 'dark', 'light')
    await expect(part(page, 'enrollment')).toHaveCSS('color-scheme', 'light')
    await expect(part(page, 'qr-code')).toHaveCSS('color-scheme', 'light only')
  })

  test('a part used alone has the theme around it', async ({ visit, page }) => {
    const field = await visit({ props: { error: 'That code is wrong.' } })
    await expect(page.getByRole('alert')).toHaveCSS('color', 'rgb(179, 23, 43)')
    await within(page, 'dark')
    await expect(page.getByRole('alert')).toHaveCSS('color', 'rgb(255, 154, 165)')
    await expect(field.input).toBeVisible()
  })
})

test('in forced colours, where buttons have borders, no two of them overlap the gap between', async ({
  visit,
  page,
}) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await visit(flow({ kit: 'settings', enrolled: true, verified: 'totp' }))
  await action(page, 'remove').click()
  await expect(action(page, 'cancel')).toHaveCSS('margin-inline-start', '0px')
})

test('a card keeps its width in what fits its content, and grows no wider than the window', async ({
  visit,
  page,
}) => {
  await visit(flow({ kit: 'challenge', enrolled: true }))
  const widths = () =>
    page.evaluate(() => {
      const card = document.querySelector('[data-kit="challenge"]') as HTMLElement
      const dialog = card.closest('dialog') ?? document.createElement('dialog')
      if (!dialog.open) {
        document.body.append(dialog)
        dialog.append(card)
        dialog.showModal()
      }
      return { card: card.offsetWidth, tooWide: dialog.scrollWidth > dialog.clientWidth }
    })
  await page.setViewportSize({ width: 1200, height: 800 })
  expect(await widths()).toEqual({ card: 480, tooWide: false })
  await page.setViewportSize({ width: 320, height: 800 })
  const { card, tooWide } = await widths()
  expect([card > 220 && card < 320, tooWide]).toEqual([true, false])
})

test.describe('on a phone', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } })

  test('Q04: the link to the app on the same device comes before the picture', async ({ visit, page }) => {
    await visit(flow({ kit: 'enrollment' }))
    await action(page, 'start').click()
    const link = page.getByRole('link')
    await expect(link).toHaveAttribute('href', /^otpauth:\/\/totp\//)
    const order = await page.evaluate(() => {
      const [link, picture] = [
        document.querySelector('main a'),
        document.querySelector('[data-kit="qr-code"]'),
      ]
      return link && picture && link.compareDocumentPosition(picture) & Node.DOCUMENT_POSITION_FOLLOWING
    })
    expect(order).toBe(4)
  })
})
