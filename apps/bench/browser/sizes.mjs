// What a browser has to load: gzip bytes of each entry, host libraries left out.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
/** Every application has these already. */
const external = ['react', 'react-dom', 'react/*', 'react-dom/*', '@tanstack/react-query']

export const parts = [
  ['Kit: CodeInput', `export { CodeInput } from '@kit/react'`],
  ['Kit: CodeInput, hook alone', `export { useCodeInput } from '@kit/react'`],
  ['input-otp: OTPInput', `export { OTPInput } from 'input-otp'`],
  ['Base UI: OTPField', `export { OTPField } from '@base-ui/react/otp-field'`],
  ['Ark UI: PinInput', `export { PinInput } from '@ark-ui/react/pin-input'`],
  [
    'Radix: OneTimePasswordField',
    `export { Root, Input, HiddenInput } from '@radix-ui/react-one-time-password-field'`,
  ],
  ['Mantine: PinInput with its provider', `export { PinInput, MantineProvider } from '@mantine/core'`],
].map(([name, code]) => ({ name, code }))

export const kits = [
  {
    name: 'Kit: challenge, provider and client',
    code: `export { createMfaClient, MfaProvider, TotpChallenge } from '@kit/react'`,
  },
  { name: 'Kit: everything, QR code included', code: `export * from '@kit/react'` },
  {
    name: 'better-auth: client with two-factor, no components',
    code: `import { createAuthClient } from 'better-auth/react'; import { twoFactorClient } from 'better-auth/client/plugins'; export const client = createAuthClient({ plugins: [twoFactorClient()] })`,
  },
  {
    name: 'Stytch B2B: headless, no components',
    code: `export * from '@stytch/react/b2b/headless'`,
  },
  {
    name: 'Clerk: the loader alone (its components come from a CDN)',
    code: `export { ClerkProvider, SignIn, UserProfile } from '@clerk/react'`,
  },
  {
    name: 'Stytch B2B: components',
    code: `export * from '@stytch/react/b2b'`,
  },
  {
    name: 'SuperTokens: TOTP screens',
    code: `import SuperTokens, { SuperTokensWrapper } from 'supertokens-auth-react'; import TOTP from 'supertokens-auth-react/recipe/totp'; import { TOTPPreBuiltUI } from 'supertokens-auth-react/recipe/totp/prebuiltui'; export { SuperTokens, SuperTokensWrapper, TOTP, TOTPPreBuiltUI }`,
  },
  {
    name: 'better-auth-ui: TwoFactorCard, AuthView, provider',
    code: `export { AuthUIProvider, AuthView, TwoFactorCard } from '@daveyplate/better-auth-ui'`,
  },
  { name: 'Amplify: Authenticator', code: `export { Authenticator } from '@aws-amplify/ui-react'` },
  { name: 'Ory: Login and Settings', code: `export { Login, Settings } from '@ory/elements-react/theme'` },
]

const versionOf = (code) => {
  const specifier = /from '((?:@[^/']+\/)?[^/']+)/.exec(code)?.[1]
  const file = `${here}../node_modules/${specifier}/package.json`
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : ''
}

async function bundle(code) {
  // What a kit can do without and was not installed stays outside.
  const missing = {
    name: 'missing',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === 'asked' || args.kind === 'entry-point') return undefined
        const { importer, resolveDir, kind } = args
        const found = await resolve(args.path, { importer, resolveDir, kind, pluginData: 'asked' })
        return found.errors.length > 0 ? { path: args.path, external: true } : undefined
      })
    },
  }
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: here, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'silent',
    conditions: ['@kit/source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.woff': 'empty', '.woff2': 'empty', '.ttf': 'empty', '.svg': 'text' },
    external,
    plugins: [missing],
  })
  // Files that the entry loads at once or later: esbuild also writes those that only left-out code would load.
  const loaded = new Set()
  const visit = (path) => {
    if (loaded.has(path) || !metafile.outputs[path]) return
    loaded.add(path)
    for (const { path: next } of metafile.outputs[path].imports) visit(next)
  }
  visit(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint) ?? '')
  const files = outputFiles.filter(({ path }) => loaded.has(relative(process.cwd(), path)))
  const scripts = files.filter(({ path }) => path.endsWith('.js'))
  return {
    minified: files.reduce((sum, { contents }) => sum + contents.length, 0),
    gzip: scripts.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
  }
}

/** @returns `{ name, version, minified, gzip }`, in bytes */
export const sizeOf = async ({ name, code }) => ({ name, version: versionOf(code), ...(await bundle(code)) })
