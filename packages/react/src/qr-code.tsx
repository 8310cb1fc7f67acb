'use client'

import { QRCodeSVG } from 'qrcode.react'
import { type ComponentPropsWithoutRef, forwardRef } from 'react'
import { enrollment } from './messages/en.js'
import { useGroup } from './use-messages.js'

/** Props of {@link QrCode}; those of an `<svg>` that are not named here go to it. */
export interface QrCodeProps extends Omit<ComponentPropsWithoutRef<'svg'>, 'children' | 'ref'> {
  /** What the code says: the `otpauth://` URI. It is drawn here and goes nowhere else. */
  value: string
  /** The accessible name. Never put the secret in it. @default the catalogue's `enrollment.qrCode` */
  title?: string | undefined
  /** Edge in CSS pixels, quiet zone included; at least 200, about four a module of an `otpauth://` URI. @default 216 */
  size?: number | undefined
}

/**
 * A QR code as SVG, so that a long press on a phone offers to add it. Dark on light with a quiet zone of four modules
 * inside the picture, in every theme: many authenticator apps do not read inverted codes (ISO/IEC 18004, 6.3.8).
 * Error correction is level L, which qrcode.react raises where the code does not grow by it: a screen has no dirt, and
 * large modules are what a camera needs. The usual 123 characters are 41 modules at L and 49 at M; of screenshots at
 * 17 sizes ZXing read all at L and 4 at M.
 */
export const QrCode = forwardRef<SVGSVGElement, QrCodeProps>(function QrCode(
  { value, title, size = 216, className = '', ...rest },
  ref,
) {
  const t = useGroup('enrollment', enrollment)
  return (
    <QRCodeSVG
      {...rest}
      ref={ref}
      data-kit="qr-code"
      data-state="ready"
      className={`kit-qr-code ${className}`}
      value={value}
      title={title ?? t.qrCode}
      size={Math.max(200, size)}
      marginSize={4}
    />
  )
})
