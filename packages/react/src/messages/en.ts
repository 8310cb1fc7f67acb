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
  autoSubmit: 'The code is checked as soon as you enter the last digit.',
  recoveryLabel: 'Recovery code',
  recoveryHint: 'Capital letters, dashes and spaces do not matter.',
  submit: 'Verify',
  checking: 'Checking…',
  verified: 'Verified.',
  loading: 'Loading…',
  continue: 'Continue',
  cancel: 'Cancel',
  useRecoveryCode: 'Use a recovery code instead',
  useCode: 'Use your authenticator app instead',
  attemptsLeft: plural({ one: '{count} attempt left.', other: '{count} attempts left.' }),
  retryNow: 'You can try again now.',
  reference: 'Reference: {id}',
}

/** What went wrong, in the words of the person in front of the page. */
export const error = {
  invalidCode: 'That code is wrong. Enter the code that your app shows now.',
  usedCode: 'That code was used already. Wait for the next one.',
  invalidRecoveryCode: 'That recovery code is wrong or was used already.',
  limited: 'Too many attempts.',
  locked: 'Too many wrong codes, so codes are refused for now.',
  wait: 'Try again in {time}.',
  later: 'Try again later.',
  lockedOut: 'Ask for help to unlock your account.',
  signedOut: 'You are signed out. Sign in again.',
  expired: 'This setup has expired. Begin with a new code.',
  enrolled: 'An authenticator app is set up already.',
  notEnrolled: 'No authenticator app is set up.',
  confirm: 'Confirm with a code first.',
  notSupported: 'This is not available here.',
  network: 'There is no connection. Check your network and try again.',
  unavailable: 'The service cannot be reached. Try again in a moment.',
  unknown: 'It is not certain whether that worked. Wait for the next code and try again.',
  internal: 'Something went wrong. Reload the page and try again.',
}

/** Sign-in with a second factor, and the dialog that asks for one. */
export const challenge = {
  title: 'Two-step verification',
  recoveryTitle: 'Use a recovery code',
  stepUpTitle: 'Confirm that it is you',
  stepUpHint: 'This change needs a new code.',
}

/** After a recovery code was used. */
export const recovered = {
  title: 'You used a recovery code',
  body: 'That code no longer works. If you lost your authenticator app, set up a new one now.',
  replace: 'Set up a new authenticator app',
  rotate: 'Make new recovery codes',
  remaining: plural({ one: '{count} recovery code left.', other: '{count} recovery codes left.' }),
  low: 'Make new recovery codes before you run out.',
  none: 'You have no recovery codes left. Make new ones now.',
}

/** Recovery codes on the screen, and how many are left. */
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
  replace: 'Your present authenticator app stops working first. Then you set up the new one.',
  scan: 'Scan the QR code with your authenticator app.',
  open: 'Open in your authenticator app',
  qrCode: 'QR code for your authenticator app. The same key follows as text.',
  key: 'Setup key',
  keyHint: 'Or enter this key in the app.',
  copyKey: 'Copy key',
  first: 'Then enter the code that the app shows.',
  expires: 'This code expires in {time}.',
  expired: 'This setup has expired.',
  unsaved: 'You have not said yet that your recovery codes are saved.',
  done: 'Your authenticator app is set up.',
}

/** The page of the person's own settings. */
export const settings = {
  title: 'Two-step verification',
  on: 'On, with an authenticator app.',
  off: 'Off.',
  required: 'Your organization requires it.',
  replace: 'Replace authenticator app',
  remove: 'Turn off two-step verification',
  removeBody: 'You will sign in without a code. Your recovery codes stop working too.',
  noRotate: 'To get new recovery codes here, replace the authenticator app.',
  removed: 'Two-step verification is off.',
}

/** The whole catalogue in English. */
export const en = { locale: 'en', form, error, challenge, recovered, recoveryCodes, enrollment, settings }

type Widen<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends Plural ? Plural : Widen<T[K]>
}

/** What a locale has to say: every message of {@link en}, and `locale`, the BCP 47 tag of its language. */
export type Messages = Widen<typeof en>
