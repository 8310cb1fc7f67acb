'use client'

import { type ComponentPropsWithoutRef, forwardRef, useEffect, useRef, useState } from 'react'
import { Action } from './action.js'
import { recoveryCodes } from './messages/en.js'
import { useCopy } from './use-copy.js'
import { formatMessage, useGroup, useLocale } from './use-messages.js'

/** Props of {@link RecoveryCodes}; those of a `<div>` that are not named here go to it. */
export interface RecoveryCodesProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /** The codes as they are to be written down. They live in the host's state alone. */
  codes: readonly string[]
  /** The site's name, for the file and the print. @default the page's host name */
  site?: string | undefined
  /** The account's name, for the file and the print. */
  account?: string | undefined
  /** The person says that the codes are saved. Without it there is no such button. */
  onSaved?: (() => void) | undefined
}

function saveFile(name: string, text: string) {
  const href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  Object.assign(document.createElement('a'), { href, download: name }).click()
  // How long the browser may take to read the file; Safari reads it after the click has returned.
  const saveMs = 10_000
  setTimeout(() => URL.revokeObjectURL(href), saveMs)
}

/**
 * Recovery codes, a list item each, with copy, download and print. `data-state` is `idle`, `copied` or `failed`.
 * The stylesheet prints nothing else of a page that shows them.
 */
export const RecoveryCodes = forwardRef<HTMLDivElement, RecoveryCodesProps>(function RecoveryCodes(
  { codes, site, account, onSaved, className = '', ...rest },
  ref,
) {
  const t = useGroup('recoveryCodes', recoveryCodes)
  const locale = useLocale()
  const list = useRef<HTMLUListElement>(null)
  const { state, copy, said } = useCopy()
  // Known after mounting only: a server has another clock, another time zone and no host name.
  const [made, setMade] = useState<{ host: string; date: string }>()
  useEffect(() => {
    setMade({ host: location.hostname, date: new Date().toLocaleDateString(locale, { dateStyle: 'long' }) })
  }, [locale])

  const name = site ?? made?.host ?? ''
  const title = formatMessage(locale, t.file, { name: account ? `${name} (${account})` : name })
  const text = codes.join('\n')

  return (
    <div
      {...rest}
      ref={ref}
      className={`kit-recovery-codes ${className}`}
      data-kit="recovery-codes"
      data-state={state}
    >
      <p className="kit-print">
        {title}
        <br />
        {made?.date}
      </p>
      <ul ref={list} dir="ltr" translate="no">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="kit-actions">
        <Action name="copy" onClick={() => void copy(text, list.current)}>
          {t.copy}
        </Action>
        <Action
          name="download"
          onClick={() => saveFile(`${name}-recovery-codes.txt`, `${title}\n${made?.date}\n\n${text}\n`)}
        >
          {t.download}
        </Action>
        <Action name="print" onClick={() => print()}>
          {t.print}
        </Action>
      </div>
      {said}
      {onSaved && (
        <Action name="saved" onClick={onSaved}>
          {t.saved}
        </Action>
      )}
    </div>
  )
})
