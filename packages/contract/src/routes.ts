import { z } from 'zod'
import { type ErrorCode, errors } from './errors.js'

const time = z.iso.datetime().describe('RFC 3339, UTC')
const recoveryCodes = z.array(z.string())

/** What the browser may know of the person who asks: answered by every operation that changes it. */
export const MfaStatus = z.strictObject({
  subject: z.strictObject({ kind: z.enum(['user', 'member']), accountName: z.string() }),
  csrfToken: z.string().describe('Goes back in the x-csrf header of every request but GET'),
  enrolled: z.boolean().describe('An authenticator app is active'),
  required: z.boolean().describe('Policy demands MFA of this subject'),
  verified: z
    .strictObject({
      method: z.enum(['totp', 'recovery_code']),
      at: time,
      freshUntil: time.describe('Until then a change of factors is allowed'),
      expiresAt: time,
    })
    .nullable(),
  pending: z.strictObject({ expiresAt: time }).nullable().describe('A registration begun in this browser'),
  recoveryCodesRemaining: z.int().min(0).nullable().describe('null: this provider does not tell'),
  capabilities: z.strictObject({
    reveal: z.boolean(),
    rotate: z.boolean(),
    remove: z.boolean(),
    setDefault: z.boolean(),
  }),
  stale: z.literal(true).optional().describe('The provider has been out of reach for too long to trust MFA'),
})
export type MfaStatus = z.infer<typeof MfaStatus>

/** A registration that waits for its first code: shown once to the browser that began it. */
export const PendingTotp = z.strictObject({
  registrationId: z.string(),
  secret: z.string().describe('Base32 (RFC 4648 section 6), upper case, no padding'),
  otpauthUri: z.string().describe('otpauth://totp/… for the QR code'),
  expiresAt: time,
  recoveryCodes,
})
export type PendingTotp = z.infer<typeof PendingTotp>

/** Recovery codes that are not spent yet, in the form people write down. */
export const RecoveryCodeList = z.strictObject({ recoveryCodes })
export type RecoveryCodeList = z.infer<typeof RecoveryCodeList>

const Nothing = z.strictObject({})
const telemetryId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9._-]+$/)
  .optional()
  .describe("The provider's device fingerprint look-up")

const CreateInput = z.strictObject({
  restart: z.boolean().optional().describe('Throw a pending registration away and begin anew'),
})
const AuthenticateInput = z.strictObject({
  code: z
    .string()
    .regex(/^[0-9]{6,8}$/)
    .describe('6 to 8 ASCII digits'),
  setDefault: z.boolean().optional().describe("Make this the member's default MFA method"),
  telemetryId,
})
const RecoverInput = z.strictObject({
  recoveryCode: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9 -]+$/)
    .describe('Letters, digits, dashes and spaces'),
  telemetryId,
})

/** One row of {@link routes}. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the mount path. */
  readonly path: string
  /** Schema of the JSON body; null where the route takes none. */
  readonly request: z.ZodType | null
  /** Success statuses, each with the schema of its body; null where there is no body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>
  /** Whether the route answers only to a subject that the host has identified. */
  readonly identity: boolean
  /** What this route may answer besides the codes of {@link commonErrors}. */
  readonly errors: readonly ErrorCode[]
}

/** Codes that every route may answer, whatever it does. */
export const commonErrors = [
  'not_found',
  'method_not_allowed',
  'rate_limited',
  'internal',
] as const satisfies readonly ErrorCode[]

/** Codes of the checks that stand before every route that changes something. */
export const guardErrors = [
  'csrf_rejected',
  'unsupported_media_type',
  'body_too_large',
  'invalid_request',
] as const satisfies readonly ErrorCode[]

/** Codes of every route that needs to know who asks, and asks the provider. */
export const upstreamErrors = [
  'unauthenticated',
  'bad_upstream',
  'upstream_unavailable',
  'outcome_unknown',
  'upstream_timeout',
] as const satisfies readonly ErrorCode[]

const changing = [...guardErrors, ...upstreamErrors] as const
const status = { 200: MfaStatus } as const

/**
 * The whole contract of browser and BFF: operation → method, path, request, answers.
 * The router, the OpenAPI document and the tests are made from this table; the browser client is typed by it.
 */
export const routes = {
  status: {
    method: 'GET',
    path: '/status',
    request: null,
    responses: status,
    identity: true,
    errors: [...upstreamErrors, 'invalid_request', 'not_supported'],
  },
  create: {
    method: 'POST',
    path: '/totp',
    request: CreateInput,
    responses: { 201: PendingTotp, 200: PendingTotp },
    identity: true,
    errors: [...changing, 'already_enrolled', 'step_up_required', 'not_supported'],
  },
  authenticate: {
    method: 'POST',
    path: '/totp/authenticate',
    request: AuthenticateInput,
    responses: status,
    identity: true,
    errors: [
      ...changing,
      'not_enrolled',
      'registration_expired',
      'invalid_code',
      'code_already_used',
      'locked',
      'not_supported',
    ],
  },
  recover: {
    method: 'POST',
    path: '/totp/recover',
    request: RecoverInput,
    responses: status,
    identity: true,
    errors: [
      ...changing,
      'not_enrolled',
      'registration_expired',
      'invalid_recovery_code',
      'locked',
      'not_supported',
    ],
  },
  recoveryCodes: {
    method: 'POST',
    path: '/totp/recovery-codes',
    request: Nothing,
    responses: { 200: RecoveryCodeList },
    identity: true,
    errors: [...changing, 'not_enrolled', 'registration_expired', 'step_up_required', 'not_supported'],
  },
  rotate: {
    method: 'POST',
    path: '/totp/recovery-codes/rotate',
    request: Nothing,
    responses: { 200: RecoveryCodeList },
    identity: true,
    errors: [...changing, 'not_enrolled', 'registration_expired', 'step_up_required', 'not_supported'],
  },
  remove: {
    method: 'DELETE',
    path: '/totp',
    request: Nothing,
    responses: status,
    identity: true,
    errors: [...changing, 'not_enrolled', 'registration_expired', 'step_up_required', 'not_supported'],
  },
  cancel: {
    method: 'DELETE',
    path: '/totp/pending',
    request: Nothing,
    responses: status,
    identity: true,
    errors: [...changing, 'not_supported'],
  },
  signOut: {
    method: 'POST',
    path: '/sign-out',
    request: Nothing,
    responses: { 204: null },
    identity: true,
    errors: [...guardErrors, 'unauthenticated', 'upstream_unavailable', 'upstream_timeout'],
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    request: null,
    responses: { 200: z.looseObject({ openapi: z.string() }) },
    identity: false,
    errors: [],
  },
} as const satisfies Record<string, Route>

/** Name of a row of {@link routes}: one verb the whole way down. */
export type Operation = keyof typeof routes

/** What the browser sends for an operation; `undefined` where it sends no body. */
export type RequestOf<O extends Operation> = (typeof routes)[O]['request'] extends z.ZodType
  ? z.input<(typeof routes)[O]['request']>
  : undefined

type Bodies<R> = R[keyof R]

/** What the BFF answers to an operation that succeeds; `undefined` where it answers no body. */
export type ResponseOf<O extends Operation> =
  Bodies<(typeof routes)[O]['responses']> extends infer S
    ? S extends z.ZodType
      ? z.output<S>
      : undefined
    : never

/** Schema of {@link Problem}. */
export const ProblemBody = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(errors) as [ErrorCode, ...ErrorCode[]]),
  requestId: z.string(),
  retryAfterSeconds: z.int().min(0).optional(),
  attemptsLeft: z.int().min(0).optional(),
})
