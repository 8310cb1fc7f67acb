'use client'

import { type ClipboardEvent, type ComponentPropsWithoutRef, forwardRef, useRef } from 'react'
import { Action } from './action.js'
import { recoveryCodes } from './messages/en.js'
import { useCopy } from './use-copy.js'
import { useGroup } from './use-messages.js'

/** Props of {@link SecretKey}; those of a `<div>` that are not named here go to it. */
export interface SecretKeyProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /** The secret in base32, without spaces. */
  value: string
}

/** A copy by hand gives the key without the spaces between its groups, as the button does. */
const copyUnspaced = (event: ClipboardEvent) => {
  event.preventDefault()
  event.clipboardData.setData('text/plain', String(getSelection()).replace(/\s/g, ''))
}

/**
 * The key of an authenticator app for typing: groups of four, selectable, with a button that copies it without spaces.
 * `data-state` on the outer element is `idle`, `copied` or `failed`; the key itself is `data-kit="secret-key"`.
 */
export const SecretKey = forwardRef<HTMLDivElement, SecretKeyProps>(function SecretKey(
  { value, className = '', ...rest },
  ref,
) {
  const t = useGroup('recoveryCodes', recoveryCodes)
  const key = useRef<HTMLElement>(null)
  const { state, copy, said } = useCopy()
  return (
    <div {...rest} ref={ref} className={`kit-secret-key ${className}`} data-state={state}>
      <code ref={key} data-kit="secret-key" data-state={state} dir="ltr" translate="no" onCopy={copyUnspaced}>
        {value.match(/.{1,4}/g)?.join(' ')}
      </code>
      <Action name="copy" onClick={() => void copy(value, key.current)}>
        {t.copy}
      </Action>
      {said}
    </div>
  )
})
