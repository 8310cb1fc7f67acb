import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

const require = createRequire(import.meta.url)
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

/** The oldest React that the package promises, in place of the newest. */
const older: BuildOptions = {
  alias: {
    react: dirname(require.resolve('react-18/package.json')),
    'react-dom': dirname(require.resolve('react-dom-18/package.json')),
  },
}

const onlyOutput = async (options: BuildOptions) =>
  (await build({ ...bundle, ...options })).outputFiles?.[0]?.text ?? ''

/** Renders a page of the fixture on the server. */
type Render = (props: string) => string

async function loadRender(options: BuildOptions): Promise<Render> {
  const home = await mkdtemp(join(tmpdir(), 'kit-react-'))
  try {
    const file = join(home, 'render.mjs')
    const banner = `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)});`
    const code = await onlyOutput({
      ...options,
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
<body><div id="root">${body}</div><script type="module" src="${query.has('split') ? '/split' : ''}/page${query.has('react18') ? '-18' : ''}.js"></script></body>
</html>`

/** The fixture's pages on a port of their own: `/?page=code&props={…}&ssr=1&dir=rtl&css=none&react18=1&split=1`. */
export async function startSite() {
  const made = new Map<string, Promise<unknown>>()
  /** Made when first asked for. */
  const once = <T>(name: string, make: () => Promise<T>) => {
    if (!made.has(name)) made.set(name, make())
    return made.get(name) as Promise<T>
  }
  const page = (options: BuildOptions) =>
    onlyOutput({ ...options, entryPoints: [join(folder, 'page.tsx')], platform: 'browser' })
  /** What is loaded later in files of its own, as most applications are bundled. */
  const split = async (path: string) => {
    const entryPoints = [join(folder, 'page.tsx')]
    const { outputFiles } = await once('split', () =>
      build({ ...bundle, entryPoints, platform: 'browser', splitting: true, outdir: '/split' }),
    )
    return outputFiles?.find((file) => file.path === path)?.text ?? ''
  }
  const files: Record<string, [type: string, text: () => Promise<string> | string]> = {
    '/page.js': ['text/javascript', () => once('page', () => page({}))],
    '/page-18.js': ['text/javascript', () => once('page-18', () => page(older))],
    '/styles.css': ['text/css', () => readFile(join(folder, '../../src/styles.css'), 'utf8')],
    '/page.css': [
      'text/css',
      () => 'body { margin: 0; padding: 16px } .night { background: #10131a; color: #eee }',
    ],
  }
  const written = async ({ search, searchParams: query }: URL) => {
    const render = query.has('react18')
      ? () => once('render-18', () => loadRender(older))
      : () => once('render', () => loadRender({}))
    return html(query, query.has('ssr') ? (await render())(search) : '')
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [type, text] = url.pathname.startsWith('/split/')
      ? ['text/javascript', () => split(url.pathname)]
      : (files[url.pathname] ?? ['text/html', () => written(url)])
    let status = 200
    const body = await Promise.resolve(text()).catch((error: unknown) => {
      status = 500
      return String(error)
    })
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': policy,
    })
    response.end(body)
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
