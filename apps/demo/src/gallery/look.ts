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
}
