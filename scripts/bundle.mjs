// What a browser would load of @kit/react: gzip sizes of each entry, and what must not be in there.
// `node scripts/bundle.mjs` prints the table; `--check` fails past a limit or on a forbidden module or word.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const react = `${root}packages/react/src`

const folder = mkdtempSync(join(tmpdir(), 'kit-bundle-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Host libraries that the application has anyway. */
const external = [/^react(-dom)?(\/|$)/, /^@tanstack\/react-query$/]

const entries = [
  { name: 'whole kit, QR included', code: `export * from '${react}/index.ts'`, limitBytes: 16_000 },
  {
    name: 'challenge with provider and client',
    code: `export { createMfaClient, MfaProvider, TotpChallenge } from '${react}/index.ts'`,
    limitBytes: 5_000,
    // What a person loads before the first code is sent.
    laterIsFree: true,
  },
  { name: 'code input alone', code: `export { CodeInput } from '${react}/index.ts'`, limitBytes: 1_700 },
  { name: 'stylesheet', code: `import '${react}/styles.css'`, limitBytes: 3_000 },
  ...readdirSync(`${react}/messages`)
    .filter((file) => !file.includes('.test.') && file !== 'en.ts')
    .map((file) => ({
      name: `locale ${file.replace(/\.ts$/, '')}`,
      code: `export * from '${react}/messages/${file}'`,
      limitBytes: 1_500,
    })),
]

const allowedModules = [/^packages\/react\/src\//, /\/qrcode\.react\//]
const forbiddenWords = [
  ...['/v1/', 'project-live', 'project-test', 'secret-live', 'secret-test', 'session_token', 'stytch'],
  ...['zod', 'node:'],
]

/**
 * Bundles as an application's production build does.
 *
 * @returns gzip bytes of one entry and of the chunks it may load later; the modules that went in, and the text, of all
 */
async function measure(code) {
  const entry = join(folder, 'entry.ts')
  writeFileSync(entry, code)
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: `${root}packages/react`,
    resolve: { conditions: ['@kit/source'] },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'entry', cssFileName: 'entry' },
      rolldownOptions: { external, output: { minify: true } },
    },
  })
  const output = [result].flat().flatMap((bundle) => bundle.output)
  // A build that holds a stylesheet alone leaves an empty script behind.
  const texts = output
    .map((file) => (file.type === 'chunk' ? file.code : String(file.source)))
    .filter((text) => text.trim() !== '')
  const modules = output.flatMap((file) =>
    Object.entries(file.modules ?? {})
      .filter(([id, { renderedLength }]) => renderedLength > 0 && id !== entry && !id.startsWith('\0'))
      .map(([id]) => relative(root, id)),
  )
  const chunks = output.filter((file) => file.type === 'chunk')
  const first = new Set()
  const load = (chunk) => {
    if (!chunk || first.has(chunk.code)) return
    first.add(chunk.code)
    for (const name of chunk.imports) load(chunks.find(({ fileName }) => fileName === name))
  }
  for (const chunk of chunks) if (chunk.isEntry) load(chunk)
  const later = chunks.map(({ code }) => code).filter((code) => !first.has(code))
  const gzip = (some) => some.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0)
  return {
    firstBytes: gzip(texts.filter((text) => !later.includes(text))),
    laterBytes: gzip(later),
    modules,
    text: texts.join('\n'),
  }
}

const problems = []
console.log('| entry | gzip bytes | limit | beyond the limit, loaded when needed |\n|---|---|---|---|')
for (const { name, code, limitBytes, laterIsFree } of entries) {
  const { firstBytes, laterBytes, modules, text } = await measure(code)
  const bytes = laterIsFree ? firstBytes : firstBytes + laterBytes
  console.log(`| ${name} | ${bytes} | ${limitBytes} | ${firstBytes + laterBytes - bytes} |`)
  if (bytes > limitBytes) problems.push(`${name}: ${bytes} bytes, the limit is ${limitBytes}`)
  for (const path of modules)
    if (!allowedModules.some((allowed) => allowed.test(path)))
      problems.push(`${name}: has the module ${path}`)
  for (const word of forbiddenWords) if (text.includes(word)) problems.push(`${name}: has the word ${word}`)
}

const dependencies = Object.keys(
  JSON.parse(readFileSync(`${root}packages/react/package.json`, 'utf8')).dependencies,
)
if (dependencies.join() !== '@kit/contract,qrcode.react')
  problems.push(
    `@kit/react depends on ${dependencies.join(', ')}; it may on @kit/contract and qrcode.react alone`,
  )

if (process.argv.includes('--check') && problems.length > 0) {
  console.error(problems.join('\n'))
  process.exitCode = 1
}
