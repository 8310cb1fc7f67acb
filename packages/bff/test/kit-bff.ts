import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'

// The program `kit-bff` as it is shipped: compiled, started by plain node.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = join(root, 'packages/bff/dist/main.js')

/** Compiles what these tests start. */
export function buildProgram(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  // Whether the types are right is another check's business: the compiler emits in any case.
  spawnSync(process.execPath, [tsc, '-b', 'packages/bff'], { cwd: root })
}

const children: ChildProcess[] = []
const folders: string[] = []

/** A folder that {@link endAll} removes. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), name))
  folders.push(folder)
  return folder
}

/** Ends every program that was started, and removes what they wrote. */
export async function endAll(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
}

export const identitySecret = 'SENTINEL-a-secret-that-only-the-proxy-knows'
export const projectSecret = 'SENTINEL-project-secret-0123456789'
export const cookieKey = randomBytes(32).toString('base64')

export function environment(changes: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    PORT: '0',
    OPS_PORT: '0',
    UPSTREAM: 'embedded',
    PROJECT_ID: 'project-test-1',
    PROJECT_SECRET: projectSecret,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    DATA_DIR: newFolder('kit-bff-'),
    AUTO_PROVISION: '1',
    SESSION_JWT_ALG: 'ES256',
    COOKIE_KEYS: cookieKey,
    IDENTITY: 'headers',
    IDENTITY_SECRET: identitySecret,
    ...changes,
  }
}

function launch(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

export async function runToEnd(env: Record<string, string>, args: string[] = []) {
  const child = launch(env, args)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code }
}

/** Starts the program and waits for the one line that says that it is ready. */
export async function start(env: Record<string, string>) {
  const child = launch(env)
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code, signal]) => [`nothing, and ended by ${signal ?? code}`]),
  ])
  const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(String(line)) ?? []
  if (url === undefined) throw new Error(`It said something else first: ${line}`)
  return { child, url }
}

export const who = {
  'x-kit-identity-secret': identitySecret,
  'x-kit-user': 'ada',
  'x-kit-account-name': 'ada@example.com',
}

/** A request of the page, by the person who is signed in at the proxy. */
export async function call(
  url: string,
  method: string,
  path: string,
  more: Record<string, string> = {},
  body?: object,
) {
  const response = await request(url + path, {
    method,
    headers: {
      ...who,
      'sec-fetch-site': 'same-origin',
      ...(body && { 'content-type': 'application/json' }),
      ...more,
    },
    body: body ? JSON.stringify(body) : null,
  })
  const answer = await response.body.text()
  const cookie = [response.headers['set-cookie'] ?? []].flat()[0]?.split(';')[0]
  return { status: response.statusCode, headers: response.headers, text: answer, cookie }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
