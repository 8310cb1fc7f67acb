import { memberFields, userFields } from '../answer.js'
import type { Context } from '../context.js'
import type { Operation, Operations } from '../operation.js'
import { Refusal } from '../refusal.js'
import { type ProofInput, readSession, requireSession } from '../session.js'
import { memberSessionFields, userSessionFields } from '../session-fields.js'
import { findMember, findUser } from '../subjects.js'
import type { SessionsTable } from '../tables.js'

/** Ends the session that the input names, which must be the owner's where one is given; one that is gone already is no error. */
async function revoke(
  context: Context,
  { session_id, ...input }: ProofInput & { session_id?: string | undefined },
  kind: SessionsTable['kind'],
  ownerId: string | null,
): Promise<void> {
  const { store, projectId } = context
  const row =
    session_id === undefined
      ? await requireSession(context, input, kind)
      : await store.findSession(projectId, { sessionId: session_id }, context.now())
  if (row === null || row.kind !== kind) throw new Refusal('session_not_found')
  if (ownerId !== null && row.subject_id !== ownerId) throw new Refusal('member_session_member_id_mismatch')
  await store.deleteSession(row.session_id)
}

/** There are no roles here that could grant an action. @throws Refusal for a session that is asked about one */
function requireNoCheck(check: object | undefined): void {
  if (check !== undefined) throw new Refusal('session_authorization_error')
}

const countGiven = (...values: readonly unknown[]) => values.filter((value) => value !== undefined).length

const jwks: Operation<'sessions.jwks'> = async (context, { project_id }) => {
  if (project_id !== context.projectId) throw new Refusal('project_not_found')
  const keys = []
  for (const { jwk } of await context.freshSigners()) {
    const { kid, alg, use, kty = '', n, e, crv, x, y } = jwk
    // The certificate's fields are empty, as there is none.
    keys.push({ kid, alg, use, key_ops: ['verify'], kty, n, e, crv, x, y, x5c: [], x5tS256: '' })
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
    await revoke(context, input, 'user', null)
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

  async 'b2b.sessions.revoke'(context, { member_id, member_session_id, ...input }, { onBehalfOf }) {
    const given = countGiven(member_id, member_session_id, input.session_token, input.session_jwt)
    if (given === 0) throw new Refusal('no_session_revoke_arguments')
    if (given > 1) throw new Refusal('too_many_session_arguments')
    // There are no roles here that could let a member end another one's.
    const ownerId = onBehalfOf && (await requireSession(context, onBehalfOf, 'member')).subject_id
    if (member_id === undefined) {
      await revoke(context, { ...input, session_id: member_session_id }, 'member', ownerId)
      return {}
    }
    const { projectId, store } = context
    const memberIds = await store.findMemberIds(projectId, member_id)
    if (memberIds.length === 0) throw new Refusal('member_not_found')
    const endedIds = memberIds.filter((id) => ownerId === null || id === ownerId)
    if (endedIds.length === 0) throw new Refusal('member_session_member_id_mismatch')
    for (const id of endedIds) await store.deleteMemberSessions(projectId, id)
    return {}
  },

  'b2b.sessions.jwks': jwks,
}
