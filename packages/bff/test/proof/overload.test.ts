import { Agent, request } from 'undici'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { askBesideIdleSockets } from '../../../totp-server/test/proof/idle-sockets.js'
import { proofTimeoutMs, report } from '../../../totp-server/test/proof/proof.js'
import { buildProgram, endAll, environment, start, who } from '../kit-bff.js'

beforeAll(buildProgram, 120_000)
afterEach(endAll)

it(
  'F38: ten thousand sockets that say nothing keep nobody out',
  async () => {
    const { url } = await start(environment())
    const figures = await askBesideIdleSockets(url, async () => {
      const dispatcher = new Agent({ pipelining: 0 })
      const { statusCode, body } = await request(`${url}/mfa/status`, { headers: who, dispatcher })
      await body.dump()
      expect(statusCode).toBe(200)
      await dispatcher.close()
    })
    report('Overload', `BFF with ${figures}`)
  },
  proofTimeoutMs,
)
