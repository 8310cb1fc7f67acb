/**
 * Recovery codes at sign-in: the field for one, how many are left, what to do about it. Not in the file of the whole
 * catalogue, since the challenge loads these when they are needed.
 */
export const recovered = {
  title: 'Your recovery codes',
  body: 'That code no longer works. If you lost your authenticator app, set up a new one.',
  replace: 'Set up a new authenticator app',
  rotate: 'Make new recovery codes',
  left: { one: '{count} recovery code left.', other: '{count} recovery codes left.' },
  low: 'Make new ones soon.',
  noRotate: 'New recovery codes come with a new authenticator app.',
  recovery: 'Recovery code',
  forgiving: 'Capitals, dashes and spaces do not matter.',
}
