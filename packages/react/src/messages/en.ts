/**
 * The catalogue in English, and the shape that every other locale satisfies ({@link Messages}).
 * One export a group, so that a page with the challenge alone does not load the sentences of the settings.
 * `{name}` is replaced; a message with plural forms is an object with the categories of `Intl.PluralRules`,
 * chosen by `{count}`.
 */

import { recovered } from '../recovery-words.js'

/** Forms of one message by the plural category of its `{count}`; `other` stands in for those left out. */
export interface Plural {
  readonly zero?: string
  readonly one?: string
  readonly two?: string
  readonly few?: string
  readonly many?: string
  readonly other: string
}

/** Fields and buttons that several components share. */
export const form = {
  code: 'Code from your authenticator app',
  digits: 'Enter the {count} digits.',
  auto: 'The last digit sends the code.',
  submit: 'Verify',
  busy: 'One moment…',
  continue: 'Continue',
  cancel: 'Cancel',
  useRecovery: 'Use a recovery code',
  useCode: 'Use your authenticator app',
  again: 'Try again now.',
}

/**
 * What went wrong, in the words of the person in front of the page, by the code of the error; `internal` stands in
 * for the codes that a person can do nothing about.
 */
export const error = {
  invalid_code: 'Wrong code. Try the one shown now.',
  code_already_used: 'That code was used already. Try the next code.',
  invalid_recovery_code: 'That recovery code is wrong or was used already.',
  rate_limited: 'Too many attempts.',
  locked: 'Too many wrong codes.',
  unauthenticated: 'You are signed out. Sign in again.',
  registration_expired: 'This setup has expired.',
  already_enrolled: 'An authenticator app is set up already.',
  not_enrolled: 'No authenticator app is set up.',
  upstream_unavailable: 'The service cannot be reached. Try again later.',
  outcome_unknown: 'That may not have worked. Try the next code.',
  internal: 'Something went wrong. Reload the page.',
  wait: 'Try again in {time}.',
  later: 'Try again later, or ask for help.',
  left: { one: '{count} attempt left.', other: '{count} attempts left.' } as Plural,
}

/** Sign-in with a second factor, and the dialog that asks for one. */
export const challenge = {
  title: 'Two-step verification',
  stepUp: 'Confirm that it is you',
}

/** Recovery codes on the screen. */
export const recoveryCodes = {
  title: 'Save your recovery codes',
  body: 'Each code works once instead of your authenticator app. Keep them safe.',
  copy: 'Copy',
  copied: 'Copied.',
  failed: 'Copy the text yourself.',
  download: 'Download',
  print: 'Print',
  saved: 'I have saved these codes',
  file: 'Recovery codes for {name}',
  reveal: 'Show recovery codes',
  rotate: 'Your present recovery codes stop working.',
}

/** Setting up an authenticator app. */
export const enrollment = {
  title: 'Set up an authenticator app',
  intro: 'An authenticator app makes the codes that you sign in with.',
  restart: 'Begin with a new code',
  replace: 'Your present authenticator app stops working first.',
  scan: 'Scan the QR code with your authenticator app.',
  open: 'Open in your authenticator app',
  qrCode: 'QR code for your authenticator app. The key follows.',
  key: 'Or enter this key:',
  expires: 'This setup expires in {time}.',
  unsaved: 'Your recovery codes may not be saved.',
}

/** The page of the person's own settings. */
export const settings = {
  on: 'Two-step verification is on.',
  off: 'Two-step verification is off.',
  required: 'Your organization requires it.',
  remove: 'Turn off two-step verification',
  removeBody: 'Your recovery codes stop working too.',
}

/** The whole catalogue in English. */
export const en = { locale: 'en', form, error, challenge, recovered, recoveryCodes, enrollment, settings }

type Widen<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends Plural ? Plural : Widen<T[K]>
}

/** What a locale has to say: every message of {@link en}, and `locale`, the BCP 47 tag of its language. */
export type Messages = Widen<typeof en>
