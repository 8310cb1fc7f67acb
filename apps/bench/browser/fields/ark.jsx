import { PinInput } from '@ark-ui/react/pin-input'

export const Field = ({ value, onChange }) => (
  <PinInput.Root
    otp
    count={6}
    value={Array.from({ length: 6 }, (_, index) => value[index] ?? '')}
    onValueChange={({ value: list }) => onChange(list.join(''))}
  >
    <PinInput.Label>Verification code</PinInput.Label>
    <PinInput.Control className="slots">
      {Array.from({ length: 6 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its position
        <PinInput.Input className="slot" key={index} index={index} />
      ))}
    </PinInput.Control>
    <PinInput.HiddenInput />
  </PinInput.Root>
)
