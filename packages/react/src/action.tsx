import type { ComponentPropsWithoutRef } from 'react'

interface ActionProps extends ComponentPropsWithoutRef<'button'> {
  /** The button's `data-kit-action`. */
  name: string
  /** Something is under way: clicks do nothing. Not `disabled`, which would throw the focus away. */
  busy?: boolean | undefined
}

/** A button that a test, a stylesheet and a script find by its `data-kit-action`. */
export function Action({ name, busy, onClick, ...rest }: ActionProps) {
  const click = busy ? undefined : onClick
  return <button type="button" data-kit-action={name} aria-disabled={busy} onClick={click} {...rest} />
}
