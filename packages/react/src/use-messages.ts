import { useContext } from 'react'
import { MfaContext } from './context.js'
import { en, type Messages, type Plural } from './messages/en.js'

/**
 * Values for the `{names}` of a message. Numbers are written in the digits of the locale, and the seconds of `{time}`
 * as a short span in its words: `45 sec`, `3 min`.
 */
export type MessageValues = Readonly<Record<string, string | number>>

/**
 * Fills a message in for a locale.
 *
 * @param locale BCP 47 tag: chooses the plural form (`Intl.PluralRules`) and the digits.
 */
export function formatMessage(locale: string, message: string | Plural, values: MessageValues = {}): string {
  const form =
    typeof message === 'string'
      ? message
      : (message[new Intl.PluralRules(locale).select(values.count as number)] ?? message.other)
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = (values[name] ?? '') as number
    if (name !== 'time') return value.toLocaleString(locale)
    const minutes = value > 90
    return (minutes ? Math.ceil(value / 60) : value).toLocaleString(locale, {
      style: 'unit',
      unit: minutes ? 'minute' : 'second',
      unitDisplay: 'short',
    })
  })
}

/** One group of the catalogue, in the provider's language; without a catalogue or a provider, in the English given. */
export function useGroup<G extends keyof Messages>(group: G, english: Messages[G]): Messages[G] {
  return useContext(MfaContext)?.messages?.[group] ?? english
}

/** The locale of the provider, `en` outside of one. */
export const useLocale = (): string => useContext(MfaContext)?.locale ?? 'en'

/** Fills messages in for the locale of the provider. */
export function useFormat() {
  const locale = useLocale()
  return (message: string | Plural, values: MessageValues) => formatMessage(locale, message, values)
}

export type Format = ReturnType<typeof useFormat>

/**
 * The whole catalogue of the provider's language, English by default: for a page that is built from the hooks and
 * says things in the words of the kit.
 */
export const useMessages = (): Messages => useContext(MfaContext)?.messages ?? en
