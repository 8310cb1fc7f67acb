import { describe, expect, it } from 'vitest'
import { digitsOf, readEdit } from './code-value.js'

describe('T102: digitsOf', () => {
  it.each([
    ['123456', '123456'],
    ['123 456', '123456'],
    ['123-456', '123456'],
    [' 123456\n', '123456'],
    ['123\u00a0456', '123456'],
    ['123\u200b\u2013456', '123456'],
    ['Your code is 123456.', '123456'],
    ['000123', '000123'],
    ['１２３４５６', '123456'],
    ['١٢٣٤٥٦', '123456'],
    ['۱۲۳۴۵۶', '123456'],
    ['①②③', '123'],
    ['𝟏𝟚𝟛𝟺', '1234'],
    ['a!e-', ''],
    ['', ''],
  ])('%j holds %j', (text, digits) => expect(digitsOf(text)).toBe(digits))

  it('reads the digits of every numbering system that Intl can write', () => {
    const systems = Intl.supportedValuesOf('numberingSystem')
    expect(systems.length).toBeGreaterThan(70)
    for (const system of systems) {
      const write = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false })
      const digits = Array.from({ length: 10 }, (_, digit) => write.format(digit))
      if (!digits.every((digit) => /^\p{Nd}$/u.test(digit))) continue
      expect(`${system} ${digitsOf(digits.join(''))}`).toBe(`${system} 0123456789`)
    }
  })
})

/** `12|34` is a caret, `1[23]4` a selection. */
function field(text: string) {
  const value = text.replace(/[[\]|]/g, '')
  const start = text.search(/[[|]/)
  const end = text.includes(']') ? text.indexOf(']') - 1 : start
  return { value, start, end }
}

/** The edit that leads from one field to another. */
function edit(before: string, after: string, length = 6) {
  const { value, caret, bulk } = readEdit(field(before).value, field(after).value, field(after).end, length)
  return { shown: `${value.slice(0, caret)}|${value.slice(caret)}`, bulk }
}

/** The edit that a text makes, typed, pasted or dropped over the selection. */
function insertion(before: string, text: string, length = 6) {
  const { value, start, end } = field(before)
  return edit(before, `${value.slice(0, start)}${text}|${value.slice(end)}`, length)
}

describe('readEdit of an insertion', () => {
  it.each([
    ['a digit goes in at the caret', '12|', '3', '123|'],
    ['a digit between others moves them along', '1|34', '2', '12|34'],
    ['a digit among its equals goes in', '1|11', '1', '11|11'],
    ['a selection is replaced', '1[23]4', '9', '19|4'],
    ['a selection is replaced by what it was', '1[23]4', '23', '123|4'],
    ['a selection is replaced by what begins alike', '1[23]4', '29', '129|4'],
    ['a text without digits changes nothing', '12|', 'abc', '12|'],
    ['a text without digits changes nothing in the middle', '1|2', 'a', '1|2'],
    ['a text without digits does not take the selection with it', '[12]3', 'abc', '|123'],
    ['a whole code replaces everything at the end', '99|', '123456', '123456|'],
    ['a whole code replaces everything at the start', '|99', '123456', '123456|'],
    ['a whole code replaces its own beginning', '12|', '123456', '123456|'],
    ['a whole code replaces a full code', '99999|9', '123 456', '123456|'],
    ['a longer text is cut', '|', '1234567890', '123456|'],
    ['on a full code a digit overwrites the next', '|123456', '9', '9|23456'],
    ['on a full code a digit overwrites in the middle', '12|3456', '9', '129|456'],
    ['on a full code a digit overwrites the one after its equal', '1|23456', '1', '11|3456'],
    ['at the end of a full code nothing more goes in', '123456|', '7', '123456|'],
    ['only as many digits are overwritten as have no room', '|12345', '99', '99|2345'],
    ['a partial paste runs out at the end', '1234|', '56789', '123456|'],
    ['digits of another script count', '12|', '٣', '123|'],
    ['digits outside of the basic plane count', '12|', '𝟛', '123|'],
  ])('%s', (_, before, text, after) => expect(insertion(before, text).shown).toBe(after))

  it('takes eight digits where eight are asked for', () => {
    expect(insertion('12|', '12345678', 8).shown).toBe('12345678|')
    expect(insertion('12|', '123456', 8).shown).toBe('12123456|')
  })

  it('says when digits arrived together', () => {
    expect(insertion('|', '1').bulk).toBe(false)
    expect(insertion('|', '12').bulk).toBe(true)
    expect(insertion('123456|', '7').bulk).toBe(false)
    expect(insertion('123456|', 'abc').bulk).toBe(false)
    expect(insertion('[123456]', '123456').bulk).toBe(false)
  })
})

describe('readEdit of anything else', () => {
  it.each([
    ['backspace', '123|', '12|', '12|'],
    ['delete', '|123', '|23', '|23'],
    ['delete among equal digits', '1|11', '1|1', '1|1'],
    ['a removed selection', '1[23]4', '1|4', '1|4'],
    ['everything removed', '[1234]', '|', '|'],
    ['an undo', '123|', '|', '|'],
    ['an undo that brings back a code', '|', '123456|', '123456|'],
    ['a program that writes a code', '12|', '345678|', '345678|'],
    ['a program that writes a code and leaves the caret', '|99', '|123 456', '123456|'],
    ['a program that empties the field', '12|', '|', '|'],
  ])('%s', (_, before, after, result) => expect(edit(before, after).shown).toBe(result))
})
