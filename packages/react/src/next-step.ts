import type { MfaStatus } from '@kit/contract'

/** What a person chose to see to first: a new authenticator app, or new recovery codes. */
export type NextStep = 'replace' | 'rotate'

/** Takes the person on; `next` is where {@link MfaSettings} should begin: `<MfaSettings start={next} />`. */
export type OnSuccess = (status: MfaStatus, next?: NextStep) => void

/** Whether the person should hear how few recovery codes are left: three or fewer. `null` means that nobody knows. */
export const isLow = (remaining: number | null): boolean => (remaining ?? 4) < 4
