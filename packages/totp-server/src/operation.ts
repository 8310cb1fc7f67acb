import type { EndpointName, RequestOf, ResponseOf } from '@kit/totp-client/wire'
import type { Context } from './context.js'
import type { ProofInput } from './session.js'

type WithoutEnvelope<Body> = Body extends unknown ? Omit<Body, 'request_id' | 'status_code'> : never

/** What beside its input shapes a call: the member on whose behalf it is made, by the RBAC headers. */
export interface CallOptions {
  readonly onBehalfOf: ProofInput | null
}

/** Carries out one endpoint. Resolves to its answer without the envelope; throws `Refusal` for the wire's errors. */
export type Operation<Name extends EndpointName> = (
  context: Context,
  input: RequestOf<Name>,
  options: CallOptions,
) => Promise<WithoutEnvelope<ResponseOf<Name>>>

/** A group of operations, each under the name of its endpoint. */
export type Operations<Name extends EndpointName> = { readonly [Key in Name]: Operation<Key> }
