import { CodesToSave, type SiteOptions } from './codes-to-save.js'
import { ConfirmPanel } from './confirm-panel.js'
import { Heading } from './heading.js'
import { useRotateRecoveryCodes } from './hooks.js'
import { recoveryCodes } from './messages/en.js'
import { recovered } from './recovery-words.js'
import { markUnsaved } from './unsaved-codes.js'
import { useGroup } from './use-messages.js'

interface RotatePanelProps extends SiteOptions {
  /** Of the status: whose codes they are. */
  csrfToken: string | undefined
  /** The new codes are saved; they are gone with the panel. */
  onDone: () => void
  onCancel: () => void
}

/** New recovery codes: says that the old ones stop working, makes them, shows them until they are saved. */
export function RotatePanel({ site, csrfToken, onDone, onCancel }: RotatePanelProps) {
  const t = useGroup('recoveryCodes', recoveryCodes)
  const { rotate } = useGroup('recovered', recovered)
  const operation = useRotateRecoveryCodes()
  const { data } = operation
  if (!data)
    return (
      <ConfirmPanel
        title={rotate}
        operation={operation}
        onDone={() => markUnsaved(csrfToken)}
        onCancel={onCancel}
      >
        {t.rotate}
      </ConfirmPanel>
    )
  return (
    <>
      <Heading step="codes" first>
        {t.title}
      </Heading>
      <CodesToSave site={site} codes={data.recoveryCodes} onSaved={onDone} />
    </>
  )
}
