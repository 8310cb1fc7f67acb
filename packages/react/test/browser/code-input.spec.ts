import { expect, test } from './kit.js'

test.describe('typing', () => {
  test('T01: six digits complete once', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('T02: letters and symbols between digits are left out and the caret stays', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '1', 'a', '!', 'e', '-', '2')
    await field.expectValue('12')
    await field.expectActive(2)
    await field.press('Home', 'x', '9')
    await field.expectValue('912')
  })

  test('T03: the same key six times gives six digits', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'111111')
    await field.expectValue('111111')
    await field.expectCompletes('111111')
  })

  test('T04: no digit is lost on a slow processor', async ({ visit, page }) => {
    const field = await visit()
    const session = await page.context().newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    await field.press('Tab')
    await Promise.all([...'123456'].map((key) => page.keyboard.press(key)))
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('T05: leading zeros stay', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'000123')
    await field.expectValue('000123')
    await field.expectCompletes('000123')
  })

  test('a key costs one commit', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab')
    const { commits } = await field.log()
    await field.press('1')
    expect((await field.log()).commits).toBe(commits + 1)
    await field.press(...'23456')
    expect((await field.log()).commits).toBe(commits + 6)
  })

  test('eight digits where eight are asked for', async ({ visit }) => {
    const field = await visit({ props: { length: 8 } })
    await field.press('Tab', ...'123456')
    await field.expectCompletes()
    await field.press('7', '8')
    await field.expectValue('12345678')
    await field.expectCompletes('12345678')
  })

  test('the field keeps its own value when the host does not', async ({ visit }) => {
    const field = await visit({ props: { uncontrolled: true } })
    await field.press('Tab', ...'123456', 'Backspace', '7')
    await field.expectValue('123457')
    await field.expectCompletes('123456', '123457')
  })

  test('M15: completes once under StrictMode', async ({ visit }) => {
    const field = await visit({ strict: true })
    await field.press('Tab', ...'123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })
})

test.describe('paste', () => {
  for (const [id, text] of [
    ['P01', '123456'],
    ['P02', '123 456'],
    ['P03', '123-456'],
    ['P04', ' 123456\n'],
    ['P05', '12\u00a034\u200b\u201356'],
    ['P06', 'Your code is 123456.'],
    ['P07', '1234567890'],
  ] as const)
    test(`${id}: ${JSON.stringify(text)} pasted is a code`, async ({ visit }) => {
      const field = await visit()
      await field.press('Tab')
      await field.paste(text)
      await field.expectValue('123456')
      await field.expectCompletes('123456')
      expect((await field.log()).changes).toEqual([{ value: '123456', reason: 'paste' }])
    })

  test('P08: typing goes on after a partial paste', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab')
    await field.paste('12')
    await field.press(...'3456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('P09: a whole code replaces digits typed before', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '9', '9')
    await field.paste('123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('P10: a whole code replaces a full field and completes once', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'999999')
    await field.paste('123456')
    await field.expectValue('123456')
    await field.expectCompletes('999999', '123456')
  })

  test('P11: a whole code over everything selected completes', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'999999', 'Control+A')
    await field.paste('123456')
    await field.expectValue('123456')
    await field.expectCompletes('999999', '123456')
  })

  test('P12: a text without digits changes nothing', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '1', '2')
    await field.paste('hello')
    await field.expectValue('12')
    await field.press('Control+A')
    await field.paste('hello')
    await field.expectValue('12')
  })

  test('P13: the same code completes again after the host cleared it', async ({ visit }) => {
    const field = await visit({ props: { clearsOnComplete: true } })
    await field.press('Tab')
    await field.paste('123456')
    await expect(field.input).toHaveValue('')
    await field.paste('123456')
    await expect(field.input).toHaveValue('')
    await field.expectCompletes('123456', '123456')
    await expect.poll(field.drawn).toBe('')
    expect(await field.focused()).toBe(true)
  })

  test('a dropped text is a paste', async ({ visit, page }) => {
    const field = await visit()
    await page.evaluate(() => {
      const source = document.querySelector('h1') as HTMLElement
      source.textContent = '123 456'
      getSelection()?.selectAllChildren(source)
    })
    await page.locator('h1').dragTo(field.input, { sourcePosition: { x: 12, y: 18 } })
    await field.expectValue('123456')
    await field.expectCompletes('123456')
    await expect.poll(async () => (await field.log()).changes.at(-1)?.reason).toBe('paste')
  })
})

test.describe('autofill and password managers', () => {
  test('A01: the whole code as one insertion', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab')
    await page.keyboard.insertText('123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
    expect((await field.log()).changes).toEqual([{ value: '123456', reason: 'autofill' }])
    await field.expectActive(5)
    expect(await field.input.evaluate((input: HTMLInputElement) => input.selectionStart)).toBe(6)
  })

  test('A02: the native setter with input and change', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab')
    await field.fill('123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A03: a manager writes over digits typed before', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '9', '9')
    await field.fill('123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A04: an extension that gives a digit to each text box', async ({ visit, page }) => {
    const field = await visit()
    await page.evaluate(() => {
      const inputs = [...document.querySelectorAll('input')]
      const code = '123456'
      for (const [i, input] of inputs.entries()) {
        input.focus()
        input.value = inputs.length < code.length ? code : code.charAt(i)
        input.dispatchEvent(new Event('input', { bubbles: true }))
      }
    })
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A05: an extension that writes the whole code into every text box', async ({ visit, page }) => {
    const field = await visit()
    await page.evaluate(() => {
      for (const input of document.querySelectorAll('input')) {
        input.value = '123456'
        input.dispatchEvent(new Event('input', { bubbles: true }))
      }
    })
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A06: a manager whose value has a space', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab')
    await field.fill('123 456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A07: exactly one input asks for a one-time code', async ({ visit, page }) => {
    await visit()
    await expect(page.locator('input')).toHaveCount(1)
    await expect(page.locator('input[autocomplete="one-time-code"]')).toHaveCount(1)
  })

  test('A08: the input takes a whole code and more', async ({ visit }) => {
    const field = await visit()
    await expect(field.input).not.toHaveAttribute('maxlength')
  })

  test('A09: a text field with a numeric keyboard', async ({ visit }) => {
    const { input } = await visit()
    await expect(input).toHaveAttribute('type', 'text')
    await expect(input).toHaveAttribute('inputmode', 'numeric')
    await expect(input).toHaveAttribute('spellcheck', 'false')
    await expect(input).toHaveAttribute('autocapitalize', 'off')
  })

  test('A10: the shortcuts of a manager pass', async ({ visit, page }) => {
    const field = await visit()
    await page.evaluate(() => {
      addEventListener('keydown', (event) => {
        document.body.dataset.prevented = String(event.defaultPrevented)
      })
    })
    await field.press('Tab')
    for (const shortcut of ['Control+Shift+L', 'Meta+\\']) {
      await field.press(shortcut)
      await expect(page.locator('body')).toHaveAttribute('data-prevented', 'false')
    }
  })

  test('A11: leaving the field keeps the code', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab')
    await field.paste('123456')
    await field.press('Tab')
    expect(await field.focused()).toBe(false)
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('A12: a fill in the background', async ({ visit }) => {
    const field = await visit()
    await field.fill('123456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
    await field.expectActive()
  })
})

test.describe('input methods and the digits of other scripts', () => {
  for (const [id, text] of [
    ['I01', '１２３４５６'],
    ['I02', '١٢٣٤٥٦'],
    ['I03', '۱۲۳۴۵۶'],
  ] as const) {
    test(`${id}: ${text} pasted is 123456`, async ({ visit }) => {
      const field = await visit()
      await field.press('Tab')
      await field.paste(text)
      await field.expectValue('123456')
      await field.expectCompletes('123456')
    })

    test(`${id}: ${text} typed is 123456`, async ({ visit, page }) => {
      const field = await visit()
      await field.press('Tab')
      for (const digit of text) await page.keyboard.insertText(digit)
      await field.expectValue('123456')
      await field.expectCompletes('123456')
    })
  }

  test('I04: a composed digit is one digit', async ({ visit, page }) => {
    const field = await visit()
    const session = await page.context().newCDPSession(page)
    await field.press('Tab')
    await session.send('Input.imeSetComposition', { text: '1', selectionStart: 1, selectionEnd: 1 })
    await session.send('Input.insertText', { text: '1' })
    await field.expectValue('1')
  })

  test('I05: a composition that grows is taken once', async ({ visit, page }) => {
    const field = await visit()
    const session = await page.context().newCDPSession(page)
    await field.press('Tab')
    for (const text of ['1', '12', '123'])
      await session.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      })
    await session.send('Input.insertText', { text: '123' })
    await field.expectValue('123')
    await field.press(...'456')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('I06: a cancelled composition leaves nothing', async ({ visit, page }) => {
    const field = await visit()
    const session = await page.context().newCDPSession(page)
    await field.press('Tab')
    await session.send('Input.imeSetComposition', { text: 'か', selectionStart: 1, selectionEnd: 1 })
    await session.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 })
    await field.press('1', '2')
    await field.expectValue('12')
  })

  test('I07: a keyboard that names no keys', async ({ visit, page }) => {
    const field = await visit()
    const session = await page.context().newCDPSession(page)
    await field.press('Tab')
    for (const text of '123456') {
      await session.send('Input.dispatchKeyEvent', {
        type: 'rawKeyDown',
        key: 'Unidentified',
        windowsVirtualKeyCode: 229,
      })
      await session.send('Input.insertText', { text })
    }
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })
})

test.describe('editing', () => {
  test('K01: a digit is corrected', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123', 'Backspace', '9')
    await field.expectValue('129')
  })

  test('K02: six backspaces empty a full field', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    for (const left of ['12345', '1234', '123', '12', '1', '']) {
      await field.press('Backspace')
      await field.expectValue(left)
    }
    await expect.poll(async () => (await field.log()).changes.at(-1)?.reason).toBe('delete')
  })

  test('K03: everything selected and deleted', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Control+A', 'Backspace')
    await field.expectValue('')
  })

  test('K04: everything selected and typed over', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Control+A', '9')
    await field.expectValue('9')
  })

  test('K05: a word deleted is the whole code', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'1234', 'Control+Backspace')
    await field.expectValue('')
  })

  test('K06: undo is the native one', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123', 'Control+Z')
    const undone = await field.value()
    expect(['', '12']).toContain(undone)
    await field.expectValue(undone)
    await field.press('Control+Shift+Z')
    await field.expectValue('123')
  })

  test('K07: delete at the start leaves no hole', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123', 'Home', 'Delete')
    await field.expectValue('23')
  })

  test('K08: a digit typed into a full field overwrites', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Home', '9')
    await field.expectValue('923456')
    await field.expectActive(1)
  })

  test('K09: a click puts the caret into its cell', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    await field.cells.nth(2).click({ force: true })
    await field.expectActive(2)
    await field.press('9')
    await field.expectValue('129456')
  })

  test('K09: a click behind the digits puts the caret after them', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '1', '2')
    await field.cells.nth(4).click({ force: true })
    await field.expectActive(2)
    await field.press('3')
    await field.expectValue('123')
  })

  test('K10: a selection by keyboard is typed over', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'1234', 'Shift+ArrowLeft', 'Shift+ArrowLeft')
    await field.expectActive(2, 3)
    await field.press('9')
    await field.expectValue('129')
  })

  test('K11: the whole code is copied', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Control+A', 'Control+C')
    expect(await field.clipboard()).toBe('123456')
    await field.expectValue('123456')
  })

  test('K12: the whole code is cut', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Control+A', 'Control+X')
    expect(await field.clipboard()).toBe('123456')
    await field.expectValue('')
  })

  test('K13: the field is one tab stop', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab', 'Tab')
    await expect(page.getByRole('button', { name: 'Verify' })).toBeFocused()
  })

  test('K14: tab leaves and comes back in one step', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', '1', '2', 'Tab')
    expect(await field.focused()).toBe(false)
    await field.press('Shift+Tab')
    expect(await field.focused()).toBe(true)
    await field.expectValue('12')
  })
})

test.describe('state and forms', () => {
  test('F01: the form carries one entry', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    await page.getByRole('button', { name: 'Verify' }).click()
    expect((await field.log()).submits).toEqual(['code=123456'])
  })

  test('F02: Enter submits once', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Enter')
    expect((await field.log()).submits).toEqual(['code=123456'])
  })

  for (const uncontrolled of [true, false])
    test(`F03: a form reset empties ${uncontrolled ? 'its own' : "the host's"} value`, async ({
      visit,
      page,
    }) => {
      const field = await visit({ props: { uncontrolled } })
      await field.press('Tab', ...'123')
      await page.locator('form').evaluate((form: HTMLFormElement) => form.reset())
      await field.expectValue('')
      expect((await field.log()).changes.at(-1)).toEqual({ value: '', reason: 'reset' })
      await field.press('4')
      await field.expectValue('4')
    })

  test('F04: a disabled field cannot be changed', async ({ visit }) => {
    const field = await visit({ props: { disabled: true, value: '12' } })
    await expect(field.input).toBeDisabled()
    await field.press('Tab', '3')
    await field.expectValue('12')
    await field.expectActive()
  })

  test('F05: a read-only field cannot be changed', async ({ visit }) => {
    const field = await visit({ props: { readOnly: true, value: '12' } })
    await field.press('Tab', '3')
    await field.paste('123456')
    await field.fill('123456')
    await field.expectValue('12')
    await field.expectCompletes()
  })

  test('F06: after the host clears it, typing starts anew', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123')
    await field.setProps({ value: '' })
    await field.press('4', '5')
    await field.expectValue('45')
  })

  test('F07: busy keeps the focus', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    await field.setProps({ busy: true })
    await expect(field.input).toHaveAttribute('aria-busy', 'true')
    expect(await field.focused()).toBe(true)
    await field.press('Backspace')
    await field.expectValue('123456')
    await field.setProps({ busy: false, value: '' })
    await field.press('4')
    await field.expectValue('4')
  })

  test('F07: the focus comes back after disabling', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab', ...'123456')
    await field.setProps({ disabled: true })
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('BODY')
    await field.setProps({ disabled: false, value: '' })
    await expect(field.input).toBeFocused()
    await field.press('4')
    await field.expectValue('4')
  })

  test('F07: a focus that went elsewhere is not taken back', async ({ visit, page }) => {
    const field = await visit()
    await field.press('Tab', '1')
    await field.setProps({ disabled: true })
    await page.getByRole('button', { name: 'Verify' }).focus()
    await field.setProps({ disabled: false })
    await expect(page.getByRole('button', { name: 'Verify' })).toBeFocused()
    await field.expectActive()
  })

  for (const strict of [false, true])
    test(`F08: autoFocus focuses${strict ? ' under StrictMode' : ''}`, async ({ visit }) => {
      const field = await visit({ strict, props: { autoFocus: true } })
      await expect(field.input).toBeFocused()
      await field.expectActive(0)
    })

  test('F09: a corrected last digit completes again', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', 'Backspace', '7')
    await field.expectValue('123457')
    await field.expectCompletes('123456', '123457')
  })

  test('F10: digits typed into a full field do not complete again', async ({ visit }) => {
    const field = await visit()
    await field.press('Tab', ...'123456', '7', '8')
    await field.expectValue('123456')
    await field.expectCompletes('123456')
  })

  test('a value that the host does not accept is taken back', async ({ visit }) => {
    const field = await visit({ props: { refuses: true, value: '12' } })
    await field.press('Tab', 'End', '3')
    await expect(field.input).toHaveValue('12')
    await expect.poll(field.drawn).toBe('12')
    await field.press('Backspace')
    await expect(field.input).toHaveValue('12')
  })

  test('S04: a whole code that sends a form leaves the focus on the field that stopped it', async ({
    visit,
    page,
  }) => {
    const field = await visit({ props: { sends: true } })
    const email = page.getByLabel('E-mail')
    await field.input.focus()
    await field.press(...'123456')
    await expect(email).toBeFocused()
    await field.expectCompletes('123456')
    expect((await field.log()).submits).toEqual([])
    await field.expectValue('123456')
    await expect(email).toBeFocused()
    await email.fill('ada@example.com')
    await field.press('Enter')
    expect((await field.log()).submits).toEqual(['email=ada@example.com&code=123456'])
  })

  test('S05: a code that the host accepts later is shown then, completed once, and keeps the focus', async ({
    visit,
  }) => {
    const field = await visit({ props: { acceptsAfterMs: 50 } })
    await field.press('Tab')
    await field.paste('123456')
    await field.expectCompletes('123456')
    await expect(field.input).toHaveValue('123456')
    await expect.poll(field.drawn).toBe('123456')
    expect(await field.focused()).toBe(true)
    await field.expectCompletes('123456')
  })

  test('S05: a code that the host never accepts is shown nowhere, and the focus stays', async ({ visit }) => {
    const field = await visit({ props: { refuses: true } })
    await field.press('Tab')
    await field.paste('123456')
    await expect(field.input).toHaveValue('')
    await expect.poll(field.drawn).toBe('')
    expect(await field.focused()).toBe(true)
  })
})
