import { useMfaStatus } from './hooks.js'
import { recoveryCodes } from './messages/en.js'
import { RecoveryCodes } from './recovery-codes.js'
import { useGroup } from './use-messages.js'

/** The recovery codes of the person who is signed in, with what they are for. */
export function CodesToSave(props: { codes: readonly string[]; onSaved: () => void }) {
  const { body } = useGroup('recoveryCodes', recoveryCodes)
  const { data } = useMfaStatus()
  return (
    <>
      <p>{body}</p>
      <RecoveryCodes {...props} account={data?.subject.accountName} />
    </>
  )
}
