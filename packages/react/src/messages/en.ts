/**
 * The catalogue in English, and the shape that every other locale satisfies ({@link Messages}).
 * One export a group, so that a page with the challenge alone does not load the sentences of the settings.
 * `{name}` is replaced; a message with plural forms is an object with the categories of `Intl.PluralRules`,
 * chosen by `{count}`.
 */

/** Forms of one message by the plural category of its `{count}`; `other` stands in for those left out. */
export interface Plural {
  readonly zero?: string
  readonly one?: string
  readonly two?: string
  readonly few?: string
  readonly many?: string
  readonly other: string
}

/** One form for each category given: keeps the type of an entry {@link Plural}, whatever forms it has. */
const plural = (forms: Plural): Plural => forms

/** Fields and buttons that several components share. */
export const form = {
  codeLabel: 'Code from your authenticator app',
  codeHint: 'Enter the {count} digits.',
  autoSubmit: 'The last digit sends the code.',
  recoveryLabel: 'Recovery code',
  recoveryHint: 'Capital letters, dashes and spaces do not matter.',
  submit: 'Verify',
  checking: 'Checking…',
  loading: 'Loading…',
  continue: 'Continue',
  cancel: 'Cancel',
  useRecoveryCode: 'Use a recovery code',
  useCode: 'Use your authenticator app',
  retryNow: 'You can try again now.',
}

/**
 * What went wrong, in the words of the person in front of the page, by the code of the error; `internal` stands in
 * for the codes that a person can do nothing about.
 */
export const error = {
  invalid_code: 'That code is wrong. Enter the one that your app shows now.',
  code_already_used: 'That code was used already. Wait for the next one.',
  invalid_recovery_code: 'That recovery code is wrong or was used already.',
  rate_limited: 'Too many attempts.',
  locked: 'Too many wrong codes. Codes are refused for now.',
  unauthenticated: 'You are signed out. Sign in again.',
  registration_expired: 'This setup has expired.',
  already_enrolled: 'An authenticator app is set up already.',
  not_enrolled: 'No authenticator app is set up.',
  step_up_required: 'Confirm with a code first.',
  not_supported: 'This is not available here.',
  network: 'There is no connection. Try again.',
  upstream_unavailable: 'The service cannot be reached. Try again in a moment.',
  outcome_unknown: 'It is not certain whether that worked. Try again with the next code.',
  internal: 'Something went wrong. Reload the page and try again.',
  wait: 'Try again in {time}.',
  later: 'Try again later, or ask for help.',
  attemptsLeft: plural({ one: '{count} attempt left.', other: '{count} attempts left.' }),
  reference: 'Reference: {id}',
}

/** Sign-in with a second factor, and the dialog that asks for one. */
export const challenge = {
  title: 'Two-step verification',
  stepUpTitle: 'Confirm that it is you',
}

/** After a recovery code was used, and how many are left. */
export const recovered = {
  title: 'Your recovery codes',
  body: 'The code you used no longer works. If you lost your authenticator app, set up a new one now.',
  replace: 'Set up a new authenticator app',
  rotate: 'Make new recovery codes',
  remaining: plural({ one: '{count} recovery code left.', other: '{count} recovery codes left.' }),
  low: 'Make new ones before you need one.',
}

/** Recovery codes on the screen. */
export const recoveryCodes = {
  title: 'Save your recovery codes',
  body: 'Each code works once if you cannot use your authenticator app. Keep them in a safe place.',
  copy: 'Copy',
  copied: 'Copied.',
  copyFailed: 'Copying was refused. Select the text and copy it yourself.',
  download: 'Download',
  print: 'Print',
  saved: 'I have saved these codes',
  fileTitle: 'Recovery codes for {name}',
  fileDate: 'Made on {date}. Each code works once.',
  reveal: 'Show recovery codes',
  rotateBody: 'The recovery codes you have now stop working.',
}

/** Setting up an authenticator app. */
export const enrollment = {
  title: 'Set up an authenticator app',
  intro: 'An authenticator app on your phone makes the codes that you sign in with.',
  start: 'Set up',
  resume: 'You began a setup that is not finished.',
  restart: 'Begin with a new code',
  replace: 'Your present authenticator app stops working first.',
  scan: 'Scan the QR code with your authenticator app.',
  open: 'Open in your authenticator app',
  qrCode: 'QR code for your authenticator app. The same key follows as text.',
  key: 'Or enter this key in the app:',
  copyKey: 'Copy key',
  expires: 'This setup expires in {time}.',
  unsaved: 'Your recovery codes may not be saved yet.',
  done: 'Your authenticator app is set up.',
}

/** The page of the person's own settings. */
export const settings = {
  on: 'Two-step verification is on.',
  off: 'Two-step verification is off.',
  required: 'Your organization requires it.',
  remove: 'Turn off two-step verification',
  removeBody: 'You will sign in without a code. Your recovery codes stop working too.',
  noRotate: 'To get new recovery codes here, set up a new authenticator app.',
}

/** The whole catalogue in English. */
export const en = { locale: 'en', form, error, challenge, recovered, recoveryCodes, enrollment, settings }

type Widen<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends Plural ? Plural : Widen<T[K]>
}

/** What a locale has to say: every message of {@link en}, and `locale`, the BCP 47 tag of its language. */
export type Messages = Widen<typeof en>
