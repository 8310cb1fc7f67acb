import { OTPInput } from 'input-otp'

export const Field = ({ value, onChange }) => (
  <OTPInput
    aria-label="Verification code"
    maxLength={6}
    value={value}
    onChange={onChange}
    render={({ slots }) => (
      <div className="slots">
        {slots.map((slot, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its position
          <div className="slot" data-active={slot.isActive} key={index}>
            {slot.char}
          </div>
        ))}
      </div>
    )}
  />
)
