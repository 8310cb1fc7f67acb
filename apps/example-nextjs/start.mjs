// Starts `next start` and, as a process of its own, `kit-bff` with the provider inside. In production each has its own
// supervisor, and the keys come from your secret store.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const port = process.env.PORT ?? '3000'
const bffUrl = process.env.BFF_URL ?? 'http://127.0.0.1:4200'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const programs = [
  start('@kit/bff/dist/main.js', [], {
    PORT: new URL(bffUrl).port,
    OPS_PORT: process.env.OPS_PORT ?? '4201',
    ORIGIN: `http://localhost:${port}`,
    COOKIE_KEYS: randomBytes(32).toString('base64'),
    ISSUER: 'Example',
    TRUSTED_PROXIES: '127.0.0.1',
    // The provider, in the same process: SQLite in DATA_DIR, with keys that it makes itself.
    UPSTREAM: 'embedded',
    KIT_DEV: '1',
    DATA_DIR: process.env.DATA_DIR ?? '.data',
    // Who is asking: the JWT of app/sign-in/route.ts.
    IDENTITY: 'jwt',
    IDENTITY_COOKIE: 'sign-in',
    IDENTITY_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }),
    IDENTITY_ISSUER: 'example-nextjs',
    IDENTITY_AUDIENCE: 'kit-bff',
    IDENTITY_NAME_CLAIM: 'name',
  }),
  start('next/dist/bin/next', ['start', '--port', port], {
    BFF_URL: bffUrl,
    SIGN_IN_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }),
]

function start(program, args, env) {
  const file = fileURLToPath(new URL(`node_modules/${program}`, import.meta.url))
  return spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env }, stdio: 'inherit' })
}

const stop = () => {
  for (const program of programs) program.kill()
}
for (const program of programs) program.on('exit', stop)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
