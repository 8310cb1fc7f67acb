import jsQR from 'jsqr'

const sizePx = 512

/** Reads the QR code on this page from its pixels, as a camera would; null when there is none or it is unreadable. */
export async function readQr(): Promise<string | null> {
  const svg = document.querySelector<SVGSVGElement>('svg[data-kit="qr-code"]')
  const context = Object.assign(document.createElement('canvas'), {
    width: sizePx,
    height: sizePx,
  }).getContext('2d')
  if (!svg || !context) return null
  const copy = svg.cloneNode(true) as SVGSVGElement
  copy.setAttribute('width', String(sizePx))
  copy.setAttribute('height', String(sizePx))
  const file = new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' })
  const url = URL.createObjectURL(file)
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    context.drawImage(image, 0, 0, sizePx, sizePx)
  } finally {
    URL.revokeObjectURL(url)
  }
  const { data } = context.getImageData(0, 0, sizePx, sizePx)
  return jsQR(data, sizePx, sizePx)?.data ?? null
}
