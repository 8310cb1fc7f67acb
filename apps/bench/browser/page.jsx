// A page with one field, that tells when a key had reached React and when it was on the screen.

import { Field } from 'field'
import { useLayoutEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'

const keys = []
let pressed = null

addEventListener(
  'keydown',
  (event) => {
    pressed = { hardware: event.timeStamp, handled: performance.now(), commit: null, paint: null }
    const key = pressed
    keys.push(key)
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        key.paint = performance.now() - key.hardware
      }
      port2.postMessage(null)
    })
  },
  true,
)

function Page() {
  const [value, setValue] = useState('')
  useLayoutEffect(() => {
    document.title = value
    if (value !== '' && pressed) pressed.commit ??= performance.now() - pressed.handled
  }, [value])
  return <Field value={value} onChange={setValue} />
}

const root = createRoot(document.querySelector('main'))
let rounds = 0
window.bench = {
  /** A new field, with the focus in it. */
  mount() {
    const begun = performance.now()
    root.render(<Page key={rounds++} />)
    return new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => {
          const ms = performance.now() - begun
          document.querySelector('main input:not([type=hidden])').focus()
          resolve(ms)
        }
        port2.postMessage(null)
      })
    })
  },
  take: () => keys.splice(0).map(({ commit, paint }) => ({ commit, paint })),
}
