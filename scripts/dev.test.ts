import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('`pnpm dev` on a port that is taken says so in one line, and leaves nothing running', async () => {
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const dev = spawn(process.execPath, [fileURLToPath(new URL('dev.mjs', import.meta.url))], {
    env: { ...process.env, PORT: String(port), NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // What it starts has the same stderr, which ends with the last of them.
  const [errors, [code]] = await Promise.all([text(dev.stderr), once(dev, 'exit')])
  taken.close()
  expect({ code, errors }).toEqual({
    code: 1,
    errors: `Port ${port} is in use. Stop what listens there, or choose another: PORT=4010 pnpm dev\n`,
  })
}, 120_000)
