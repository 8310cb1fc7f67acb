import { type TotpClient, TotpClientError } from '@kit/totp-client'
import type { BffConfig } from './config.js'
import { checkDatabase } from './database.js'

/** One thing that was looked at, in words for people. */
export interface Finding {
  ok: boolean
  text: string
}

/** Nobody has it: the answer tells whether the provider knows us, and costs it nothing. */
const unknownUserId = 'user-test-00000000-0000-4000-8000-000000000000'

/** What it says to whom it knows: it looked for nobody and found nobody, or the project is a B2B one. */
const welcomes: readonly (string | undefined)[] = ['user_not_found', 'invalid_consumer_endpoint']
const refusesCredentials: readonly (string | undefined)[] = [
  'unauthorized_credentials',
  'invalid_project_id_authentication',
  'invalid_secret_authentication',
  'project_not_found',
]

/**
 * Asks the provider once, and the database if there is one, and says in words what is wrong.
 *
 * @param upstream.fault as of `Upstream` in program.ts
 */
export async function check(
  config: BffConfig,
  { client, fault }: { client: TotpClient; fault: () => Promise<string | null> },
): Promise<Finding[]> {
  const text = await fault()
  const findings = [text === null ? await checkProvider(client) : { ok: false, text }]
  if (config.databaseUrl) findings.push(await checkDatabase(config.databaseUrl))
  return findings
}

async function checkProvider(client: TotpClient): Promise<Finding> {
  try {
    await client.users.get({ user_id: unknownUserId })
    return { ok: true, text: 'The provider answers and accepts the credentials.' }
  } catch (error) {
    if (!(error instanceof TotpClientError)) throw error
    return sentenceFor(error)
  }
}

function sentenceFor({ code, errorType, status, reason }: TotpClientError): Finding {
  if (welcomes.includes(errorType)) {
    return { ok: true, text: 'The provider answers and accepts the credentials.' }
  }
  if (refusesCredentials.includes(errorType)) {
    return { ok: false, text: 'The provider refuses PROJECT_ID and PROJECT_SECRET: copy both from it again.' }
  }
  if (code === 'unreachable' || code === 'timeout' || code === 'outcome_unknown') {
    return {
      ok: false,
      text: `The provider cannot be reached (${reason}): look at UPSTREAM_URL and the network.`,
    }
  }
  if (code === 'malformed') {
    return {
      ok: false,
      text: `What answers is not a provider of TOTP (${reason}): look at UPSTREAM and UPSTREAM_URL.`,
    }
  }
  if (status === 429 || (status ?? 0) >= 500) {
    return { ok: false, text: `The provider is in trouble itself (HTTP ${status}): try again in a minute.` }
  }
  return {
    ok: false,
    text: `The provider refuses to say (${errorType}, HTTP ${status}): look at UPSTREAM, UPSTREAM_URL and PROJECT_ID.`,
  }
}
