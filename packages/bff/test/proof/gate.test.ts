import { afterEach, describe, expect, it } from 'vitest'
import { createFakeProvider } from '../fake-provider.js'
import { type Host, mounts, openBrowser, startHost, user } from '../host.js'

let host: Host
afterEach(() => host.close())

const fail = () => {
  throw new Error('SENTINEL')
}
const doors = ['/vault', '/vault-fresh', '/vault-open', '/vault-page']

describe.each(mounts)('mounted as %s', (mount) => {
  it.each([
    ['nobody can say who is asking', { identify: fail }],
    ['nobody can say whether MFA is required', { mfaRequired: fail }],
  ])('T74: the gate stays shut where %s', async (_name, options) => {
    const provider = createFakeProvider()
    host = await startHost(provider.fetch, mount, options)
    const browser = openBrowser(host, user())
    for (const door of doors) {
      const { status, text } = await browser.send('GET', door)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toMatch(/gold|SENTINEL/)
    }
  })
})
