import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { createClientAddress } from './client-address.js'

function request(peer: string, forwardedFor?: string | undefined): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: peer })
  const req = new IncomingMessage(socket)
  if (forwardedFor !== undefined) req.headers['x-forwarded-for'] = forwardedFor
  return req
}

it('T26: forwarded headers of a stranger change nothing', () => {
  const clientAddress = createClientAddress([])
  const behindOthers = createClientAddress(['10.0.0.0/8'])
  const seen = new Set<string>()
  for (let i = 0; i < 1_000; i++) {
    const forged = `${i % 256}.${i % 100}.3.4`
    for (const name of ['x-real-ip', 'cf-connecting-ip', 'forwarded', 'x-client-ip']) {
      const req = request('192.0.2.1', forged)
      req.headers[name] = forged
      seen.add(clientAddress(req))
      seen.add(behindOthers(req))
    }
  }
  expect([...seen]).toEqual(['192.0.2.1'])
})

it('T26: of what trusted proxies wrote, the rightmost hop that is not one of them counts', () => {
  const clientAddress = createClientAddress(['10.0.0.0/8', '2001:db8:ffff::/48', '::1'])
  expect(clientAddress(request('10.0.0.1', '203.0.113.9'))).toBe('203.0.113.9')
  expect(clientAddress(request('10.0.0.1', '1.2.3.4, 203.0.113.9, 10.2.3.4'))).toBe('203.0.113.9')
  expect(clientAddress(request('::ffff:10.0.0.1', '6.6.6.6, 203.0.113.9'))).toBe('203.0.113.9')
  expect(clientAddress(request('::1', '203.0.113.9:4711'))).toBe('203.0.113.9')
  expect(clientAddress(request('::1', '[2001:db8:1:2::3]:4711'))).toBe('2001:db8:1:2::/64')
  expect(clientAddress(request('2001:db8:ffff::9', '203.0.113.9'))).toBe('203.0.113.9')
  expect(clientAddress(request('10.0.0.1'))).toBe('10.0.0.1')
  expect(clientAddress(request('10.0.0.1', '10.0.0.2'))).toBe('10.0.0.2')
})

it('T26: what cannot be read ends the walk at the last proxy', () => {
  const clientAddress = createClientAddress(['10.0.0.0/8'])
  for (const hop of ['', 'unknown', '1.2.3', '1.2.3.4.5', '_hidden', 'localhost', '999.1.1.1', '<script>']) {
    expect(clientAddress(request('10.0.0.1', `203.0.113.9, ${hop}`)), hop).toBe('10.0.0.1')
  }
})

it('T27: all addresses of an IPv6 network of 64 bits are one client', () => {
  const clientAddress = createClientAddress([])
  const seen = new Set<string>()
  for (let i = 0; i < 1_000; i++)
    seen.add(clientAddress(request(`2001:db8:1:2:${i.toString(16)}::${i.toString(16)}`)))
  expect([...seen]).toEqual(['2001:db8:1:2::/64'])
  expect(clientAddress(request('2001:db8:1:3::1'))).toBe('2001:db8:1:3::/64')
})

it('T27: every spelling of an address is the same client', () => {
  const clientAddress = createClientAddress([])
  const spellings = [
    '2001:DB8:0:0:1::1',
    '2001:db8::1:0:0:1',
    '2001:0db8:0000:0000:0001:0000:0000:0001',
    '2001:db8::1:0:0.0.0.1',
    '2001:db8::1:0:0:1%eth0',
  ]
  expect(new Set(spellings.map((spelling) => clientAddress(request(spelling))))).toEqual(
    new Set(['2001:db8:0:0::/64']),
  )
  expect(clientAddress(request('::ffff:192.0.2.1'))).toBe('192.0.2.1')
  expect(clientAddress(request('::FFFF:c000:0201'))).toBe('192.0.2.1')
  expect(clientAddress(request('::1'))).toBe('0:0:0:0::/64')
  expect(clientAddress(request(''))).toBe('unknown')
})

it('T26: proxies that would mean everybody, or nobody, are refused when it is made', () => {
  for (const entry of [
    'true',
    '*',
    '',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'proxy.local',
  ]) {
    expect(() => createClientAddress([entry]), entry).toThrow(/trustedProxies/)
  }
})
