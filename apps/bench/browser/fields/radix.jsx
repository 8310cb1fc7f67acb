import { HiddenInput, Input, Root } from '@radix-ui/react-one-time-password-field'

export const Field = ({ value, onChange }) => (
  <Root className="slots" value={value} onValueChange={onChange} aria-label="Verification code">
    {Array.from({ length: 6 }, (_, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its position
      <Input className="slot" key={index} />
    ))}
    <HiddenInput />
  </Root>
)
