export {
  type CallOptions,
  createTotpClient,
  type Method,
  type TotpClient,
  type TotpClientOptions,
} from './client.js'
export { TotpClientError, type TotpClientErrorCode } from './error.js'
