#!/usr/bin/env node
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openConfiguredStore, readServerConfig, type ServerConfig } from './config.js'
import type { Context } from './context.js'
import { TotpServerError } from './error.js'
import { environmentOf } from './ids.js'
import { checkEntry, type ImportVerdict, importEntry } from './import-entry.js'
import { guessFormat, type ImportEntry, type ImportFormat, readImport } from './import-lines.js'
import { checkKeys } from './key-check.js'
import { attemptLimitsOf, recoveryLimitsOf, resolveLimits } from './limits.js'
import { createKeyring } from './seal.js'
import type { Store } from './store.js'

const usage = `Usage: kit-import [--format jsonl|csv|otpauth] [--dry-run] [--keep-going] [FILE]

Imports authenticators of another system into the database that the environment names (as for kit-totp-server).
Reads FILE, or standard input. All lines are checked before the first is imported; a second run changes nothing.

  --format      as which the input is read; guessed from its first line otherwise
  --dry-run     only check
  --keep-going  import the good lines although others are refused

Fields of JSON lines and columns of CSV: user_id, or organization_id and member_id; secret (base32);
algorithm (SHA1), digits (6), period (30), recovery_codes (a list; in CSV separated by spaces).
An otpauth URI follows its user_id, or organization_id/member_id, and a space.`

/** Lines in work at once: enough to share a flush on PostgreSQL. */
const batchSize = 32

/** Lines between two lines of progress. */
const progressLines = 10_000

const say = (line: string) => process.stderr.write(`${line}\n`)

const formats: readonly ImportFormat[] = ['jsonl', 'csv', 'otpauth']

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      format: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const format = formats.find((known) => known === values.format)
  if (values.format !== undefined && format === undefined) {
    throw new TotpServerError('invalid_option', `--format must be one of ${formats.join(', ')}.`)
  }
  if (positionals.length > 1)
    throw new TotpServerError('invalid_option', 'Name one file, or none to read standard input.')
  const [file = '-'] = positionals
  return { format, file, dryRun: values['dry-run'], keepGoing: values['keep-going'], help: values.help }
}

const signsNothing = () => Promise.reject(new Error('An import signs nothing.'))

function createContext({ options }: ServerConfig, store: Store): Context {
  const limits = resolveLimits(options.limits)
  return {
    ...options,
    store,
    environment: environmentOf(options.projectId),
    keyring: createKeyring(options.encryptionKeys),
    attemptLimits: attemptLimitsOf(limits),
    recoveryLimits: recoveryLimitsOf(limits),
    random: randomBytes,
    now: Date.now,
    signers: signsNothing,
    freshSigners: signsNothing,
  }
}

interface Counts {
  new: number
  unchanged: number
  refused: number
}

/** Walks all lines with one kind of work, some at a time, and tells of refused ones and of progress. */
async function walk(
  text: string,
  format: ImportFormat,
  title: string,
  work: (entry: ImportEntry, known: Set<string>) => Promise<ImportVerdict>,
): Promise<Counts> {
  const known = new Set<string>()
  const counts: Counts = { new: 0, unchanged: 0, refused: 0 }
  let seen = 0
  let batch: Promise<void>[] = []
  for (const line of readImport(text, format)) {
    const judged = 'problem' in line ? Promise.resolve({ problem: line.problem }) : work(line.entry, known)
    batch.push(
      judged.then((verdict) => {
        if (typeof verdict === 'string') counts[verdict]++
        else {
          counts.refused++
          say(`line ${line.line}: ${verdict.problem}`)
        }
      }),
    )
    seen++
    if (batch.length === batchSize) {
      await Promise.all(batch)
      batch = []
    }
    if (seen % progressLines === 0) say(`${title} ${seen} lines …`)
  }
  await Promise.all(batch)
  return counts
}

/** @throws TotpServerError for what cannot be read, and for an input with nothing in it: an export that failed */
function readInput(file: string): string {
  const name = file === '-' ? 'standard input' : file
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new TotpServerError(
      'invalid_option',
      `${name} cannot be read${code}: name a file of lines to import.`,
    )
  }
  if (text.trim() === '')
    throw new TotpServerError('invalid_option', `${name} is empty: nothing was imported.`)
  return text
}

async function run(): Promise<number> {
  const { format: named, file, dryRun, keepGoing, help } = readArguments()
  if (help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const config = readServerConfig(process.env)
  const text = readInput(file)
  const format = named ?? guessFormat(text)
  const context = createContext(config, await openConfiguredStore(config))
  try {
    await checkKeys(context.store, context.keyring, { nowMs: context.now(), isDry: dryRun })
    if (dryRun || !keepGoing) {
      const {
        new: count,
        unchanged,
        refused,
      } = await walk(text, format, 'checked', (entry, known) => checkEntry(context, entry, known))
      if (dryRun || refused > 0) {
        say(`would import ${count}, unchanged ${unchanged}, refused ${refused}; nothing was changed`)
        return refused > 0 ? 1 : 0
      }
    }
    const {
      new: count,
      unchanged,
      refused,
    } = await walk(text, format, 'imported', (entry, known) => importEntry(context, entry, known))
    say(`imported ${count}, unchanged ${unchanged}, refused ${refused}`)
    return refused > 0 ? 1 : 0
  } finally {
    await context.store.close()
  }
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    say(`kit-import: ${why.replaceAll('\n', ' ')}`)
    process.exit(1)
  },
)
