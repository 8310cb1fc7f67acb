import { expect, test } from './kit.js'

const challenge = { page: 'flow', split: true, props: { kit: 'challenge', enrolled: true } }
const later = '**/split/recovery-*.js'

test.describe('where the part for recovery codes is a file of its own', () => {
  test('it is loaded when the person asks for it, and the focus goes along', async ({ visit, page }) => {
    const loaded: string[] = []
    page.on('request', (request) => loaded.push(request.url()))
    const field = await visit(challenge)
    await expect(field.input).toBeVisible()
    expect(loaded.filter((url) => url.includes('/recovery-'))).toEqual([])
    await page.locator('[data-kit-action="use-recovery-code"]').click()
    await expect(page.locator('[data-kit="recovery-code-input"]')).toBeFocused()
    expect(loaded.filter((url) => url.includes('/recovery-'))).toHaveLength(1)
  })

  test('the form waits while it comes, and says when it does not; a code still signs in', async ({
    visit,
    page,
  }) => {
    const field = await visit(challenge)
    let fail = () => {}
    const asked = new Promise<void>((resolve) => {
      void page.route(later, async (route) => {
        await new Promise<void>((failed) => {
          fail = failed
          resolve()
        })
        await route.abort()
      })
    })
    await page.locator('[data-kit-action="use-recovery-code"]').click()
    await asked
    await expect(field.input).toHaveAttribute('aria-busy', 'true')
    fail()
    await expect(page.locator('[data-kit="error"]')).toHaveText('Something went wrong. Reload the page.')
    await expect(page.locator('[data-kit-action="use-recovery-code"]')).toBeVisible()
    await expect(field.input).toBeFocused()
    await field.press(...'111111')
    await expect.poll(async () => (await field.log()).passed).toBe(1)
  })

  test('a person with few recovery codes left goes on where the warning cannot be loaded', async ({
    visit,
    page,
  }) => {
    await page.route(later, (route) => route.abort())
    const field = await visit({ ...challenge, props: { ...challenge.props, left: 2 } })
    await field.input.pressSequentially('111111')
    await expect.poll(async () => (await field.log()).passed).toBe(1)
  })
})
