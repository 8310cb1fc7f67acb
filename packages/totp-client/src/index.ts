export {
  type CallOptions,
  createTotpClient,
  type Method,
  type TotpClient,
  type TotpClientOptions,
} from './client.js'
export { TotpClientError, type TotpClientErrorCode, type TotpClientErrorFacts } from './error.js'
export type { Fetch } from './transport.js'
