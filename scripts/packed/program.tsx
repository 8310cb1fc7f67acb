// What somebody writes who has installed the packages: every layer, from a page's client to the database.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createBff } from '@kit/bff'
import { MfaStatus } from '@kit/contract'
import { errors } from '@kit/contract/errors'
import { createMfaClient, MfaProvider, TotpChallenge } from '@kit/react'
import { de } from '@kit/react/messages/de'
import { ptBR } from '@kit/react/messages/pt-BR'
import { createTotpClient } from '@kit/totp-client'
import { createTotpServer, openSqlite } from '@kit/totp-server'
import express from 'express'
import { TOTP, URI } from 'otpauth'
import { renderToString } from 'react-dom/server'

const projectId = 'project-test-1'
const secret = randomBytes(24).toString('base64url')
const provider = createTotpServer({
  store: await openSqlite({ dataDir: ':memory:' }),
  projectId,
  secrets: [secret],
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  autoProvision: true,
})

const http = createServer().listen(0, '127.0.0.1')
await once(http, 'listening')
const address = http.address()
assert(address !== null && typeof address === 'object')
const origin = `http://localhost:${address.port}`

const bff = createBff({
  upstream: createTotpClient({ projectId, secret, fetch: provider.fetch }),
  identify: () => ({ kind: 'user', userId: 'ada', accountName: 'ada@example.com' }),
  origin,
  cookieKeys: [randomBytes(32).toString('base64')],
  issuer: 'Acme',
})
const app = express()
app.get('/vault', bff.requireMfa(), (_req, res) => {
  res.json({ open: true })
})
http.on('request', bff.handler(app, { mount: '/mfa' }))

/** What a browser does besides. */
let cookie = ''
const browser: typeof fetch = async (input, init) => {
  const headers = { ...init?.headers, cookie, 'sec-fetch-site': 'same-origin' }
  const response = await fetch(input, { ...init, headers })
  cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
  return response
}

const client = createMfaClient({ baseUrl: `${origin}/mfa`, fetch: browser })
const { otpauthUri, recoveryCodes } = await client.create()
assert.equal(recoveryCodes.length, 10)
assert.equal((await browser(`${origin}/vault`)).status, errors.mfa_required.status)
const phone = URI.parse(otpauthUri)
assert(phone instanceof TOTP)
const status = MfaStatus.parse(await client.authenticate({ code: phone.generate() }))
assert.equal(status.verified?.method, 'totp')
assert.deepEqual(await (await browser(`${origin}/vault`)).json(), { open: true })

for (const messages of [de, ptBR]) {
  const page = renderToString(
    <MfaProvider baseUrl="/mfa" messages={messages}>
      <TotpChallenge />
    </MfaProvider>,
  )
  assert(page.includes(messages.form.code))
}

http.close()
await bff.close()
await provider.close()
process.stdout.write(`enrolled and verified on ${process.version}\n`)
process.exit()
