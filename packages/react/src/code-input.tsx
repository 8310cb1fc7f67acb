'use client'

import {
  type ComponentPropsWithoutRef,
  forwardRef,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { readEdit } from './code-value.js'

type OwnProps = 'value' | 'defaultValue' | 'onChange' | 'type' | 'maxLength' | 'children'

/** Why a code changed: keys, a paste or drop, a program or the keyboard's suggestion, a deletion, a form reset. */
export type CodeChangeReason = 'type' | 'paste' | 'autofill' | 'delete' | 'reset'

/** Options of {@link useCodeInput}: those of a code, and any other prop of an `<input>`, which is passed on to it. */
export interface CodeInputOptions extends Omit<ComponentPropsWithoutRef<'input'>, OwnProps> {
  /** Digits of a whole code. @default 6 */
  length?: 6 | 8 | undefined
  /** The code, when the host keeps it: ASCII digits, at most `length`. */
  value?: string | undefined
  /** The first code, when the field keeps it; also what a form reset returns to. @default '' */
  defaultValue?: string | undefined
  /** Called with ASCII digits each time the code changes, before `onComplete`. */
  onChange?: ((value: string, details: { reason: CodeChangeReason }) => void) | undefined
  /**
   * Called once by the edit that leaves a whole code: when that code is new, or arrived at once (a paste of the same
   * code counts). Never called from a render or an effect, so never twice for one edit.
   */
  onComplete?: ((value: string) => void) | undefined
  /** The code is being checked: read-only with the focus kept, and `aria-busy`. @default false */
  busy?: boolean | undefined
  /** Keeps the code as it is; the field stays in the tab order and keeps its focus. @default false */
  readOnly?: boolean | undefined
  /** Takes the field out of the form. Focus comes back when it is enabled again. @default false */
  disabled?: boolean | undefined
}

/** One drawn digit. */
export interface CodeCell {
  /** The digit, or `''`. */
  readonly char: string
  /** The caret stands here, or the digit is selected; worth drawing while the input has the focus. */
  readonly active: boolean
}

type Span = readonly [start: number, end: number]

/** What the field remembers without drawing it. */
interface Self {
  /** The first value: the input's `defaultValue`, to which a form reset returns. */
  readonly initial: string
  /** Answers the events as of the last render; missing until the first. */
  handle?: (element: HTMLInputElement, event: Partial<InputEvent>) => void
  /** The focus was here when the field was disabled. */
  lost?: boolean | undefined
  /** An input method is at work: hands off the text. */
  composing?: boolean | undefined
}

// React 18 warns about a layout effect on the server, where neither runs.
const useDomEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect

/**
 * A code field without looks: props for one real `<input>` and the cells to draw.
 * The input is uncontrolled, so that the browser's own undo, selection, composition and text typed before hydration
 * work; what is no digit is taken out after each edit. A value from the host is written into it.
 */
export function useCodeInput({
  length = 6,
  value: given,
  defaultValue = '',
  onChange,
  onComplete,
  busy,
  readOnly,
  disabled,
  ...rest
}: CodeInputOptions) {
  const ref = useRef<HTMLInputElement>(null)
  const fixed = readOnly || busy
  const { current: self } = useRef<Self>({ initial: given ?? defaultValue })
  const [own, setOwn] = useState(self.initial)
  const [selection, setSelection] = useState<Span>([0, 0])
  const value = given ?? own

  const change = (next: string, reason: CodeChangeReason) => {
    if (next === value) return
    setOwn(next)
    onChange?.(next, { reason })
  }

  /** Reads the edit that the browser has just made; the render that follows writes the digits back. */
  const read = (element: HTMLInputElement, inputType?: string) => {
    const {
      value: next,
      caret,
      bulk,
    } = readEdit(value, element.value, element.selectionEnd as number, length)
    // A new array each time: a rejected character has to be taken out by a render as well.
    setSelection([caret, caret])
    if (fixed) return
    const isPaste = /Paste|Drop/.test(inputType as string)
    change(next, isPaste ? 'paste' : bulk ? 'autofill' : next.length < value.length ? 'delete' : 'type')
    // Text from before hydration is not completed: a browser that restores a form restores an old code. Firefox ends a
    // composition by two events, of which the second changes nothing.
    if (self.handle && next.length === length && (isPaste || bulk || next !== value)) onComplete?.(next)
  }

  const handle = (
    element: HTMLInputElement,
    { type, target, isComposing, inputType }: Partial<InputEvent>,
  ) => {
    if (type === 'reset') {
      if (target === element.form) change(self.initial, type)
    } else if (type === 'input' || type === 'compositionend') {
      self.composing = isComposing
      if (!isComposing) read(element, inputType)
    } else {
      const next = [element.selectionStart, element.selectionEnd] as Span
      // A selection that is drawn already costs no render.
      if (`${next}` !== `${selection}`) setSelection(next)
    }
  }

  useDomEffect(() => {
    const element = ref.current as HTMLInputElement
    const off = new AbortController()
    const listen = (on: EventTarget, types: string) => {
      for (const type of types.split(' '))
        on.addEventListener(type, (event) => self.handle?.(element, event), off)
    }
    listen(element, 'input compositionend')
    listen(document, 'selectionchange reset')
    if (element.value !== value) read(element)
    return () => off.abort()
  }, [])

  useDomEffect(() => {
    const element = ref.current as HTMLInputElement
    self.handle = handle
    if (self.composing) return
    if (element.value !== value) {
      element.value = value
      // Only with the focus: Safari focuses a field whose selection is set.
      if (element === document.activeElement) element.setSelectionRange(...selection)
    }
    // Disabling takes the focus away without an event, a moment after this.
    if (self.lost && !disabled && document.activeElement === document.body) element.focus()
    self.lost = disabled && (self.lost || element === document.activeElement)
  })

  const [start, end] = selection
  const cells = Array.from(
    { length },
    (_, index): CodeCell => ({
      char: value[index] ?? '',
      active: index === Math.min(start, value.length, length - 1) || (index > start && index < end),
    }),
  )

  return {
    /** For the `<input>`. */
    ref,
    cells,
    inputProps: {
      ...rest,
      type: 'text' as const,
      inputMode: 'numeric' as const,
      autoComplete: 'one-time-code',
      autoCapitalize: 'off',
      spellCheck: false,
      defaultValue: self.initial,
      readOnly: fixed,
      disabled,
      'aria-busy': busy,
      /** Whether the code is whole. */
      'data-state': value.length === length ? 'complete' : value ? 'partial' : 'empty',
    },
  }
}

/** Props of {@link CodeInput}: the options of {@link useCodeInput}, and the words around the field. */
export interface CodeInputProps extends CodeInputOptions {
  /** The visible name. Without one, give `aria-label` or `aria-labelledby`. */
  label?: ReactNode
  /** Stands under the label and describes the field. Say here when a whole code is sent by itself (WCAG 3.2.2). */
  hint?: ReactNode
  /** Describes the field, marks it invalid, and is announced when it appears. */
  error?: ReactNode
  /** `cells` draws a cell a digit when the stylesheet is there; `plain` leaves the input as it is. @default 'cells' */
  variant?: 'cells' | 'plain' | undefined
  /** Class of the outer element. */
  className?: string | undefined
}

/**
 * A field for a one-time code: one real `<input>`, so that paste, autofill, undo, selection and screen readers work
 * as anywhere, with decorative cells drawn over it by the stylesheet. The `ref` is the `<input>`.
 *
 * | where | attribute | meaning |
 * |---|---|---|
 * | `<input>` | `data-kit="code-input"` | the field |
 * | `<input>` | `data-state` | `empty`, `partial` or `complete` |
 * | `<input>` | `aria-invalid`, `aria-busy`, `readonly`, `disabled` | as named |
 * | outer element | `data-variant` | `cells` or `plain` |
 * | cell | `data-char` | its digit, or empty |
 * | cell | `data-active` | `true` where the caret or the selection is, else `false` |
 */
export const CodeInput = forwardRef<HTMLInputElement, CodeInputProps>(function CodeInput(props, outerRef) {
  const ownId = useId()
  const {
    label,
    hint,
    error,
    variant,
    className = '',
    id = ownId,
    'aria-describedby': describedBy = '',
    ...field
  } = props
  const { ref, cells, inputProps } = useCodeInput(field)
  useImperativeHandle(outerRef, () => ref.current as HTMLInputElement)

  /**
   * A click puts the caret before the cell under the pointer, where the browser sees only small invisible text.
   * Without the stylesheet the cells have no width. The fraction is cut off by `setSelectionRange`.
   */
  const place = ({ nativeEvent, currentTarget: input }: MouseEvent<HTMLInputElement>) => {
    const width = input.nextElementSibling?.clientWidth
    if (!width || input.selectionStart !== input.selectionEnd) return
    const index = (nativeEvent.offsetX / width) * cells.length
    input.setSelectionRange(index, index)
  }

  return (
    <div className={`kit-code ${className}`} data-variant={variant}>
      {label && <label htmlFor={id}>{label}</label>}
      <p id={`${id}h`}>{hint}</p>
      <div dir="ltr" translate="no">
        <input
          onClick={place}
          {...inputProps}
          ref={ref}
          id={id}
          data-kit="code-input"
          aria-invalid={!!error}
          aria-describedby={`${id}h ${id}e ${describedBy}`}
        />
        <span aria-hidden="true">
          {cells.map(({ char, active }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position
            <span key={index} data-char={char} data-active={active} />
          ))}
        </span>
      </div>
      <p id={`${id}e`} role="alert">
        {error}
      </p>
    </div>
  )
})
