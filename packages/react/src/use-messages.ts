import { createContext, useContext } from 'react'
import { en, type Messages, type Plural } from './messages/en.js'

/** What the provider says about language; undefined outside of a provider, where English speaks. */
export const LanguageContext = createContext<{ locale: string; messages: Messages | undefined } | undefined>(
  undefined,
)

/** Values for the `{names}` of a message; numbers are written in the digits of the locale. */
export type MessageValues = Readonly<Record<string, string | number>>

/** Fills a message in: `say(t.form.attemptsLeft, { count: 2 })`. */
export type Say = (message: string | Plural, values?: MessageValues) => string

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
  const minutes = seconds > 90
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: minutes ? 'minute' : 'second',
    unitDisplay: 'short',
  }).format(minutes ? Math.ceil(seconds / 60) : seconds)
}

/** One group of the catalogue, in the provider's language or in the English given. */
export function useGroup<G extends keyof Messages>(group: G, english: Messages[G]): Messages[G] {
  return useContext(LanguageContext)?.messages?.[group] ?? english
}

/** The locale of the provider, `en` outside of one. */
export function useLocale(): string {
  return useContext(LanguageContext)?.locale ?? 'en'
}

/**
 * The whole catalogue of the provider's language, English by default: for a page that is built from the hooks and
 * says things in the words of the kit.
 */
export function useMessages(): Messages {
  return useContext(LanguageContext)?.messages ?? en
}
