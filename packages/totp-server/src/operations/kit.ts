import { memberFields, userFields } from '../answer.js'
import type { Operations } from '../operation.js'
import { startIntermediateSession, startSession } from '../session.js'
import { memberSessionFields, userSessionFields } from '../session-fields.js'
import { provideMember, provideUser } from '../subjects.js'

/** Additions to the wire; the vendor's own project does these by its other products. */
export const kit: Operations<'kit.capabilities' | 'kit.createSession' | 'kit.createIntermediateSession'> = {
  'kit.capabilities': async (context) => ({
    rotate_consumer: true,
    sessions: true,
    reveal_recovery_codes: context.recoveryCodes === 'sealed',
  }),

  async 'kit.createSession'(context, input) {
    if ('user_id' in input) {
      const subject = await provideUser(context, input.user_id)
      const open = await startSession(context, subject, input)
      const { user } = userFields(context, subject)
      return { user, ...(await userSessionFields(context, open)) }
    }
    const subject = await provideMember(context, input)
    const open = await startSession(context, subject, input)
    const { member, organization } = memberFields(context, subject)
    return { member, organization, ...(await memberSessionFields(context, open, subject.organization)) }
  },

  async 'kit.createIntermediateSession'(context, input) {
    const subject = await provideMember(context, input)
    return {
      intermediate_session_token: await startIntermediateSession(context, subject),
      member_id: subject.id,
      organization_id: subject.organization.organization_id,
    }
  },
}
