// Builds what is stale, then runs the demo in this very process, so that signals and PORT are its own.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.stdout.write('Building the demo…\n')
const build = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/turbo/bin/turbo'),
    'run',
    'build',
    '--filter=@kit/demo',
    '--output-logs=errors-only',
  ],
  { cwd: root, encoding: 'utf8', env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' } },
)
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}${build.error ?? ''}`)
  process.stderr.write('The demo could not be built.\n')
  process.exit(1)
}
await import('../apps/demo/dist/server/main.js')
