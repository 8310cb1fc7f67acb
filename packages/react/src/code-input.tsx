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
import { type FieldText, readEdit } from './code-value.js'

/** Why a code changed: keys, a paste or drop, a program or the keyboard's suggestion, a deletion, a form reset. */
export type CodeChangeReason = 'type' | 'paste' | 'autofill' | 'delete' | 'reset'

/** Options of {@link useCodeInput}, and the props of {@link CodeInput} that are not the `<input>`'s own. */
export interface CodeInputOptions {
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
  /** Keeps the code as it is; the field stays in the tab order and keeps its focus. @default false */
  readOnly?: boolean | undefined
  /** Takes the field out of the form. Focus comes back when it is enabled again. @default false */
  disabled?: boolean | undefined
}

/** One drawn digit. */
export interface CodeCell {
  /** The digit, or `''`. */
  readonly char: string
  /** The caret stands here, or the digit is selected. */
  readonly active: 'caret' | 'range' | undefined
}

type Span = readonly [start: number, end: number]

/** What the field remembers without drawing it. */
interface Self {
  /** Answers the events of the last render; missing until the first. */
  handle?: (element: HTMLInputElement, event: Event) => void
  /** The field before the edit that is under way. */
  before?: FieldText | undefined
  /** Where the caret goes once the digits are written back. */
  caret?: number | undefined
  /** The selection that is drawn; there while the field has the focus. */
  shown?: Span | undefined
  /** An input method is at work: hands off the text. */
  composing?: boolean
}

// React 18 warns about a layout effect on the server, where neither runs.
const useDomEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect

const textOf = (element: HTMLInputElement): FieldText => ({
  value: element.value,
  start: element.selectionStart as number,
  end: element.selectionEnd as number,
})

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
  readOnly = false,
  disabled = false,
}: CodeInputOptions) {
  const ref = useRef<HTMLInputElement>(null)
  const { current: self } = useRef<Self>({})
  const [initial] = useState(given ?? defaultValue)
  const [own, setOwn] = useState(initial)
  const [selection, setSelection] = useState<Span>()
  const value = given ?? own

  const show = (next: Span | undefined) => {
    self.shown = next
    setSelection(next)
  }

  /** Mirrors the selection; one that is drawn already costs no render. */
  const track = (element: HTMLInputElement) => {
    const { start, end } = textOf(element)
    const next: Span | undefined = element.matches(':focus') ? [start, end] : undefined
    // Disabling takes the focus away; remembering it is how it can be given back.
    if (!element.disabled && String(next) !== String(self.shown)) show(next)
  }

  const change = (next: string, reason: CodeChangeReason) => {
    if (next === value) return
    setOwn(next)
    onChange?.(next, { reason })
  }

  /** Reads the edit that the browser has just made; the render that follows writes the digits back. */
  const read = (element: HTMLInputElement, inputType = '') => {
    const { value: next, caret, bulk } = readEdit(self.before, textOf(element), length)
    self.before = undefined
    self.caret = caret
    show(element.matches(':focus') ? [caret, caret] : undefined)
    if (readOnly) return
    const typed = next.length < value.length ? 'delete' : bulk || !inputType ? 'autofill' : 'type'
    change(next, /Paste|Drop/.test(inputType) ? 'paste' : typed)
    // Text from before hydration is not completed: a browser that restores a form restores an old code.
    if (self.handle && next.length === length && (bulk || next !== value)) onComplete?.(next)
  }

  const handle = (element: HTMLInputElement, event: Event) => {
    const { type, target } = event
    if (type === 'reset') {
      if (target === element.form) change(initial, type)
    } else if (type === 'beforeinput' || type === 'compositionstart') {
      if (!self.composing) self.before = textOf(element)
      self.composing ||= type === 'compositionstart'
    } else if (type === 'input' || type === 'compositionend') {
      if (type !== 'input') self.composing = false
      if (!self.composing) read(element, type === 'input' ? (event as InputEvent).inputType : type)
    } else track(element)
  }

  useDomEffect(() => {
    const element = ref.current as HTMLInputElement
    if (!self.handle) {
      if (element.value !== value) read(element)
      track(element)
    } else if (!self.composing) {
      if (element.value !== value) element.value = value
      const { caret, shown } = self
      if (shown) {
        if (document.activeElement === document.body) element.focus()
        if (caret !== undefined && caret !== element.selectionEnd) element.setSelectionRange(caret, caret)
        track(element)
      }
      self.caret = undefined
    }
    self.handle = handle
  })

  useDomEffect(() => {
    const element = ref.current as HTMLInputElement
    const off = new AbortController()
    const listen = (target: EventTarget, types: string) => {
      for (const type of types.split(' '))
        target.addEventListener(type, (event) => self.handle?.(element, event), off)
    }
    listen(element, 'beforeinput input compositionstart compositionend focus blur')
    listen(document, 'selectionchange reset')
    return () => off.abort()
  }, [self])

  const [start, end] = (!disabled && selection) || [-1, -1]
  const cells = Array.from({ length }, (_, index): CodeCell => {
    const active = start === end ? index === Math.min(start, length - 1) : index >= start && index < end
    return { char: value[index] ?? '', active: active ? (start === end ? 'caret' : 'range') : undefined }
  })

  return {
    /** For the `<input>`. */
    ref,
    cells,
    inputProps: {
      type: 'text' as const,
      inputMode: 'numeric' as const,
      autoComplete: 'one-time-code',
      autoCapitalize: 'off',
      spellCheck: false,
      defaultValue: initial,
      readOnly,
      disabled,
      /** Whether the code is whole. */
      'data-state': value.length === length ? 'complete' : value ? 'partial' : 'empty',
    },
  }
}

/** Props of {@link CodeInput}; those of an `<input>` that are not named here go to it. */
export interface CodeInputProps
  extends CodeInputOptions,
    Omit<ComponentPropsWithoutRef<'input'>, keyof CodeInputOptions | 'maxLength' | 'type' | 'children'> {
  /** The visible name. Without one, give `aria-label` or `aria-labelledby`. */
  label?: ReactNode
  /** Stands under the label and describes the field. Say here when a whole code is sent by itself (WCAG 3.2.2). */
  hint?: ReactNode
  /** Describes the field, marks it invalid, and is announced when it appears. */
  error?: ReactNode
  /** The code is being checked: read-only with the focus kept, and `aria-busy`. @default false */
  busy?: boolean | undefined
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
 * | cell | `data-active` | `caret` or `range` where the caret or selection is |
 */
export const CodeInput = forwardRef<HTMLInputElement, CodeInputProps>(function CodeInput(props, outerRef) {
  const {
    length,
    value,
    defaultValue,
    onChange,
    onComplete,
    label,
    hint,
    error,
    busy = false,
    variant = 'cells',
    className = '',
    'aria-describedby': describedBy,
    ...rest
  } = props
  const newId = useId()
  const { id = newId } = rest
  const { ref, cells, inputProps } = useCodeInput({ ...props, readOnly: props.readOnly || busy })
  useImperativeHandle(outerRef, () => ref.current as HTMLInputElement)

  /** A click puts the caret before the cell under the pointer, where the browser sees only small invisible text. */
  const place = ({ clientX, detail, currentTarget: input }: MouseEvent<HTMLInputElement>) => {
    const row = input.nextElementSibling?.getBoundingClientRect()
    if (detail !== 1 || !row?.width || input.selectionStart !== input.selectionEnd) return
    const index = Math.max(0, Math.floor(((clientX - row.left) / row.width) * cells.length))
    input.setSelectionRange(index, index)
  }

  return (
    <div className={`kit-code ${className}`} data-variant={variant}>
      {label && <label htmlFor={id}>{label}</label>}
      {hint && <p id={`${id}h`}>{hint}</p>}
      <div dir="ltr" translate="no">
        <input
          onClick={place}
          {...rest}
          {...inputProps}
          ref={ref}
          id={id}
          data-kit="code-input"
          aria-invalid={!!error}
          aria-busy={busy}
          aria-describedby={
            `${describedBy ?? ''} ${hint ? `${id}h` : ''} ${error ? `${id}e` : ''}`.trim() || undefined
          }
        />
        {variant === 'cells' && (
          <span aria-hidden="true">
            {cells.map(({ char, active }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position
              <span key={index} data-char={char} data-active={active} />
            ))}
          </span>
        )}
      </div>
      <div role="alert">{error && <p id={`${id}e`}>{error}</p>}</div>
    </div>
  )
})
