'use client'

export type { CodeFormOptions } from './attempt-form.js'
export type { CallOptions, ClientOperation, InputOf, Method, MfaClient, MfaClientOptions } from './client.js'
export { createMfaClient } from './client.js'
export type { CodeCell, CodeChangeReason, CodeInputOptions, CodeInputProps } from './code-input.js'
export { CodeInput, useCodeInput } from './code-input.js'
export type { StepUp, StepUpOptions } from './context.js'
export {
  useAuthenticateTotp,
  useCancelTotp,
  useCreateTotp,
  useMfaClient,
  useRecover,
  useRecoveryCodes,
  useRemoveTotp,
  useRotateRecoveryCodes,
  useSignOut,
} from './hooks.js'
export { en, type Messages, type Plural } from './messages/en.js'
export { MfaError, type MfaErrorCode } from './mfa-error.js'
export { MfaSettings, type MfaSettingsProps } from './mfa-settings.js'
export type { NextStep, OnSuccess } from './next-step.js'
export { MfaProvider, type MfaProviderProps } from './provider.js'
export { QrCode, type QrCodeProps } from './qr-code.js'
export { RecoverAccount, type RecoverAccountProps } from './recover-account.js'
export { RecoveryCodes, type RecoveryCodesProps } from './recovery-codes.js'
export { SecretKey, type SecretKeyProps } from './secret-key.js'
export { useStepUp } from './step-up.js'
export { TotpChallenge, type TotpChallengeProps } from './totp-challenge.js'
export { TotpEnrollment, type TotpEnrollmentProps } from './totp-enrollment.js'
export { formatMessage, type MessageValues, useMessages } from './use-messages.js'
export { mfaKeys, type OperationHook } from './use-operation.js'
export { mfaStatusOptions, useMfaStatus } from './use-send.js'
export {
  type EnrollmentState,
  type TotpEnrollmentFlow,
  type TotpEnrollmentOptions,
  useTotpEnrollment,
} from './use-totp-enrollment.js'
