// What a browser would load of @kit/react: gzip sizes of each entry, and what must not be in there.
// `node scripts/bundle.mjs` prints the table; `--check` fails past a limit or on a forbidden module or word.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const react = `${root}packages/react/src`

/** Host libraries that the application has anyway. */
const external = ['react', 'react-dom', 'react/jsx-runtime', '@tanstack/react-query']

const entries = [
  { name: 'whole kit, QR included', code: `export * from '@kit/react'`, limitBytes: 16_000 },
  {
    name: 'challenge with provider and client',
    code: `export { createMfaClient, MfaProvider, TotpChallenge } from '@kit/react'`,
    limitBytes: 5_000,
  },
  { name: 'code input alone', code: `export { CodeInput } from '@kit/react'`, limitBytes: 1_700 },
  {
    name: 'stylesheet',
    code: `@import '${react}/styles.css';`,
    loader: 'css',
    limitBytes: 3_000,
  },
]

for (const file of readdirSync(`${react}/messages`).filter(
  (file) => !file.includes('.test.') && file !== 'en.ts',
)) {
  const locale = file.replace(/\.ts$/, '')
  entries.push({
    name: `locale ${locale}`,
    code: `export * from '@kit/react/messages/${locale}'`,
    limitBytes: 1_500,
  })
}

const allowedModules = [
  /^packages\/react\/src\//,
  /^packages\/contract\/src\/errors\.ts$/,
  /\/qrcode\.react\//,
  /^<stdin>$/,
]
const forbiddenWords = [
  '/v1/',
  'project-live',
  'project-test',
  'secret-live',
  'secret-test',
  'session_token',
  'stytch',
  'zod',
  'node:',
]

/** @returns gzip bytes, the modules that went in, and the text, of one entry with every chunk it may load */
async function measure({ code, loader = 'ts' }) {
  const result = await build({
    stdin: { contents: code, resolveDir: `${root}packages/react/test`, loader },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    legalComments: 'none',
    // As every bundler for browsers does; esbuild alone would write letters beyond ASCII as escapes.
    charset: 'utf8',
    conditions: ['@kit/source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    absWorkingDir: root,
    external,
  })
  const bytes = result.outputFiles.reduce(
    (sum, file) => sum + gzipSync(file.contents, { level: 9 }).length,
    0,
  )
  const used = Object.values(result.metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  )
  return { bytes, used, text: result.outputFiles.map((file) => file.text).join('\n') }
}

const problems = []
console.log('| entry | gzip bytes | limit |\n|---|---|---|')
for (const entry of entries) {
  const { bytes, used, text } = await measure(entry)
  console.log(`| ${entry.name} | ${bytes} | ${entry.limitBytes} |`)
  if (bytes > entry.limitBytes)
    problems.push(`${entry.name}: ${bytes} bytes, the limit is ${entry.limitBytes}`)
  for (const path of used)
    if (!allowedModules.some((allowed) => allowed.test(path)))
      problems.push(`${entry.name}: has the module ${path}`)
  for (const word of forbiddenWords)
    if (text.includes(word)) problems.push(`${entry.name}: has the word ${word}`)
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
