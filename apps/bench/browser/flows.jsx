// First render of Kit's two flows, their answers coming from a function: what React and the browser need alone.
import { MfaProvider, TotpChallenge, TotpEnrollment } from '@kit/react'
import '@kit/react/styles.css'
import { createRoot } from 'react-dom/client'

const status = {
  subject: { kind: 'user', accountName: 'ada@example.com' },
  csrfToken: 'x'.repeat(43),
  enrolled: true,
  required: true,
  verified: null,
  pending: null,
  recoveryCodesRemaining: 10,
  capabilities: { reveal: true, rotate: true, remove: true, setDefault: false },
}
const pending = {
  registrationId: 'totp-test-1',
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  otpauthUri:
    'otpauth://totp/Acme:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30',
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  recoveryCodes: Array.from({ length: 10 }, (_, index) => `aaaa-bbbb-cccc-ddd${index}`),
}
const json = (body) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })

let root
/** Milliseconds from `render` until what `selector` names is on the screen. */
window.bench = async (flow, selector) => {
  root?.unmount()
  const enrolled = flow === 'challenge'
  const answer = async (input) =>
    json(
      String(input.url ?? input).includes('/status')
        ? { ...status, enrolled, ...(enrolled ? {} : { required: false }) }
        : pending,
    )
  const begun = performance.now()
  root = createRoot(document.querySelector('main'))
  root.render(
    <MfaProvider baseUrl="/mfa" fetch={answer}>
      {enrolled ? <TotpChallenge /> : <TotpEnrollment />}
    </MfaProvider>,
  )
  const begin = '[data-kit-action=start]'
  let pressedAt = begun
  for (;;) {
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = resolve
      requestAnimationFrame(() => port2.postMessage(null))
    })
    if (document.querySelector(selector)) return performance.now() - pressedAt
    const button = document.querySelector(begin)
    if (!enrolled && button && pressedAt === begun) {
      pressedAt = performance.now()
      button.click()
    }
    if (performance.now() - begun > 5000)
      throw new Error(`${selector} did not appear: ${document.body.innerHTML}`)
  }
}
