import { useMfa } from './context.js'
import { useStepUp } from './step-up.js'
import { useOperation } from './use-operation.js'

/**
 * Begins a registration, or answers the one that is pending: secret, otpauth URI and recovery codes.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useCreateTotp = () => useOperation('create', useStepUp())

/**
 * A code of the authenticator app: confirms a pending registration, or signs in.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useAuthenticateTotp = () => useOperation('authenticate')

/**
 * A recovery code instead.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useRecover = () => useOperation('recover')

/**
 * Shows the recovery codes that are not spent. Asks for a code of the app where MFA is not fresh.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useRecoveryCodes = () => useOperation('recoveryCodes', useStepUp(), { codeOnly: true })

/**
 * Makes new recovery codes; the old ones stop working. Asks for a code where MFA is not fresh.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useRotateRecoveryCodes = () => useOperation('rotate', useStepUp())

/**
 * Removes the authenticator app and its recovery codes. Asks for a code where MFA is not fresh.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useRemoveTotp = () => useOperation('remove', useStepUp())

/**
 * Throws the pending registration of this browser away.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useCancelTotp = () => useOperation('cancel')

/**
 * Ends the verified session of this browser.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useSignOut = () => useOperation('signOut')

/**
 * The client of the provider above, for a call of one's own.
 *
 * @throws {Error} outside of an `MfaProvider`
 */
export const useMfaClient = () => useMfa().client
