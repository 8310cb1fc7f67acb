import { MantineProvider, PinInput } from '@mantine/core'
import '@mantine/core/styles.css'

export const Field = ({ value, onChange }) => (
  <MantineProvider>
    <PinInput
      oneTimeCode
      length={6}
      type="number"
      value={value}
      onChange={onChange}
      aria-label="Verification code"
    />
  </MantineProvider>
)
