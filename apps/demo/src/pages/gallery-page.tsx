import { useEffect, useId, useState } from 'react'
import { type Look, locales } from '../gallery/look.js'
import { type Specimen, specimens } from '../gallery/specimens.js'
import { Stage } from '../gallery/stage.js'
import { Page } from '../page.js'

const isRtl = (locale: string) => ['ar', 'fa', 'he', 'ur'].includes(locale.split('-')[0] ?? '')

/** `/gallery`: every part in every state, in the look of `?theme=&dir=&locale=`. */
export default function GalleryPage() {
  const [look, setLook] = useLook()
  return (
    <Page
      title="Gallery"
      lead="Every component of the kit in every state, over a BFF that has no server. Choose a state and read the code that makes it."
    >
      <Controls look={look} onChange={setLook} />
      <div className="gallery">
        {specimens.map((specimen) => (
          <Exhibit key={specimen.name} specimen={specimen} look={look} />
        ))}
      </div>
    </Page>
  )
}

type Wish = Pick<Look, 'theme' | 'dir' | 'locale'>

/** The look of the address bar, so that a look can be linked to. */
function useLook(): [Look, (wish: Partial<Wish>) => void] {
  const [wish, setWish] = useState<Wish>(() => {
    const query = new URLSearchParams(location.search)
    const locale = query.get('locale') ?? 'en'
    const dark = getComputedStyle(document.documentElement).colorScheme === 'dark'
    return {
      theme: (query.get('theme') ?? (dark ? 'dark' : 'light')) === 'dark' ? 'dark' : 'light',
      dir: (query.get('dir') ?? (isRtl(locale) ? 'rtl' : 'ltr')) === 'rtl' ? 'rtl' : 'ltr',
      locale: locale in locales ? locale : 'en',
    }
  })
  const [messages, setMessages] = useState<Look['messages']>()
  useEffect(() => {
    let current = true
    void locales[wish.locale]?.().then((loaded) => current && setMessages(loaded))
    return () => {
      current = false
    }
  }, [wish.locale])
  return [
    { ...wish, messages },
    (change) => {
      const next = { ...wish, ...(change.locale && { dir: isRtl(change.locale) ? 'rtl' : 'ltr' }), ...change }
      setWish(next as Wish)
      history.replaceState(null, '', `/gallery?${new URLSearchParams({ ...next })}`)
    },
  ]
}

function Controls({ look, onChange }: { look: Look; onChange: (wish: Partial<Wish>) => void }) {
  return (
    <fieldset className="card gallery-controls">
      <legend className="visually-hidden">Look</legend>
      <Choice
        label="Theme"
        value={look.theme}
        options={['light', 'dark']}
        onChange={(theme) => onChange({ theme: theme === 'dark' ? 'dark' : 'light' })}
      />
      <Choice
        label="Direction"
        value={look.dir}
        options={['ltr', 'rtl']}
        onChange={(dir) => onChange({ dir: dir === 'rtl' ? 'rtl' : 'ltr' })}
      />
      <Choice
        label="Language"
        value={look.locale}
        options={Object.keys(locales)}
        onChange={(locale) => onChange({ locale })}
      />
    </fieldset>
  )
}

function Exhibit({ specimen, look }: { specimen: Specimen; look: Look }) {
  const [name, setName] = useState(specimen.states[0]?.name ?? '')
  const state = specimen.states.find((one) => one.name === name)
  const headingId = useId()
  if (!state) return null
  return (
    <section className="exhibit" aria-labelledby={headingId} data-demo={specimen.name}>
      <header>
        <h2 id={headingId}>{specimen.name}</h2>
        <p>{specimen.about}</p>
        <Choice
          label="State"
          value={name}
          options={specimen.states.map((one) => one.name)}
          onChange={setName}
        />
        <pre>
          <code>{state.snippet ?? specimen.snippet}</code>
        </pre>
      </header>
      <Stage key={`${name} ${look.locale}`} specimen={specimen} state={state} look={look} />
    </section>
  )
}

interface ChoiceProps {
  label: string
  value: string
  options: readonly string[]
  onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId()
  return (
    <div className="choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </div>
  )
}
