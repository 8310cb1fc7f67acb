import { act, render } from '@testing-library/react'
import { StrictMode, useState } from 'react'
import { expect, it } from 'vitest'
import { kit } from '../test/render-kit.js'
import { CodeInput } from './index.js'

/** A field whose host keeps the code. */
function Field({ onComplete }: { onComplete: (code: string) => void }) {
  const [code, setCode] = useState('')
  return <CodeInput label="Code" value={code} onChange={setCode} onComplete={onComplete} />
}

/** The field, and what its host was told of whole codes. */
function renderField() {
  const completed: string[] = []
  render(
    <StrictMode>
      <Field onComplete={(code) => completed.push(code)} />
    </StrictMode>,
  )
  const input = kit('code-input') as HTMLInputElement
  const dispatch = (event: Event) => act(() => void input.dispatchEvent(event))
  const edit = (text: string, facts: InputEventInit) => {
    input.value = text
    dispatch(new InputEvent('input', { bubbles: true, ...facts }))
  }
  return { completed, dispatch, edit }
}

it('I05: a composition that Firefox ends by two events completes once', () => {
  const { completed, dispatch, edit } = renderField()
  edit('１２３４５６', { isComposing: true, inputType: 'insertCompositionText' })
  dispatch(new CompositionEvent('compositionend', { bubbles: true, data: '１２３４５６' }))
  dispatch(new InputEvent('input', { bubbles: true, inputType: 'insertCompositionText' }))
  expect(completed).toEqual(['123456'])
})

it('P13: the same code completes again where it is pasted over itself', () => {
  const { completed, edit } = renderField()
  for (let time = 0; time < 2; time++) edit('123456', { inputType: 'insertFromPaste' })
  expect(completed).toEqual(['123456', '123456'])
})
