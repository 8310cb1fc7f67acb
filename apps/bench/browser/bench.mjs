// Browser: what is loaded, how soon a key shows, how soon the flows are there, and the demo's first page.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import { build } from 'esbuild'
import { ensureChromium } from '../../../scripts/chromium.mjs'
import { quick, wanted, wantedCase } from '../lib/options.mjs'
import { median, report } from '../lib/report.mjs'
import { kits, parts, sizeOf } from './sizes.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const slowdown = 4
const rounds = quick ? 3 : 15
const repetitions = quick ? 1 : 2
const msBetweenKeys = 130

async function sizes(name, entries, title) {
  const rows = []
  for (const entry of entries) {
    const { name: label, version, minified, gzip } = await sizeOf(entry)
    rows.push([label, version, Math.round(minified / 100) / 10, Math.round(gzip / 100) / 10])
  }
  rows.sort((a, b) => a[3] - b[3])
  report(name, {
    title,
    note: 'Bundled by esbuild (minified, ES2022, production), gzip level 9, every chunk counted; React, React DOM and TanStack Query are left out everywhere. Style sheets are not in it.',
    columns: ['what', 'version', 'minified kB', 'gzip kB'],
    rows,
    plot: { label: 'gzip, less is better', unit: 'kB', column: 3 },
  })
}

/** One page as a string, with one copy of React, whoever asks for it. */
async function pageOf(entry, alias = {}) {
  const own = (name) => fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    outdir: 'out',
    write: false,
    jsx: 'automatic',
    logLevel: 'error',
    conditions: ['@kit/source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: {
      react: own('react'),
      'react-dom': own('react-dom'),
      '@tanstack/react-query': own('@tanstack/react-query'),
      ...alias,
    },
  })
  const text = (kind) => outputFiles.find(({ path }) => path.endsWith(kind))?.text ?? ''
  const style =
    '.slots{display:flex;gap:8px}.slot{width:40px;height:48px;border:1px solid;text-align:center;font:20px monospace}'
  return `<!doctype html><html lang="en"><title></title><style>${style}${text('.css')}</style><main></main><script>${text('.js').replaceAll('</script', '<\\/script')}</script>`
}

const pages = new Map()
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pages.get(request.url) ?? '')
})

async function open(browser, url) {
  const page = await browser.newPage()
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const slow = (rate) => session.send('Emulation.setCPUThrottlingRate', { rate })
  await slow(slowdown)
  if (url) await page.goto(url)
  const metrics = async () => {
    const { metrics: list } = await session.send('Performance.getMetrics')
    return Object.fromEntries(list.map(({ name, value }) => [name, value]))
  }
  return { page, session, metrics, slow }
}

async function type({ page, metrics, slow }) {
  await slow(slowdown)
  const mountMs = await page.evaluate(() => window.bench.mount())
  await sleep(300)
  await page.evaluate(() => window.bench.take())
  const before = await metrics()
  for (const digit of '123456') {
    await page.keyboard.press(digit)
    await sleep(msBetweenKeys)
  }
  await sleep(200)
  const after = await metrics()
  const typed = await page.title()
  if (typed !== '123456') throw new Error(`The field came to ${JSON.stringify(typed)}.`)
  await slow(1)
  const perKey = (name) => (after[name] - before[name]) / 6
  return {
    mountMs,
    keys: await page.evaluate(() => window.bench.take()),
    taskMs: perKey('TaskDuration') * 1000,
    scriptMs: perKey('ScriptDuration') * 1000,
    layouts: perKey('LayoutCount'),
    styles: perKey('RecalcStyleCount'),
  }
}

async function typing(browser, address) {
  const fields = [
    ['plain input', 'native'],
    ['Kit: CodeInput', 'kit'],
    ['input-otp', 'input-otp'],
    ['Radix', 'radix'],
    ['Base UI', 'base-ui'],
    ['Ark UI', 'ark'],
    ['Mantine', 'mantine'],
  ].filter(([name]) => wanted(name))
  for (const [, file] of fields)
    pages.set(`/${file}`, await pageOf('page.jsx', { field: join(here, `fields/${file}.jsx`) }))
  const found = new Map(fields.map(([name]) => [name, []]))
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const tabs = new Map()
    for (const [name, file] of fields) {
      const tab = await open(browser, `${address}/${file}`)
      // Chromium slows a page down by work that takes its place, in hidden pages too: seven took both cores.
      await tab.slow(1)
      tabs.set(name, tab)
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [name, tab] of tabs) {
        await tab.page.bringToFront()
        const result = await type(tab)
        // The first round warms up.
        if (round > 0) found.get(name).push(result)
      }
    }
    for (const { page } of tabs.values()) await page.close()
  }
  const quantile = (values, share) =>
    [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)]
  report('browser-typing', {
    title: `A key in a code field, CPU slowed down ${slowdown} times`,
    note: `Real key events ${msBetweenKeys} ms apart, ${rounds * repetitions * 6} keys a field, fields in turn, Chromium ${browser.version()}, production React, the field controlled. Commit: from the key's first listener to the layout effect that sees the new value. Paint: from the hardware's time stamp to a message after the next frame. Task and script: main thread time a key.`,
    columns: [
      'field',
      'task ms a key',
      'script ms',
      'commit ms p50',
      'commit p95',
      'paint ms p50',
      'paint p95',
      'layouts a key',
      'style recalculations',
      'mount ms',
    ],
    rows: fields.map(([name]) => {
      const list = found.get(name)
      const of = (pick) => median(list.map(pick))
      const keys = list.flatMap((result) => result.keys).filter(({ commit, paint }) => commit && paint)
      const commits = keys.map(({ commit }) => commit)
      const paints = keys.map(({ paint }) => paint)
      return [
        name,
        of((result) => result.taskMs),
        of((result) => result.scriptMs),
        median(commits),
        quantile(commits, 0.95),
        median(paints),
        quantile(paints, 0.95),
        of((result) => result.layouts),
        of((result) => result.styles),
        of((result) => result.mountMs),
      ]
    }),
    plot: { label: 'main thread time a key, less is better', unit: 'ms', column: 1 },
  })
}

async function flows(browser, address) {
  pages.set('/flows', await pageOf('flows.jsx'))
  const tab = await open(browser, `${address}/flows`)
  const rows = []
  for (const [name, flow, selector] of [
    ['challenge, to the code field', 'challenge', '[data-kit=code-input]'],
    ['enrolment, from the start button to the QR code', 'enrollment', '[data-kit=qr-code]'],
  ]) {
    const times = []
    for (let round = 0; round < rounds + 1; round++)
      times.push(await tab.page.evaluate(([a, b]) => window.bench(a, b), [flow, selector]))
    rows.push([name, times[0], median(times.slice(1))])
  }
  await tab.page.close()
  report('browser-flows', {
    title: `First render of Kit's flows, CPU slowed down ${slowdown} times`,
    note: 'From React’s render until the element is on the screen; the answers come from a function, so no network is in it.',
    columns: ['flow', 'first time ms', 'again ms, median'],
    rows,
    plot: { label: 'again, less is better', unit: 'ms', column: 2 },
  })
}

const observe = () => {
  const seen = { lcpMs: 0, cls: 0, blockingMs: 0 }
  window.seen = seen
  const on = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  on('largest-contentful-paint', (entry) => {
    seen.lcpMs = entry.startTime
  })
  on('layout-shift', (entry) => {
    if (!entry.hadRecentInput) seen.cls += entry.value
  })
  on('longtask', (entry) => {
    seen.blockingMs += Math.max(0, entry.duration - 50)
  })
}

async function demo(browser) {
  const dataDir = mkdtempSync(join(tmpdir(), 'kit-bench-demo-'))
  const port = '4390'
  const program = fileURLToPath(new URL('../../demo/dist/server/main.js', import.meta.url))
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: port, DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await new Promise((resolve, reject) => {
      child.stdout.on('data', (chunk) => String(chunk).includes('listening on') && resolve())
      child.once('exit', () => reject(new Error('The demo ended. Build it first: pnpm build')))
    })
    const runs = []
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const { page, session } = await open(browser)
      await session.send('Network.enable')
      await session.send('Network.setCacheDisabled', { cacheDisabled: true })
      await page.addInitScript(observe)
      await page.goto(`http://localhost:${port}/`, { waitUntil: 'networkidle' })
      await sleep(1500)
      const bytes = await page.evaluate(() =>
        performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0),
      )
      runs.push({ ...(await page.evaluate(() => window.seen)), kilobytes: bytes / 1000 })
      await page.close()
    }
    const of = (key) => median(runs.map((run) => run[key]))
    report('browser-demo', {
      title: `The demo's first page, CPU slowed down ${slowdown} times`,
      note: 'Cold cache, the server on the same machine, so that the network is not in it. LCP: when the largest thing was painted. CLS: how much moved. TBT: how long tasks kept the page from answering.',
      columns: ['page', 'LCP ms', 'CLS', 'TBT ms', 'transferred kB'],
      rows: [['/', of('lcpMs'), of('cls'), of('blockingMs'), of('kilobytes')]],
      plot: { label: 'until the largest thing was painted, less is better', unit: 'ms', column: 1 },
    })
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
}

if (wantedCase('sizes')) {
  await sizes('browser-size-fields', parts, 'Code fields: what a browser loads')
  await sizes('browser-size-kits', kits, 'Whole kits: what a browser loads')
}
if (['typing', 'flows', 'demo'].some(wantedCase)) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${server.address().port}`
  const browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  if (wantedCase('typing')) await typing(browser, address)
  if (wantedCase('flows')) await flows(browser, address)
  if (wantedCase('demo')) await demo(browser)
  await browser.close()
  server.close()
}
