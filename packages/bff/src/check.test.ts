import { createTotpClient } from '@kit/totp-client'
import { expect, it } from 'vitest'
import { check } from './check.js'
import { readConfig } from './config.js'

const config = readConfig({
  PROJECT_ID: 'project-test-1',
  PROJECT_SECRET: 'secret-test-1',
  COOKIE_KEYS: 'IWWRl0GLyOHkn8BHGM4TNLvmUcGVO6QtsGZ5Y2JXoMA=',
})

/** What is found at a provider that answers so. */
function findings(status_code: number, error_type: string) {
  const body = { status_code, request_id: 'request-id-test-1', error_type, error_message: '', error_url: '' }
  const client = createTotpClient({
    projectId: 'project-test-1',
    secret: 'secret-test-1',
    fetch: async () => Response.json(body, { status: status_code }),
  })
  return check(config, { client, fault: async () => null })
}

it.each([
  [404, 'user_not_found'],
  [400, 'invalid_consumer_endpoint'],
])('takes %i %s for an answer to whom the provider knows', async (status, errorType) => {
  expect(await findings(status, errorType)).toEqual([
    { ok: true, text: 'The provider answers and accepts the credentials.' },
  ])
})

it.each([
  [401, 'unauthorized_credentials', /PROJECT_ID and PROJECT_SECRET/],
  [400, 'invalid_project_id_authentication', /PROJECT_ID and PROJECT_SECRET/],
  [400, 'invalid_secret_authentication', /PROJECT_ID and PROJECT_SECRET/],
  [404, 'project_not_found', /PROJECT_ID and PROJECT_SECRET/],
  [403, 'use_https', /use_https, HTTP 403.*UPSTREAM_URL/],
  [404, 'route_not_found', /route_not_found, HTTP 404.*UPSTREAM_URL/],
  [400, 'brand_new', /brand_new, HTTP 400/],
  [429, 'too_many_requests', /HTTP 429.*again/],
  [500, 'internal_server_error', /HTTP 500|cannot be reached/],
])('takes %i %s for no welcome', async (status, errorType, text) => {
  expect(await findings(status, errorType)).toEqual([{ ok: false, text: expect.stringMatching(text) }])
})
