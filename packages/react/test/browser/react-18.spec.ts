import { expect, test } from './kit.js'

test.describe('under React 18', () => {
  test('a code is typed, pasted, completed once, at one commit a key', async ({ visit }) => {
    const field = await visit({ react18: true })
    await field.press('Tab', ...'12345')
    const { commits } = await field.log()
    await field.press('6')
    expect((await field.log()).commits).toBe(commits + 1)
    await field.paste('654 321')
    await field.expectValue('654321')
    await field.expectCompletes('123456', '654321')
  })

  for (const page of ['code', 'key', 'codes', 'flow'])
    test(`server rendering and hydration say nothing: ${page}`, async ({ visit }) => {
      const { page: opened } = await visit({ page, ssr: true, strict: true, react18: true })
      // Hydrated: a node of React's hangs on the root.
      await opened.waitForFunction(() =>
        Object.keys(document.querySelector('main') ?? {}).some((name) => name.startsWith('__react')),
      )
    })

  test('an enrolment goes from the start to the end', async ({ visit, page }) => {
    const field = await visit({ page: 'flow', props: { kit: 'enrollment' }, strict: true, react18: true })
    await page.locator('[data-kit-action="start"]').click()
    await field.input.pressSequentially('222222')
    await page.locator('[data-kit="error"]').waitFor()
    await field.input.pressSequentially('111111')
    await expect(page.locator('li')).toHaveCount(10)
    await page.locator('[data-kit-action="saved"]').click()
    await expect(page.locator('[data-kit="enrollment"]')).toHaveAttribute('data-state', 'done')
  })

  test('a step-up dialog opens and closes', async ({ visit, page }) => {
    const field = await visit({
      page: 'flow',
      props: { enrolled: true, verified: 'totp', fresh: false },
      react18: true,
    })
    await page.locator('[data-kit-action="reveal"]').click()
    await expect(page.locator('[data-kit="step-up"]')).toBeVisible()
    await field.press('Escape')
    await expect(page.locator('[data-kit="step-up"]')).toHaveCount(0)
  })
})
