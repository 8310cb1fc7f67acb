import { useEffect, useState } from 'react'
import { type PhoneAccount, usePhoneAccounts } from './accounts.js'
import { readQr } from './read-qr.js'

/** An authenticator for visitors without a phone at hand: scans this page, keeps accounts, shows codes. */
export default function PhonePanel() {
  const { accounts, add, remove } = usePhoneAccounts()
  const [said, setSaid] = useState('')
  const now = useNow()

  const scan = async () => {
    const uri = await readQr().catch(() => null)
    if (!uri) setSaid('There is no QR code on this page. Begin the setup on the Security page, then scan.')
    else
      setSaid(add(uri) ? 'Scanned. Type the code below into the page.' : 'This QR code is no TOTP account.')
  }

  return (
    <div className="phone" data-demo="phone">
      <p className="hint">
        This phone belongs to the demo, not to Kit. A real authenticator app lives on another device.
      </p>
      <button type="button" className="button primary" onClick={() => void scan()}>
        Scan the QR code on this page
      </button>
      <p className="hint" role="status">
        {said}
      </p>
      {accounts.length === 0 ? (
        <p className="empty">No accounts yet.</p>
      ) : (
        <ul className="phone-accounts">
          {accounts.map((account) => (
            <Account
              key={account.uri}
              account={account}
              now={now}
              onCopied={setSaid}
              onRemove={() => remove(account)}
            />
          ))}
        </ul>
      )}
    </div>
  )
}

interface AccountProps {
  account: PhoneAccount
  /** Milliseconds since 1970. */
  now: number
  onCopied: (said: string) => void
  onRemove: () => void
}

function Account({ account: { totp }, now, onCopied, onRemove }: AccountProps) {
  const code = totp.generate({ timestamp: now })
  const periodMs = totp.period * 1000
  const left = (periodMs - (now % periodMs)) / periodMs
  const copy = () => {
    navigator.clipboard.writeText(code).then(
      () => onCopied('Code copied.'),
      () => onCopied('Copying was refused. Type the code instead.'),
    )
  }
  return (
    <li>
      <Ring left={left} seconds={Math.ceil((left * periodMs) / 1000)} />
      <div>
        <span className="phone-code" data-demo="phone-code">
          {code.slice(0, code.length / 2)} {code.slice(code.length / 2)}
        </span>
        <span className="phone-label">
          {totp.issuer}: {totp.label}
        </span>
      </div>
      <div className="phone-actions">
        <button
          type="button"
          className="button quiet"
          onClick={copy}
          aria-label={`Copy the code of ${totp.label}`}
        >
          Copy
        </button>
        <button type="button" className="button quiet" onClick={onRemove} aria-label={`Forget ${totp.label}`}>
          Forget
        </button>
      </div>
    </li>
  )
}

/** How much of the period is left. */
function Ring({ left, seconds }: { left: number; seconds: number }) {
  const around = 2 * Math.PI * 15
  return (
    <svg className="ring" viewBox="0 0 36 36" width="36" height="36" aria-hidden="true">
      <circle cx="18" cy="18" r="15" className="ring-track" />
      <circle
        cx="18"
        cy="18"
        r="15"
        className="ring-left"
        strokeDasharray={around}
        strokeDashoffset={around * (1 - left)}
        transform="rotate(-90 18 18)"
      />
      <text x="18" y="22" textAnchor="middle">
        {seconds}
      </text>
    </svg>
  )
}

function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return now
}
