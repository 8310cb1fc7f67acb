import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, SocketAddress } from 'node:net'

/** Names the client of a request: an IPv4 address, or an IPv6 network of 64 bits, which is one customer's. */
export type ClientAddress = (req: IncomingMessage) => string

/**
 * Reads the client's address. `X-Forwarded-For` counts only as far as configured proxies wrote it: from the right,
 * past every proxy that is trusted, to the first address that is not. Without proxies it is ignored: T26, T27.
 *
 * @param trustedProxies addresses or CIDR networks, as `10.0.0.0/8` and `::1`
 * @throws TypeError where an entry is neither
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList()
  for (const entry of trustedProxies) addNetwork(trusted, entry)
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (req) => {
    let client = canonical(req.socket.remoteAddress ?? '')
    if (client === null) return 'unknown'
    const hops =
      trustedProxies.length === 0 ? [] : [req.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    while (hops.length > 0 && isTrusted(client)) {
      // A hop that cannot be read was not written by a proxy worth trusting: stop at what is known.
      const hop = canonical(withoutPort(hops.pop()?.trim() ?? ''))
      if (hop === null) break
      client = hop
    }
    return isIP(client) === 6 ? network64(client) : client
  }
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  const prefix = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits)
  const most = version === 6 ? 128 : 32
  if (
    version === 0 ||
    rest.length > 0 ||
    bits === '' ||
    !Number.isInteger(prefix) ||
    prefix < 1 ||
    prefix > most
  ) {
    throw new TypeError(
      `trustedProxies: ${JSON.stringify(entry)} is neither an address nor a network; write 10.0.0.0/8 or ::1, and never a network that holds everybody.`,
    )
  }
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
}

/** One spelling an address: lower case, shortest form, without zone; IPv4 where IPv6 only carries it. */
function canonical(address: string): string | null {
  const bare = address.replace(/%.*$/, '')
  if (isIP(bare) === 4) return bare
  if (isIP(bare) === 0) return null
  const { address: shortest } = new SocketAddress({ address: bare, family: 'ipv6' })
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(shortest)?.[1] ?? shortest
}

/** Some proxies write the port too, as `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
const withoutPort = (hop: string) =>
  /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(hop)?.slice(1).find(Boolean) ?? hop

/** The first four groups of an IPv6 address. */
function network64(address: string): string {
  const [left = '', right] = address.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  // A dotted quad at the end stands for two groups.
  const groups = head.length + tail.length + (tail.at(-1)?.includes('.') ? 1 : 0)
  const all = right === undefined ? head : [...head, ...Array<string>(8 - groups).fill('0'), ...tail]
  return `${all.slice(0, 4).join(':')}::/64`
}
