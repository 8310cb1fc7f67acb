/** What a text field holds: its characters and the selected range, in UTF-16 units. */
export interface FieldText {
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A code after an edit: its digits and where the caret stands. */
export interface CodeEdit {
  readonly value: string
  readonly caret: number
  /** More than one digit arrived at once: a paste, an autofill, a drop. */
  readonly bulk: boolean
}

const decimalDigit = /\p{Nd}/u

/** Unicode keeps the ten digits of a script in a row, so the distance to the row's start is the value. */
function asciiOf(digit: string): number {
  const point = digit.codePointAt(0) ?? 0
  let value = 0
  while (decimalDigit.test(String.fromCodePoint(point - value - 1))) value++
  return value % 10
}

/**
 * The digits of a text in ASCII, whatever their script or width, without everything else:
 * `' 123-456\n'`, `'１２３ ４５６'` and `'١٢٣٤٥٦'` are all `'123456'`.
 *
 * @see https://www.unicode.org/reports/tr44/#General_Category_Values (`Nd`)
 */
export function digitsOf(text: string): string {
  return (text.normalize('NFKC').match(/\p{Nd}/gu) ?? []).map(asciiOf).join('')
}

/**
 * Reads what the browser made of a field, as people expect of a code:
 * - a text without digits changes nothing, not even the selected digits;
 * - a text of a whole code replaces everything, wherever the caret was;
 * - anything shorter goes in at the selection, and what has no room any more pushes out the digits right after it;
 * - a deletion or an undo is taken as it stands.
 *
 * @param before the field just before the edit; without it somebody else wrote the whole value
 * @param after the field now
 * @param length digits of a whole code
 */
export function readEdit(before: FieldText | undefined, after: FieldText, length: number): CodeEdit {
  const { value: old, start, end } = before ?? { value: '', start: 0, end: 0 }
  const head = old.slice(0, start)
  const tail = old.slice(end)
  const inserted = after.value.slice(start, after.value.length - tail.length)
  const digits = digitsOf(inserted)
  let value = digitsOf(after.value)
  if (inserted && head + inserted + tail === after.value) {
    const excess = Math.max(0, value.length - length)
    value = digits.length < length ? head + digits + tail.slice(excess) : digits
    if (!digits) value = old
  }
  return {
    value: value.slice(0, length),
    caret: Math.min(length, digitsOf(after.value.slice(0, after.end)).length),
    bulk: digits.length > 1,
  }
}
