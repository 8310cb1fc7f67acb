import {
  CodeInput,
  MfaSettings,
  QrCode,
  RecoverAccount,
  RecoveryCodes,
  SecretKey,
  TotpChallenge,
  TotpEnrollment,
} from '../src/index.js'
import { describeConformance } from './conformance.js'

describeConformance('CodeInput', <CodeInput label="Code" hint="Six digits." />, {
  inner: '[data-kit="code-input"]',
  outer: '.kit-code',
})
describeConformance('QrCode', <QrCode value="otpauth://totp/Acme:ada?secret=JBSWY3DP" />, {
  inner: '[data-kit="qr-code"]',
  outer: '[data-kit="qr-code"]',
})
describeConformance('SecretKey', <SecretKey value="JBSWY3DPEHPK3PXP" />, {
  inner: '.kit-secret-key',
  outer: '.kit-secret-key',
})
describeConformance(
  'RecoveryCodes',
  <RecoveryCodes codes={['aaaa-bbbb', 'cccc-dddd']} onSaved={() => {}} />,
  {
    inner: '[data-kit="recovery-codes"]',
    outer: '[data-kit="recovery-codes"]',
  },
)
describeConformance('TotpEnrollment', <TotpEnrollment />, { outer: '[data-kit="enrollment"]' })
describeConformance('TotpChallenge', <TotpChallenge />, { outer: '[data-kit="challenge"]' })
describeConformance('RecoverAccount', <RecoverAccount />, { outer: '[data-kit="recover"]' })
describeConformance('MfaSettings', <MfaSettings />, { outer: '[data-kit="settings"]' })
