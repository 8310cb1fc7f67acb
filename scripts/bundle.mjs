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
    // The goal is 5,000. The README of the package says what each part costs; this keeps it from growing.
    limitBytes: 6_250,
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
 * @returns gzip bytes, the modules that went in, and the text, of one entry with every chunk it may load
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
  return {
    bytes: texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0),
    modules,
    text: texts.join('\n'),
  }
}

const problems = []
console.log('| entry | gzip bytes | limit |\n|---|---|---|')
for (const { name, code, limitBytes } of entries) {
  const { bytes, modules, text } = await measure(code)
  console.log(`| ${name} | ${bytes} | ${limitBytes} |`)
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
