import { OTPField } from '@base-ui/react/otp-field'

export const Field = ({ value, onChange }) => (
  <OTPField.Root className="slots" length={6} value={value} onValueChange={onChange}>
    {Array.from({ length: 6 }, (_, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its position
      <OTPField.Input className="slot" key={index} aria-label={`Character ${index + 1} of 6`} />
    ))}
  </OTPField.Root>
)
