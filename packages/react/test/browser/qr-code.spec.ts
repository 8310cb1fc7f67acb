import zxing from '@zxing/library'
import jsqr from 'jsqr'
import { PNG } from 'pngjs'
import { expect, test } from './kit.js'

const otpauth =
  'otpauth://totp/Acme:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30'

type Read = (png: PNG) => string | undefined

const { BinaryBitmap, HybridBinarizer, QRCodeReader, RGBLuminanceSource } = zxing

/** Two decoders by different hands, neither of which tries the inverted picture. */
const decoders: Record<string, Read> = {
  jsqr: ({ data, width, height }) =>
    // The package is CommonJS: what it calls its default is one deeper in an ES module.
    (('default' in jsqr ? jsqr.default : jsqr) as typeof jsqr.default)(
      new Uint8ClampedArray(data),
      width,
      height,
      {
        inversionAttempts: 'dontInvert',
      },
    )?.data,
  zxing: ({ data, width, height }) => {
    const grey = new Uint8ClampedArray(width * height)
    for (let i = 0; i < grey.length; i++) grey[i] = data[i * 4] ?? 0
    const source = new RGBLuminanceSource(grey, width, height)
    return new QRCodeReader().decode(new BinaryBitmap(new HybridBinarizer(source))).getText()
  },
}

for (const size of [200, 216, 256, 320, 400, 512])
  for (const theme of ['light', 'dark'] as const)
    test(`Q01: a QR code of ${size} pixels on a ${theme} page is read by both decoders`, async ({
      visit,
      page,
    }) => {
      await page.emulateMedia({ colorScheme: theme })
      await page.setViewportSize({ width: 700, height: 700 })
      await visit({ page: 'qr', props: { value: otpauth, size }, theme })
      // The page around it is as dark as the theme, so that the quiet zone has to be in the picture.
      if (theme === 'dark') await page.evaluate(() => document.documentElement.classList.add('night'))
      const png = PNG.sync.read(await page.screenshot())
      for (const [name, read] of Object.entries(decoders))
        expect(`${name}: ${read(png)}`).toBe(`${name}: ${otpauth}`)
    })

test('Q01, Q03: four light modules stand around it, in explicit colours', async ({ visit, page }) => {
  await visit({ page: 'qr', props: { value: otpauth } })
  const svg = page.locator('[data-kit="qr-code"]')
  const [light, dark] = await svg
    .locator('path')
    .evaluateAll((paths) => paths.map((path) => [path.getAttribute('fill'), path.getAttribute('d')] as const))
  expect([light?.[0], dark?.[0]]).toEqual(['#FFFFFF', '#000000'])
  const modules = Number((await svg.getAttribute('viewBox'))?.split(' ')[2])
  expect(modules % 4).toBe(1)
  const rows = [...(dark?.[1] ?? '').matchAll(/M\s?(\d+)[ ,](\d+)/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  )
  expect(Math.min(...rows.flat())).toBe(4)
  expect(Math.max(...rows.map(([, y]) => y))).toBe(modules - 5)
})

test('Q02: forced colours repaint nothing', async ({ visit, page }) => {
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' })
  await visit({ page: 'qr', props: { value: otpauth } })
  const png = PNG.sync.read(await page.screenshot())
  for (const [name, read] of Object.entries(decoders))
    expect(`${name}: ${read(png)}`).toBe(`${name}: ${otpauth}`)
})

test('Q05, Q07, Q08, T78: an image with a name, without the secret in it, drawn by the page itself', async ({
  visit,
  page,
}) => {
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await visit({ page: 'qr', props: { value: otpauth } })
  const image = page.getByRole('img', { name: 'QR code for your authenticator app' })
  await expect(image).toBeVisible()
  await expect(image).toHaveAttribute('data-kit', 'qr-code')
  expect(await image.evaluate((svg) => svg.outerHTML.includes('JBSWY3DP'))).toBe(false)
  expect(requests.filter((url) => url.includes('JBSWY3DP') && !url.includes('page=qr'))).toEqual([])
  expect(requests.every((url) => new URL(url).hostname === 'localhost' || url.startsWith('data:'))).toBe(true)
})

test('it is never smaller than a camera can read, and fits 320 pixels', async ({ visit, page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await visit({ page: 'qr', props: { value: otpauth, size: 100 } })
  const box = await page.locator('[data-kit="qr-code"]').boundingBox()
  expect(box?.width).toBeGreaterThanOrEqual(200)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
})
