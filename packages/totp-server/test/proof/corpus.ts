import fc from 'fast-check'

/** Texts that have broken something somewhere: as codes, ids, tokens, names. */
export const hostileTexts = [
  '',
  '12345',
  '1234567',
  ' 123456',
  '123456 ',
  '123456\n',
  '12 3456',
  '123-456',
  '１２３４５６',
  '١٢٣٤٥٦',
  '123456\u200b',
  '\u202e123456',
  '+12345',
  '-12345',
  '1e5',
  '0x1E240',
  'Ⅻ34567',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
  '{{1+1}}',
  '%00',
  '../../v1/users',
  "'; DROP TABLE users; --",
  '<img src=x onerror=alert(1)>',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: hostile as it stands
  '${jndi:ldap://x}',
  'x'.repeat(3000),
]

/** Anything that JSON can say, with hostile texts in it. */
export const anyValue = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 2, arbitrary: fc.stringMatching(/^[0-9]{6}$/) },
  fc.constantFrom(
    123456,
    1e300,
    -0,
    0.1,
    true,
    false,
    null,
    [],
    ['123456'],
    {},
    { $ne: '' },
    { toString: '1' },
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Whole bodies as no client of ours would write them. */
export const rawBodies = [
  '',
  '""',
  '"123456"',
  'null',
  '[1]',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  '{',
  '{}{}',
  '{"code":"123456","code":"654321"}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '\ufeff{}',
  'code=123456',
  '{"code":1e400}',
  '{"a":'.repeat(900),
  'x'.repeat(100_000),
]

/** Field names of either border, and some of none. */
export const fieldNames = [
  'code',
  'recoveryCode',
  'restart',
  'setDefault',
  'telemetryId',
  'user_id',
  'userId',
  'user_id[]',
  'organization_id',
  'member_id',
  'totp_id',
  'totp_code',
  'recovery_code',
  'session_token',
  'session_jwt',
  'intermediate_session_token',
  'session_duration_minutes',
  'session_custom_claims',
  'expiration_minutes',
  'set_mfa_enrollment',
  'set_default_mfa',
  'secret',
  'recovery_codes',
  'email',
  'external_id',
  'name',
  'organization_name',
  'organization_slug',
  'email_address',
  'mfa_policy',
  'trusted_metadata',
  '__proto__',
  'constructor',
  'toString',
]

/** A body as text: an object of such fields and values, or one of {@link rawBodies}. */
export const bodyText = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...fieldNames), anyValue), { maxLength: 6 })
      .map(
        (fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`,
      ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...rawBodies) },
)
