import { memberFields, userFields } from '../answer.js'
import type { Context } from '../context.js'
import type { Operation, Operations } from '../operation.js'
import { Refusal } from '../refusal.js'
import { findSession, type ProofInput, readSession } from '../session.js'
import { memberSessionFields, userSessionFields } from '../session-fields.js'
import { findMember, findUser } from '../subjects.js'
import type { SessionsTable } from '../tables.js'

/** The session that exactly one of token and JWT names. */
async function requireSession(
  context: Context,
  input: ProofInput,
  kind: SessionsTable['kind'],
): Promise<SessionsTable> {
  if (input.session_token !== undefined && input.session_jwt !== undefined) {
    throw new Refusal('too_many_session_arguments')
  }
  if (input.session_token === undefined && input.session_jwt === undefined) {
    throw new Refusal('no_session_arguments')
  }
  const row = await findSession(context, input)
  if (row.kind !== kind) throw new Refusal('session_not_found')
  return row
}

/** Ends the session that the input names; one that is gone already is no error. */
async function revoke(
  context: Context,
  { session_id, ...input }: ProofInput & { session_id?: string | undefined },
  kind: SessionsTable['kind'],
): Promise<void> {
  if (session_id === undefined) {
    const row = await requireSession(context, input, kind)
    return context.store.deleteSession(row.session_id)
  }
  const row = await context.store.findSession(context.projectId, { sessionId: session_id }, context.now())
  if (row === null || row.kind !== kind) throw new Refusal('session_not_found')
  await context.store.deleteSession(row.session_id)
}

/** There are no roles here that could grant an action. @throws Refusal for a session that is asked about one */
function requireNoCheck(check: object | undefined): void {
  if (check !== undefined) throw new Refusal('session_authorization_error')
}

const countGiven = (...values: readonly unknown[]) => values.filter((value) => value !== undefined).length

const jwks: Operation<'sessions.jwks'> = async (context, { project_id }) => {
  if (project_id !== context.projectId) throw new Refusal('project_not_found')
  const keys = []
  for (const { jwk } of await context.signers()) {
    const { kid, alg, use, kty = '', n, e, crv, x, y } = jwk
    keys.push({ kid, alg, use, kty, n, e, crv, x, y })
  }
  return { keys }
}

export const sessions: Operations<
  | 'sessions.authenticate'
  | 'sessions.revoke'
  | 'sessions.jwks'
  | 'b2b.sessions.authenticate'
  | 'b2b.sessions.revoke'
  | 'b2b.sessions.jwks'
> = {
  async 'sessions.authenticate'(context, input) {
    const found = await requireSession(context, input, 'user')
    requireNoCheck(input.authorization_check)
    const subject = await findUser(context, found.subject_id)
    const open = await readSession(context, found, input)
    const { user } = userFields(context, subject)
    return { user, ...(await userSessionFields(context, open)) }
  },

  async 'sessions.revoke'(context, input) {
    const given = countGiven(input.session_id, input.session_token, input.session_jwt)
    if (given === 0) throw new Refusal('no_session_revoke_arguments')
    if (given > 1) throw new Refusal('too_many_session_arguments')
    await revoke(context, input, 'user')
    return {}
  },

  'sessions.jwks': jwks,

  async 'b2b.sessions.authenticate'(context, input) {
    const found = await requireSession(context, input, 'member')
    requireNoCheck(input.authorization_check)
    const subject = await findMember(context, {
      organization_id: found.organization_id ?? '',
      member_id: found.subject_id,
    })
    const open = await readSession(context, found, input)
    const { member, organization } = memberFields(context, subject)
    return { member, organization, ...(await memberSessionFields(context, open, subject.organization)) }
  },

  async 'b2b.sessions.revoke'(context, { member_id, member_session_id, ...input }) {
    const given = countGiven(member_id, member_session_id, input.session_token, input.session_jwt)
    if (given === 0) throw new Refusal('no_session_revoke_arguments')
    if (given > 1) throw new Refusal('too_many_session_arguments')
    if (member_id === undefined) {
      await revoke(context, { ...input, session_id: member_session_id }, 'member')
      return {}
    }
    const { projectId, store } = context
    const memberIds = await store.findMemberIds(projectId, member_id)
    if (memberIds.length === 0) throw new Refusal('member_not_found')
    for (const id of memberIds) await store.deleteMemberSessions(projectId, id)
    return {}
  },

  'b2b.sessions.jwks': jwks,
}
