import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** A strict page: nothing inline, no string becomes script or markup. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"

// Development builds of React: they are the ones that warn.
const bundle: BuildOptions = {
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  conditions: ['@kit/source'],
  define: { 'process.env.NODE_ENV': '"development"' },
  logLevel: 'error',
}

const onlyOutput = async (options: BuildOptions) =>
  (await build({ ...bundle, ...options })).outputFiles?.[0]?.text ?? ''

/** Renders a page of the fixture on the server. */
type Render = (props: string) => string

async function loadRender(): Promise<Render> {
  const home = await mkdtemp(join(tmpdir(), 'kit-react-'))
  try {
    const file = join(home, 'render.mjs')
    const banner = `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)});`
    const code = await onlyOutput({
      entryPoints: [join(folder, 'render.tsx')],
      platform: 'node',
      banner: { js: banner },
    })
    await writeFile(file, code)
    return (await import(pathToFileURL(file).href)).render
  } finally {
    await rm(home, { recursive: true })
  }
}

const html = (query: URLSearchParams, body: string) => `<!doctype html>
<html lang="en" dir="${query.get('dir') ?? 'ltr'}"${query.get('theme') ? ` data-theme="${query.get('theme')}"` : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Fixture</title>
${query.get('css') === 'none' ? '' : '<link rel="stylesheet" href="/styles.css"><link rel="stylesheet" href="/page.css">'}
</head>
<body><div id="root">${body}</div><script type="module" src="/page.js"></script></body>
</html>`

/** The fixture's pages on a port of their own: `/?page=code&props={…}&ssr=1&dir=rtl&css=none`. */
export async function startSite() {
  const [page, styles, render] = await Promise.all([
    onlyOutput({ entryPoints: [join(folder, 'page.tsx')], platform: 'browser' }),
    readFile(join(folder, '../../src/styles.css'), 'utf8'),
    loadRender(),
  ])
  const files = new Map([
    ['/page.js', ['text/javascript', page]],
    ['/styles.css', ['text/css', styles]],
    [
      '/page.css',
      ['text/css', 'body { margin: 0; padding: 16px } .night { background: #10131a; color: #eee }'],
    ],
  ])
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [type = 'text/html', text = ''] = files.get(url.pathname) ?? [
      'text/html',
      html(url.searchParams, url.searchParams.has('ssr') ? render(url.search) : ''),
    ]
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy })
    response.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
