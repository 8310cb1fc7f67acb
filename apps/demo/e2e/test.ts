import { createRequire } from 'node:module'
import { test as base, expect, type Page } from '@playwright/test'
import jsQr from 'jsqr'
import { TOTP, URI } from 'otpauth'
import { createSweep } from '../../../packages/totp-server/test/proof/secrecy.js'
import { type DemoProcess, makeDataDir, removeDataDir, startDemo } from './demo-process.js'

const { PNG }: { PNG: { sync: { read(file: Buffer): { data: Buffer; width: number; height: number } } } } =
  createRequire(import.meta.url)('pngjs')

export { expect }

/** What the people of the test that runs were shown. */
const shown: string[] = []

/** All that a page keeps beyond its own life, and all that scripts can read of its cookies. */
const storedBy = (page: Page) =>
  page.evaluate(async () => {
    const databases = await Promise.all((await indexedDB.databases()).map(({ name = '' }) => name))
    const cached = await Promise.all(
      (await caches.keys()).map(async (key) => (await caches.open(key)).keys()),
    )
    return JSON.stringify({
      local: { ...localStorage },
      session: { ...sessionStorage },
      cookies: document.cookie,
      name: window.name,
      history: history.state,
      databases,
      cached: cached.flat().map(({ url }) => url),
    })
  })

/**
 * One demo a worker; every test signs up people of its own. A page that breaks its own policy fails its test, and
 * so does a secret or code that stands in an address, the console, the browser's storage, the demo's log or its
 * database (T85).
 */
export const test = base.extend<{ strict: undefined; secrecy: undefined }, { demo: DemoProcess }>({
  demo: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern for the fixtures that this one needs.
    async ({}, use) => {
      const dataDir = await makeDataDir()
      const demo = await startDemo(dataDir)
      await use(demo)
      await demo.end('SIGTERM')
      await removeDataDir(dataDir)
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ demo }, use) => use(demo.origin),
  strict: [
    async ({ page }, use) => {
      const violations: string[] = []
      page.on('console', (message) => {
        if (/Content Security Policy|TrustedType|TrustedHTML/.test(message.text()))
          violations.push(message.text())
      })
      page.on('pageerror', (error) => violations.push(String(error)))
      await use(undefined)
      expect(violations).toEqual([])
    },
    { auto: true },
  ],
  secrecy: [
    async ({ context, demo }, use) => {
      const said: string[] = []
      context.on('request', (request) => {
        said.push(request.url(), request.headers()['referer'] ?? '')
      })
      context.on('console', (message) => said.push(message.text()))
      shown.length = 0
      await use(undefined)
      const sweep = createSweep()
      sweep.plant(...shown)
      sweep.look('addresses and console', said.join('\n'))
      for (const page of context.pages()) {
        if (!page.url().startsWith(demo.origin)) continue
        sweep.look('address', page.url())
        sweep.look('storage', await storedBy(page))
      }
      sweep.look('log', demo.output())
      sweep.lookIntoFolder('database', demo.dataDir)
      sweep.end()
    },
    { auto: true },
  ],
})

/** Somebody who has not been here before. */
export interface Somebody {
  email: string
  password: string
  organization?: string
}

let count = 0

export function somebody(kind: 'user' | 'member' = 'user'): Somebody {
  const name = `p${process.pid}-${++count}`
  return {
    email: `${name}@example.com`,
    password: 'correct horse battery',
    ...(kind === 'member' && { organization: `org-${name}` }),
  }
}

export const kit = (name: string) => `[data-kit="${name}"]`
export const action = (name: string) => `[data-kit-action="${name}"]:visible`

async function fillIn(page: Page, { email, password, organization }: Somebody) {
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', password)
  if (organization) await page.fill('input[name=organization]', organization)
  await page.locator('form.sign-in button[type=submit]').click()
}

export async function signUp(page: Page, person: Somebody) {
  await page.goto('/')
  await page.getByRole('radio', { name: 'New account' }).check()
  await fillIn(page, person)
  await expect(page.getByRole('heading', { name: 'Security', level: 1 })).toBeVisible()
}

export async function signIn(page: Page, person: Somebody) {
  await page.goto('/')
  await fillIn(page, person)
}

export async function signOut(page: Page) {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(page.locator('form.sign-in')).toBeVisible()
}

/** The text of the QR code in a picture of the page, read as a camera reads it. */
export async function readQrFromPixels(page: Page): Promise<string> {
  await expect(page.locator(kit('qr-code'))).toBeVisible()
  const { data, width, height } = PNG.sync.read(await page.screenshot({ fullPage: true }))
  const found = jsQr.default(new Uint8ClampedArray(data), width, height)
  if (!found) throw new Error('There is no readable QR code in the picture of the page.')
  return found.data
}

/** An authenticator app that nobody here wrote. */
export class Phone {
  private constructor(private readonly totp: TOTP) {}

  static scan(uri: string): Phone {
    const totp = URI.parse(uri)
    if (!(totp instanceof TOTP)) throw new Error('The QR code is no TOTP account.')
    return new Phone(totp)
  }

  get label() {
    return this.totp.label
  }

  get secret() {
    return this.totp.secret.base32
  }

  get issuer() {
    return this.totp.issuer
  }

  /** The code of now, or of a later step: the server takes the next one too, and takes each step once. */
  code(stepsAhead = 0): string {
    return this.totp.generate({ timestamp: Date.now() + stepsAhead * 30_000 })
  }

  /** Six digits that are wrong now, before and after. */
  wrongCode(): string {
    const right = [-2, -1, 0, 1, 2].map((step) => this.code(step))
    for (let n = 0; ; n++) {
      const code = String(n).padStart(6, '0')
      if (!right.includes(code)) return code
    }
  }
}

/** From the Security page: scan, type the code, save the recovery codes. */
export async function enroll(
  page: Page,
): Promise<{ phone: Phone; spentCode: string; recoveryCodes: string[] }> {
  await page.locator(action('start')).click()
  const phone = Phone.scan(await readQrFromPixels(page))
  const spentCode = phone.code()
  await page.locator(kit('code-input')).fill(spentCode)
  const list = page.locator(kit('recovery-codes')).locator('li')
  await expect(list).toHaveCount(10)
  const recoveryCodes = await list.allInnerTexts()
  shown.push(phone.secret, spentCode, ...recoveryCodes)
  await page.locator(action('saved')).click()
  await expect(page.locator(kit('settings'))).toHaveAttribute('data-state', 'on')
  return { phone, spentCode, recoveryCodes }
}
