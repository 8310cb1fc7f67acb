// The floor: one plain input.
export const Field = ({ value, onChange }) => (
  <label>
    Verification code
    <input
      autoComplete="one-time-code"
      inputMode="numeric"
      maxLength={6}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  </label>
)
