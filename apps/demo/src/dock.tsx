import { lazy, Suspense, useId, useState } from 'react'

const PhonePanel = lazy(() => import('./phone/phone-panel.js'))
const DrawerPanel = lazy(() => import('./drawer/drawer-panel.js'))

const panels = {
  phone: { button: 'No phone at hand?', title: 'Demo phone', Panel: PhonePanel },
  drawer: { button: 'What just happened', title: 'What just happened', Panel: DrawerPanel },
}
type PanelName = keyof typeof panels

/** The demo's own helpers, apart from the product: at the corner on wide screens, below the page on narrow ones. */
export function Dock() {
  const [open, setOpen] = useState<PanelName | null>(null)
  const id = useId()
  const panel = open && panels[open]
  return (
    <aside className="dock" aria-label="Helpers of the demo">
      {panel ? (
        <section className="card dock-panel" id={id} aria-label={panel.title}>
          <h2>{panel.title}</h2>
          <Suspense fallback={<p className="empty">Loading…</p>}>
            <panel.Panel />
          </Suspense>
        </section>
      ) : null}
      <div className="dock-buttons">
        {(Object.keys(panels) as PanelName[]).map((name) => (
          <button
            key={name}
            type="button"
            className="button quiet"
            aria-expanded={open === name}
            aria-controls={open === name ? id : undefined}
            onClick={() => setOpen(open === name ? null : name)}
          >
            {panels[name].button}
          </button>
        ))}
      </div>
    </aside>
  )
}
