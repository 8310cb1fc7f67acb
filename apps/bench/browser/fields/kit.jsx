import { CodeInput } from '@kit/react'
import '@kit/react/styles.css'

export const Field = ({ value, onChange }) => (
  <CodeInput label="Verification code" value={value} onChange={onChange} />
)
