import type { Session } from '@kit/totp-client/wire'
import type { Context } from './context.js'
import { presentMemberSession, presentSession } from './present.js'
import { type OpenSession, sessionClaim } from './session.js'
import type { OrganizationsTable, SessionsTable } from './tables.js'

async function signSession(
  context: Context,
  row: SessionsTable,
  presented: Session,
  organization: OrganizationsTable | null,
): Promise<string> {
  const { session_id: id, started_at, last_accessed_at, expires_at, ...session } = presented
  const [signer] = await context.signers()
  return signer.sign({
    sub: row.subject_id,
    nowMs: context.now(),
    claims: {
      ...session.custom_claims,
      [sessionClaim]: {
        id,
        started_at,
        last_accessed_at,
        expires_at,
        attributes: session.attributes,
        authentication_factors: session.authentication_factors,
        roles: session.roles,
      },
      ...(organization !== null && {
        'https://stytch.com/organization': {
          organization_id: organization.organization_id,
          slug: organization.slug,
        },
      }),
    },
  })
}

/** The three fields that a consumer's answer says of its session. */
export async function userSessionFields(context: Context, { row, token }: OpenSession) {
  const session = presentSession(row)
  return {
    session_token: token,
    session_jwt: await signSession(context, row, session, null),
    session,
  }
}

/** As {@link userSessionFields}, where no session was asked for. */
export const noSessionFields = { session_token: '', session_jwt: '', session: null } as const

/** The three fields that a member's answer says of its session. */
export async function memberSessionFields(
  context: Context,
  { row, token }: OpenSession,
  organization: OrganizationsTable,
) {
  return {
    session_token: token,
    session_jwt: await signSession(context, row, presentSession(row), organization),
    member_session: presentMemberSession(row, organization),
  }
}
