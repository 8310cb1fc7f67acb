import { expect, it } from 'vitest'
import * as bff from './index.js'

it('exports these names and no others', () => {
  expect(Object.keys(bff).sort()).toMatchInlineSnapshot(`
    [
      "BffError",
      "createBff",
      "identity",
    ]
  `)
})
