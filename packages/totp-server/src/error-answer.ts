/** What went wrong, as the wire tells it. */
export interface Failure {
  readonly status: number
  readonly errorType: string
  readonly message: string
  /** Becomes `error_details`. */
  readonly details?: Readonly<Record<string, number>> | undefined
}

/**
 * A failure in the shape of https://stytch.com/docs/api/errors
 *
 * @param path of the request, which says whose documents explain it
 */
export function errorAnswer(
  { status, errorType, message, details }: Failure,
  requestId: string,
  path: string,
): { status: number; headers: Record<string, string>; body: string } {
  const docs = path.startsWith('/v1/b2b/') ? 'https://stytch.com/docs/b2b/api' : 'https://stytch.com/docs/api'
  // A lock that does not end by itself names no time to come again.
  const retryAfter = details?.retry_after_seconds ?? (errorType === 'user_lock_limit_reached' ? undefined : 1)
  return {
    status,
    headers: {
      ...((status === 429 || status === 503) &&
        retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(status === 401 && errorType === 'unauthorized_credentials' && { 'www-authenticate': 'Basic' }),
    },
    body: JSON.stringify({
      status_code: status,
      request_id: requestId,
      error_type: errorType,
      error_message: message,
      error_url: `${docs}/errors/${status}#${errorType}`,
      ...(details !== undefined && { error_details: details }),
    }),
  }
}
