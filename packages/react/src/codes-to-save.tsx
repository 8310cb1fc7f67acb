import { recoveryCodes } from './messages/en.js'
import { RecoveryCodes } from './recovery-codes.js'
import { useGroup } from './use-messages.js'
import { useMfaStatus } from './use-send.js'

/** What a component that may show recovery codes takes. */
export interface SiteOptions {
  /** The site's name, for the file and the print of the recovery codes. Default: the page's host name. */
  site?: string | undefined
}

interface CodesToSaveProps extends SiteOptions {
  codes: readonly string[]
  onSaved: () => void
}

/** The recovery codes of the person who is signed in, with what they are for. */
export function CodesToSave(props: CodesToSaveProps) {
  const { body } = useGroup('recoveryCodes', recoveryCodes)
  const { data } = useMfaStatus()
  return (
    <>
      <p>{body}</p>
      <RecoveryCodes {...props} account={data?.subject.accountName} />
    </>
  )
}
