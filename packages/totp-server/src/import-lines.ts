import { idPattern } from '@kit/totp-client/wire'
import { z } from 'zod'
import { readSecret } from './new-totp.js'
import { normaliseRecoveryCode } from './recovery-codes.js'
import type { TotpAlgorithm } from './totp.js'

/** One person's authenticator, as another system kept it. */
export interface ImportEntry {
  subject: { kind: 'user'; userId: string } | { kind: 'member'; organizationId: string; memberId: string }
  secret: Uint8Array
  algorithm: TotpAlgorithm
  digits: number
  periodSeconds: number
  /** As their owner knows them. */
  recoveryCodes: string[]
}

/** A line of the input: what it says, or why it is refused. Problems never repeat a value, which may be a secret. */
export type ImportLine = { line: number } & ({ entry: ImportEntry } | { problem: string })

export type ImportFormat = 'jsonl' | 'csv' | 'otpauth'

const fieldNames = [
  'user_id',
  'organization_id',
  'member_id',
  'secret',
  'algorithm',
  'digits',
  'period',
  'recovery_codes',
] as const

const id = z.string().regex(idPattern, 'is no id: use up to 128 letters, digits, dots, dashes, _ and |')
const number = (min: number, max: number, preset: number) =>
  z
    .union(
      [
        z.int(),
        z
          .string()
          .regex(/^\d{1,4}$/)
          .transform(Number),
      ],
      'is not a whole number',
    )
    .refine((value) => value >= min && value <= max, `is not between ${min} and ${max}`)
    .default(preset)

const Fields = z.object({
  user_id: id.optional(),
  organization_id: id.optional(),
  member_id: id.optional(),
  secret: z.string('is missing').transform((text, context) => {
    const secret = readSecret(text)
    if (typeof secret !== 'string') return secret
    context.addIssue(secret)
    return z.NEVER
  }),
  algorithm: z
    .string('is not text')
    .transform((text) => text.toUpperCase().replace(/[-_]/g, '').replace(/^HMAC/, ''))
    .pipe(z.enum(['SHA1', 'SHA256', 'SHA512'], 'is none of SHA1, SHA256, SHA512'))
    .default('SHA1'),
  digits: number(6, 8, 6),
  period: number(10, 300, 30),
  recovery_codes: z
    .union(
      [z.array(z.string()), z.string().transform((text) => text.split(/[\s;]+/).filter(Boolean))],
      'is no list',
    )
    .refine((codes) => codes.every((code) => normaliseRecoveryCode(code) !== null), {
      error: 'has a code that is not made of 8 to 64 letters and digits',
    })
    .refine((codes) => new Set(codes.map(normaliseRecoveryCode)).size === codes.length, {
      error: 'names a code twice',
    })
    .refine((codes) => codes.length <= 100, 'has more than 100 codes')
    .default([]),
})

/** Judges named fields. Empty ones and nulls count as absent. */
function toEntry(given: Record<string, unknown>): { entry: ImportEntry } | { problem: string } {
  const known: readonly string[] = fieldNames
  const present = Object.entries(given).filter(([, value]) => value !== null && value !== '')
  if (present.some(([name]) => !known.includes(name))) {
    return { problem: `has a field that is none of ${fieldNames.join(', ')}` }
  }
  const parsed = Fields.safeParse(Object.fromEntries(present))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { problem: `${String(issue?.path[0])} ${issue?.message}` }
  }
  const { user_id, organization_id, member_id, secret, algorithm, digits, period, recovery_codes } =
    parsed.data
  const factor = { secret, algorithm, digits, periodSeconds: period, recoveryCodes: recovery_codes }
  if (user_id !== undefined && organization_id === undefined && member_id === undefined) {
    return { entry: { subject: { kind: 'user', userId: user_id }, ...factor } }
  }
  if (user_id === undefined && organization_id !== undefined && member_id !== undefined) {
    const subject = { kind: 'member', organizationId: organization_id, memberId: member_id } as const
    return { entry: { subject, ...factor } }
  }
  return { problem: 'must name a person: user_id, or organization_id and member_id' }
}

function readJson(text: string): { entry: ImportEntry } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'is not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'is no JSON object' }
  return toEntry({ ...value })
}

/** The cells of one line of RFC 4180, or null where a quote is out of place or not closed on its line. */
function readCells(text: string): string[] | null {
  const cells: string[] = []
  const cell = /("(?:[^"]|"")*"|[^",]*)(,|$)/y
  for (;;) {
    const [, content, end] = cell.exec(text) ?? []
    if (content === undefined) return null
    cells.push(content.startsWith('"') ? content.slice(1, -1).replaceAll('""', '"') : content.trim())
    if (end === '') return cells
  }
}

/**
 * `otpauth://totp/…`, after the person it belongs to and a space: a user id, or organization and member as
 * `organization_id/member_id`. Without them the account name of the label is the user id.
 */
function readOtpauth(text: string): { entry: ImportEntry } | { problem: string } {
  const [, person, address] = /^(?:(\S+)\s+)?(otpauth:\S+)$/.exec(text) ?? []
  if (address === undefined || !URL.canParse(address)) return { problem: 'is no otpauth URI' }
  const { host, pathname, searchParams } = new URL(address)
  if (host !== 'totp') return { problem: 'is not of the kind otpauth://totp/' }
  if (new Set(searchParams.keys()).size !== searchParams.size) return { problem: 'has a parameter twice' }
  let label: string
  try {
    label = decodeURIComponent(pathname.slice(1))
  } catch {
    return { problem: 'has a label that is not percent-encoded' }
  }
  const subject = person ?? label.slice(label.indexOf(':') + 1).trim()
  const [first, second, ...more] = subject.split('/')
  if (more.length > 0) return { problem: 'must begin with a user id, or organization_id/member_id' }
  return toEntry({
    ...(second === undefined ? { user_id: first } : { organization_id: first, member_id: second }),
    secret: searchParams.get('secret'),
    algorithm: searchParams.get('algorithm'),
    digits: searchParams.get('digits'),
    period: searchParams.get('period'),
  })
}

/** What the first line with something on it looks like. */
export function guessFormat(text: string): ImportFormat {
  const first = text.trimStart().split('\n', 1)[0] ?? ''
  if (first.startsWith('{')) return 'jsonl'
  return /(^|\s)otpauth:/.test(first) ? 'otpauth' : 'csv'
}

/**
 * Reads an export line by line: JSON objects, CSV whose first line names the columns, or otpauth URIs. Empty lines
 * are passed over. A person who appears a second time is refused there.
 */
export function* readImport(text: string, format: ImportFormat): Generator<ImportLine> {
  const seen = new Map<string, number>()
  let columns: string[] | undefined

  function readCsv(line: string): { entry: ImportEntry } | { problem: string } {
    const cells = readCells(line)
    if (cells === null) return { problem: 'has a quote that is out of place or not closed' }
    if (columns === undefined) return { problem: 'comes before a line that names the columns' }
    if (cells.length !== columns.length) {
      return { problem: `has ${cells.length} cells under ${columns.length} columns` }
    }
    return toEntry(Object.fromEntries(columns.map((column, index) => [column, cells[index]])))
  }

  const read = { jsonl: readJson, csv: readCsv, otpauth: readOtpauth }[format]
  for (const [index, raw] of text.split('\n').entries()) {
    const content = raw.replace(/^\ufeff/, '').trim()
    if (content === '') continue
    const line = index + 1
    if (format === 'csv' && columns === undefined) {
      columns = readCells(content) ?? []
      const known: readonly string[] = fieldNames
      if (!columns.includes('secret') || columns.some((column) => !known.includes(column))) {
        yield { line, problem: `must name the columns, secret and others of ${fieldNames.join(', ')}` }
        return
      }
      if (new Set(columns).size < columns.length) {
        yield { line, problem: 'names a column twice' }
        return
      }
      continue
    }
    const result = read(content)
    if ('entry' in result) {
      const person = Object.values(result.entry.subject).join('/')
      const earlier = seen.get(person)
      if (earlier !== undefined) {
        yield { line, problem: `names the same person as line ${earlier}` }
        continue
      }
      seen.set(person, line)
    }
    yield { line, ...result }
  }
}
