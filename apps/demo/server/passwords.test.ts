import { expect, test } from 'vitest'
import { hashPassword, verifyPassword } from './passwords.js'

test('a password is right for its own hash alone', async () => {
  const hash = await hashPassword('correct horse battery')
  expect(await verifyPassword('correct horse battery', hash)).toBe(true)
  expect(await verifyPassword('correct horse batterx', hash)).toBe(false)
  expect(hash).not.toContain('horse')
})

test('two people with one password have two hashes', async () => {
  expect(await hashPassword('correct horse battery')).not.toBe(await hashPassword('correct horse battery'))
})

test('the same characters typed on another keyboard are the same password', async () => {
  const hash = await hashPassword('caf\u00e9 au lait, please')
  expect(await verifyPassword('cafe\u0301 au lait, please', hash)).toBe(true)
})

test('no password is right for somebody who does not exist', async () => {
  expect(await verifyPassword('correct horse battery', undefined)).toBe(false)
})
