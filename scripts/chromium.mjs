// Finds a Chromium for the browser tests, and installs one where there is none.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const find = () => places.find((path) => path && existsSync(path))

async function playwrightsOwn() {
  const { chromium } = await import('@playwright/test')
  const path = chromium.executablePath()
  return existsSync(path) ? path : undefined
}

const run = (command, args) =>
  spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0

/**
 * Path of a Chromium: CHROMIUM_PATH, the system's, Playwright's, or one installed now, by the system's
 * package manager where this user may, by Playwright otherwise.
 */
export async function ensureChromium() {
  const found = find() ?? (await playwrightsOwn())
  if (found) return found
  process.stderr.write('Installing Chromium for the browser tests…\n')
  const aptGet = (...args) =>
    process.getuid?.() === 0 ? run('apt-get', args) : run('sudo', ['-n', 'apt-get', ...args])
  if (
    existsSync('/usr/bin/apt-get') &&
    aptGet('update', '-qq') &&
    aptGet('install', '-y', '-qq', 'chromium')
  ) {
    const installed = find()
    if (installed) return installed
  }
  run('npx', ['playwright', 'install', 'chromium'])
  const own = await playwrightsOwn()
  if (own) return own
  throw new Error(
    'No Chromium: neither the system package manager nor Playwright could install one. Install Chromium and set CHROMIUM_PATH to it.',
  )
}
