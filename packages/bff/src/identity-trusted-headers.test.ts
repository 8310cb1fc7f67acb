import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { trustedHeaders } from './identity-trusted-headers.js'
import type { Subject } from './subject.js'

const secret = 'a-secret-that-only-the-proxy-knows-0123456789'

/** Sends header lines as they are, bytes and repetitions included. */
async function ask(lines: string[], identify = trustedHeaders({ secret })): Promise<Subject | null> {
  let found: Subject | null = null
  const server = createServer(async (req, res) => {
    found = await identify(req)
    res.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'), 'utf8')
  socket.resume()
  await once(socket, 'close')
  server.close()
  return found
}

const proof = `x-kit-identity-secret: ${secret}`

it('names a user by what the proxy says, in UTF-8', async () => {
  expect(
    await ask([proof, 'x-kit-user: user-1', 'x-kit-account-name: Zoë 名', 'x-kit-session: s1']),
  ).toMatchObject({
    kind: 'user',
    userId: 'user-1',
    accountName: 'Zoë 名',
    sessionId: 's1',
  })
})

it('names a member before MFA and after it, and shows the id where there is no name', async () => {
  const member = [proof, 'x-kit-user: member-1', 'x-kit-organization: organization-1']
  const withTokens = trustedHeaders({
    secret,
    sessionTokenHeader: 'x-token',
    intermediateSessionTokenHeader: 'x-ist',
  })
  expect(await ask([...member, 'x-ist: ist'], withTokens)).toMatchObject({
    kind: 'member',
    organizationId: 'organization-1',
    memberId: 'member-1',
    accountName: 'member-1',
    intermediateSessionToken: 'ist',
  })
  expect(await ask([...member, 'x-token: token'], withTokens)).toMatchObject({ sessionToken: 'token' })
})

it('T63: reads headers that are named in capitals: a member never becomes a user', async () => {
  const named = trustedHeaders({ secret, organizationHeader: 'X-Org', sessionHeader: 'X-Session' })
  expect(await ask([proof, 'x-kit-user: member-1', 'x-org: organization-1', 'x-session: s1'], named)).toEqual(
    expect.objectContaining({ kind: 'member', organizationId: 'organization-1', sessionId: 's1' }),
  )
})

it('T63: takes no token of the provider from a header that it was not told of', async () => {
  const tokens = ['x-kit-session-token: token', 'x-kit-intermediate-session-token: ist']
  for (const ids of [['x-kit-user: u'], ['x-kit-user: m', 'x-kit-organization: o']]) {
    const subject = await ask([proof, ...ids, ...tokens])
    expect(subject).not.toBeNull()
    expect(JSON.stringify(subject)).not.toMatch(/token|ist/i)
  }
})

it('takes a request without the secret for nobody, whatever else it says', async () => {
  const user = 'x-kit-user: user-1'
  expect(await ask([user])).toBeNull()
  expect(await ask(['x-kit-identity-secret:', user])).toBeNull()
  expect(await ask([`${proof}x`, user])).toBeNull()
  expect(await ask([`x-kit-identity-secret: ${secret.slice(0, -1)}`, user])).toBeNull()
  expect(await ask([proof])).toBeNull()
})

it('takes a header that is there twice for an attempt', async () => {
  expect(await ask([proof, 'x-kit-user: user-1', 'x-kit-user: user-2'])).toBeNull()
  expect(
    await ask([proof, 'x-kit-user: user-1', 'x-kit-organization: a', 'x-kit-organization: b']),
  ).toBeNull()
  expect(await ask([proof, proof, 'x-kit-user: user-1'])).toBeNull()
})

it('is not made without a secret of 32 characters', () => {
  expect(() => trustedHeaders({ secret: 'short' })).toThrow(/at least 32 characters/)
  expect(() => trustedHeaders({ secret: '' })).toThrow(/at least 32 characters/)
})
