export type { ErrorCode, ErrorEntry, Problem } from './errors.js'
export { errors, isErrorCode } from './errors.js'
export type { Operation, RequestOf, ResponseOf, Route } from './routes.js'
export {
  commonErrors,
  guardErrors,
  MfaStatus,
  PendingTotp,
  ProblemBody,
  RecoveryCodeList,
  routes,
  upstreamErrors,
} from './routes.js'
