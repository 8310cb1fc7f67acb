import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { routes } from '@kit/contract'
import { action, enroll, expect, kit, signUp, somebody, test } from './test.js'

let server: Server
let port: number
test.beforeAll(async () => {
  server = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<title>evil</title>'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
test.afterAll(() => {
  server.close()
})

const lines = [
  ...Object.values(routes).map(({ method, path }) => ({ method, path: `/mfa${path}` })),
  { method: 'POST', path: '/api/sign-out' },
  { method: 'GET', path: '/api/me' },
  { method: 'GET', path: '/api/vault' },
  { method: 'GET', path: '/api/what-happened' },
]

// Another site, a subdomain of this one, and another port of this very host, to which browsers do send its cookies.
for (const host of ['127.0.0.1', 'evil.localhost', 'localhost']) {
  test(`a page on ${host} reads nothing, changes nothing and frames nothing`, async ({
    page,
    context,
    demo,
  }) => {
    await signUp(page, somebody())
    await enroll(page)
    const look = async () => [
      await (await page.request.get('/mfa/status')).json(),
      (await page.request.get('/api/vault')).status(),
    ]
    const before = await look()

    const evil = await context.newPage()
    await evil.goto(`http://${host}:${port}/`)
    const learned = await evil.evaluate(
      async ({ origin, lines }) => {
        const tries = lines.flatMap(({ method, path }) =>
          (['cors', 'no-cors'] as const).flatMap((mode) =>
            ['application/json', 'text/plain'].map(async (type) => {
              const hasBody = method !== 'GET'
              try {
                const response = await fetch(origin + path, {
                  method,
                  mode,
                  credentials: 'include',
                  ...(hasBody && { headers: { 'content-type': type }, body: '{}' }),
                })
                return (await response.text()) && `${mode} ${method} ${path}`
              } catch {
                return ''
              }
            }),
          ),
        )
        return (await Promise.all(tries)).filter(Boolean)
      },
      { origin: demo.origin, lines },
    )
    expect(learned).toEqual([])

    for (const path of ['/mfa/totp', '/mfa/sign-out', '/api/sign-out']) {
      await evil.goto(`http://${host}:${port}/`)
      await evil.evaluate((address) => {
        const form = document.createElement('form')
        Object.assign(form, { method: 'post', action: address, enctype: 'text/plain' })
        document.body.append(form)
        form.submit()
      }, demo.origin + path)
      await evil.waitForURL(demo.origin + path)
    }

    await evil.goto(`http://${host}:${port}/`)
    const framed = await evil.evaluate(async (address) => {
      const frame = document.createElement('iframe')
      frame.src = address
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      document.body.append(frame)
      await loaded
      return frame.contentDocument === null
    }, `${demo.origin}/security`)
    expect(framed).toBe(true)
    const inner = evil.frames().find((frame) => frame !== evil.mainFrame())
    expect(await inner?.locator('#root').count()).toBe(0)

    expect(await look()).toEqual(before)
    await evil.close()
  })
}

test('T77: after a sign-out neither Back nor a stale tab shows anything', async ({ page, context }) => {
  await signUp(page, somebody())
  const { recoveryCodes } = await enroll(page)
  const stale = await context.newPage()
  await stale.goto('/security')
  await stale.locator(action('reveal')).click()
  await expect(stale.locator(kit('recovery-codes'))).toBeVisible()
  await stale.locator(action('saved')).click()

  await page.goto('/vault')
  await expect(page.getByText('Wi-Fi at the cabin')).toBeVisible()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(page.locator('form.sign-in')).toBeVisible()
  await page.goBack()
  await expect(page.locator('form.sign-in')).toBeVisible()
  await expect(page.getByText('Wi-Fi at the cabin')).toHaveCount(0)

  await stale.locator(action('reveal')).click()
  await expect(stale.getByRole('heading', { name: 'Please sign in again' })).toBeVisible()
  for (const code of recoveryCodes) await expect(stale.getByText(code)).toHaveCount(0)
})
