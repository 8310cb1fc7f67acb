/** A code after an edit: its digits and where the caret stands. */
export interface CodeEdit {
  readonly value: string
  readonly caret: number
  /** The digits arrived together: a paste, an autofill, a drop. */
  readonly bulk: boolean
}

/**
 * The digits of a text in ASCII, whatever their script or width, without everything else:
 * `' 123-456\n'`, `'１２３ ４５６'` and `'١٢٣٤٥٦'` are all `'123456'`.
 *
 * @see https://www.unicode.org/reports/tr44/#General_Category_Values (`Nd`)
 */
export function digitsOf(text: string): string {
  return text.normalize('NFKC').replace(/./gsu, (char) => {
    // Unicode keeps the ten digits of a script in a row, so the place in the row is the value.
    let place = 0
    while (/\p{Nd}/u.test(String.fromCodePoint((char.codePointAt(0) as number) - place))) place++
    return place ? String((place - 1) % 10) : ''
  })
}

/**
 * Reads what the browser made of a field, as people expect of a code:
 * - a text without digits changes nothing, not even the selected digits;
 * - a text of a whole code replaces everything, wherever the caret was;
 * - anything shorter goes in at the selection, and what has no room any more pushes out the digits right after it;
 * - a deletion or an undo is taken as it stands.
 *
 * What stands behind the caret was there before, and so was what both texts begin with: the edit is in between.
 *
 * @param code the digits before the edit
 * @param text the field's text after it
 * @param position where the caret stands in that text
 * @param length digits of a whole code
 */
export function readEdit(code: string, text: string, position: number, length: number): CodeEdit {
  const behind = text.slice(position)
  const tail = code.endsWith(behind) ? behind : ''
  const old = code.slice(0, code.length - tail.length)
  const now = text.slice(0, text.length - tail.length)
  let start = 0
  while (old[start] && old[start] === now[start]) start++
  const digits = digitsOf(now.slice(start))
  const head = old.slice(0, start) + digits
  const excess = Math.max(0, head.length + tail.length - length)
  let value = head + tail.slice(excess)
  if (digits.length >= length) value = digits
  else if (!digits && now[start]) value = code
  return {
    value: value.slice(0, length),
    caret: Math.min(length, head.length),
    bulk: digits.length > 1,
  }
}
