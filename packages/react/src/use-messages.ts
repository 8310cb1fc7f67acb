import { useContext } from 'react'
import { MfaContext } from './context.js'
import { en, type Messages, type Plural } from './messages/en.js'

/** Values for the `{names}` of a message; numbers are written in the digits of the locale. */
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
      : (message[new Intl.PluralRules(locale).select(Number(values.count))] ?? message.other)
  return form.replace(/\{(\w+)\}/g, (_, name: string) => values[name]?.toLocaleString(locale) ?? '')
}

/** `seconds` as a short span of time, `45 sec` or `3 min`, in the words of the locale. */
export function formatSpan(locale: string, seconds: number): string {
  const unit = seconds > 90 ? 'minute' : 'second'
  const value = seconds > 90 ? Math.ceil(seconds / 60) : seconds
  return value.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'short' })
}

/** One group of the catalogue, in the provider's language; without a catalogue or a provider, in the English given. */
export function useGroup<G extends keyof Messages>(group: G, english: Messages[G]): Messages[G] {
  return useContext(MfaContext)?.messages?.[group] ?? english
}

/** The locale of the provider, `en` outside of one. */
export const useLocale = (): string => useContext(MfaContext)?.locale ?? 'en'

/**
 * The whole catalogue of the provider's language, English by default: for a page that is built from the hooks and
 * says things in the words of the kit.
 */
export const useMessages = (): Messages => useContext(MfaContext)?.messages ?? en
