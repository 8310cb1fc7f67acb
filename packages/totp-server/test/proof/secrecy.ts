import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from 'otpauth'
import pg from 'pg'

/** A text as it stands within a longer one in base64: three alignments, without what its neighbours change. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
    const begin = Math.ceil((offset * 4) / 3)
    const text = padded.toString('base64').replace(/=+$/, '')
    const end = padded.length % 3 === 0 ? text.length : text.length - 1
    const inner = text.slice(begin, end)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

const spellingsOfBytes = (bytes: Buffer) => [
  bytes.toString('latin1'),
  bytes.toString('hex'),
  ...inBase64(bytes),
]

/** Every way in which somebody would recognise it. */
function spellings(value: string): string[] {
  const plain = value.replaceAll('-', '')
  const texts = [value, plain, plain.toLowerCase(), plain.toUpperCase(), encodeURIComponent(value)]
  const isBase32 = /^[A-Z2-7]{16,}$/.test(value)
  const bytes = isBase32 ? spellingsOfBytes(Buffer.from(Secret.fromBase32(value).buffer)) : []
  return [...new Set([...texts, ...texts.flatMap((text) => spellingsOfBytes(Buffer.from(text))), ...bytes])]
}

/** Six digits may stand in a longer number, a fraction or an id by chance: a code would stand alone. */
const standsAlone = (bytes: Buffer, at: number, length: number) => {
  const before = bytes.toString('latin1', Math.max(0, at - 2), at)
  const after = bytes.toString('latin1', at + length, at + length + 2)
  return !/[0-9a-z]$|[0-9]\.$/i.test(before) && !/^[0-9a-z]|^\.[0-9]/i.test(after)
}

/** A name as ours, with labels or without, and a number. */
const metricsLine = /^((?:kit|nodejs|process)_\w+(?:\{.*\})? )[\d.e+-]+$/gm

const threeBytes = (bytes: Buffer, at: number) =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)

/** Values that must be nowhere, and a look for them in whatever a proof has left behind. */
export interface Sweep {
  /** A secret, a code, a token: from now on it must be found nowhere. */
  plant(...values: string[]): void
  /** Looks through a text or file's content. @param where what it is, in words */
  look(where: string, content: string | Buffer): void
  /** Looks through every file of a folder. */
  lookIntoFolder(where: string, folder: string): void
  /** Looks through every row of every table. */
  lookIntoPostgres(where: string, connectionString: string): Promise<void>
  /** Fails where something was found; otherwise says how much was looked through for how many values. */
  end(): string
}

export function createSweep(): Sweep {
  /** By their first three bytes, of which a table of bits tells whether anything begins with them. */
  const byStart = new Map<number, Buffer[]>()
  const starts = new Uint8Array(1 << 24)
  const found = new Set<string>()
  let [values, bytesSeen] = [0, 0]

  const look: Sweep['look'] = (where, content) => {
    // The number that ends a line of metrics is a count or a size, and may be any six digits.
    const text = typeof content === 'string' ? content.replace(metricsLine, '$1') : content
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    bytesSeen += bytes.length
    for (let at = 0; at + 2 < bytes.length; at++) {
      const start = threeBytes(bytes, at)
      if (starts[start] === 0) continue
      for (const spelled of byStart.get(start) ?? []) {
        if (!bytes.subarray(at, at + spelled.length).equals(spelled)) continue
        const isDigits = /^\d+$/.test(spelled.toString('latin1'))
        if (isDigits && !standsAlone(bytes, at, spelled.length)) continue
        found.add(`${where}: ${bytes.toString('latin1', Math.max(0, at - 40), at + spelled.length + 40)}`)
      }
    }
  }

  return {
    plant(...planted) {
      for (const value of planted) {
        values++
        for (const spelled of spellings(value).map((text) => Buffer.from(text, 'latin1'))) {
          const start = threeBytes(spelled, 0)
          const known = byStart.get(start) ?? []
          if (known.some((other) => other.equals(spelled))) continue
          starts[start] = 1
          byStart.set(start, [...known, spelled])
        }
      }
    },
    look,
    lookIntoFolder(where, folder) {
      for (const name of readdirSync(folder, { recursive: true })) {
        const path = join(folder, String(name))
        if (statSync(path).isFile()) look(`${where} ${name}`, readFileSync(path))
      }
    },
    async lookIntoPostgres(where, connectionString) {
      const client = new pg.Client({ connectionString })
      await client.connect()
      const tables = await client.query('SELECT tablename FROM pg_tables WHERE schemaname = current_schema()')
      for (const { tablename } of tables.rows) {
        const { rows } = await client.query(`SELECT t::text AS row FROM ${tablename} t`)
        look(`${where} ${tablename}`, Buffer.from(rows.map(({ row }) => row).join('\n')))
      }
      await client.end()
    },
    end() {
      if (found.size > 0) throw new Error(`Found in ${[...found].slice(0, 5).join('\nand in ')}`)
      return `${values} planted values in no spelling in ${Math.round(bytesSeen / 1000)} kB of what was written`
    },
  }
}
