import type { Messages } from '@kit/react'

/** How every specimen is shown. */
export interface Look {
  theme: 'light' | 'dark'
  dir: 'ltr' | 'rtl'
  locale: string
  /** English where undefined. */
  messages?: Messages | undefined
}

/** Each locale of the kit is a file of its own, loaded when it is chosen. */
export const locales: Readonly<Record<string, () => Promise<Messages | undefined>>> = {
  en: async () => undefined,
  ar: async () => (await import('@kit/react/messages/ar')).ar,
  de: async () => (await import('@kit/react/messages/de')).de,
  es: async () => (await import('@kit/react/messages/es')).es,
  fr: async () => (await import('@kit/react/messages/fr')).fr,
  he: async () => (await import('@kit/react/messages/he')).he,
  it: async () => (await import('@kit/react/messages/it')).it,
  ja: async () => (await import('@kit/react/messages/ja')).ja,
  ko: async () => (await import('@kit/react/messages/ko')).ko,
  nl: async () => (await import('@kit/react/messages/nl')).nl,
  pl: async () => (await import('@kit/react/messages/pl')).pl,
  'pt-BR': async () => (await import('@kit/react/messages/pt-BR')).ptBR,
  tr: async () => (await import('@kit/react/messages/tr')).tr,
  'zh-Hans': async () => (await import('@kit/react/messages/zh-Hans')).zhHans,
}
