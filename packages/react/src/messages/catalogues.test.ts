// @vitest-environment node
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { formatMessage } from '../use-messages.js'
import { en, type Messages, type Plural } from './en.js'

const folder = fileURLToPath(new URL('.', import.meta.url))
const files = readdirSync(folder).filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== 'en.ts')

/** Every message by its path: `error.left`. */
function flat(messages: Messages): Map<string, string | Plural> {
  const all = new Map<string, string | Plural>()
  for (const [group, entries] of Object.entries(messages))
    if (typeof entries !== 'string')
      for (const [key, message] of Object.entries(entries as Record<string, string | Plural>))
        all.set(`${group}.${key}`, message)
  return all
}

const forms = (message: string | Plural): string[] =>
  typeof message === 'string' ? [message] : Object.values(message)
const names = (form: string) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

it('speaks fourteen languages', () => {
  expect(files).toHaveLength(13)
})

describe.each(files)('the catalogue %s', (file) => {
  const load = async () => {
    const exported = Object.values(await import(`./${file}`)) as Messages[]
    expect(exported).toHaveLength(1)
    return exported[0] as Messages
  }

  it('is named after its language', async () => {
    const { locale } = await load()
    expect(`${locale.toLowerCase()}.ts`).toBe(file)
    expect(Intl.getCanonicalLocales(locale)).toEqual([locale])
  })

  it('has every message, with the placeholders of the English one', async () => {
    const messages = flat(await load())
    const english = flat(en)
    expect([...messages.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [path, message] of messages) {
      const expected = names(forms(english.get(path) ?? '').at(-1) ?? '')
      // A form for exactly one or two may say the number as a word.
      for (const form of [typeof message === 'string' ? message : message.other])
        expect(names(form), path).toEqual(expected)
      for (const form of forms(message)) expect(form.trim(), path).not.toBe('')
    }
  })

  it('translates: no sentence is the English one', async () => {
    const english = flat(en)
    for (const [path, message] of flat(await load()))
      for (const form of forms(message))
        if (form.includes(' ')) expect(forms(english.get(path) ?? ''), path).not.toContain(form)
  })

  it('has each plural form that its language needs for small numbers', async () => {
    const messages = await load()
    const rules = new Intl.PluralRules(messages.locale)
    const same: Record<string, readonly string[]> = {
      ar: ['many'],
      fr: ['many'],
      es: ['many'],
      it: ['many'],
      'pt-BR': ['many'],
    }
    const needed = rules
      .resolvedOptions()
      .pluralCategories.filter((category) => !same[messages.locale]?.includes(category))
    for (const [path, message] of flat(messages)) {
      if (typeof message === 'string') continue
      // Turkish and Hebrew nouns: a language may say one and many alike.
      if (messages.locale === 'tr') continue
      expect(Object.keys(message).sort(), path).toEqual([...needed].sort())
    }
  })

  it('costs no more than 1.5 kB', async () => {
    const { outputFiles } = await build({
      entryPoints: [`${folder}${file}`],
      bundle: true,
      minify: true,
      format: 'esm',
      charset: 'utf8',
      write: false,
    })
    expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(1500)
  })
})

it('chooses the plural form and the digits of the language', async () => {
  const { pl } = await import('./pl.js')
  const { ar } = await import('./ar.js')
  const left = (messages: Messages, count: number) =>
    formatMessage(messages.locale, messages.error.left, { count })
  expect([1, 3, 5, 22].map((count) => left(pl, count))).toEqual([
    'Została 1 próba.',
    'Zostały 3 próby.',
    'Zostało 5 prób.',
    'Zostały 22 próby.',
  ])
  expect(left(ar, 2)).toBe('بقيت محاولتان.')
  expect(left(en, 1)).toBe('1 attempt left.')
  expect(formatMessage('en', '{a} and {b}', { a: 'x' })).toBe('x and ')
})
