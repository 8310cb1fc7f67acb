import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { on, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('dev.mjs', import.meta.url))

test('`pnpm dev` says that it listens when its API answers', async () => {
  // Below the ports that systems give away, so that no other test gets it meanwhile.
  const port = randomInt(20_000, 30_000)
  const dataDir = mkdtempSync(join(tmpdir(), 'kit-dev-'))
  const dev = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // What it starts has the same stderr, which ends with the last of them.
  const ended = text(dev.stderr)
  // Vite has things to say too, and before it where it starts for the first time.
  let said = ''
  for await (const [line] of on(createInterface(dev.stdout), 'line')) {
    said = line
    if (said.startsWith('listening')) break
  }
  const about = await fetch(`http://localhost:${port}/api/about`)
  dev.kill()
  await ended
  rmSync(dataDir, { recursive: true })
  expect({ said, status: about.status }).toEqual({
    said: `listening on http://localhost:${port}`,
    status: 200,
  })
}, 120_000)

test('`pnpm dev` on a port that is taken says so in one line, and leaves nothing running', async () => {
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const dev = spawn(process.execPath, [program], {
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
