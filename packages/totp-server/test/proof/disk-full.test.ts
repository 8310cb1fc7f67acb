import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqlite } from '../../src/index.js'
import { type ServerProcess, startProcess, temporaryFolder } from '../processes.js'
import { codeOf, createWorld, startMs, uniqueName } from '../world.js'
import { post, proofTimeoutMs, report, size } from './proof.js'
import { createSweep } from './secrecy.js'

// The driver lets go of its files a little after it was told to: hence -l.
// A disk of six megabytes, which only root may make.
const disk = temporaryFolder()
const isMounted =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]).status === 0

let server: ServerProcess | undefined
afterAll(async () => {
  await server?.kill()
  if (isMounted) spawnSync('umount', ['-l', disk])
})

test.skipIf(!isMounted)(
  'F31: a full disk answers writes with 503 and reads as before, loses nothing it acknowledged, and is over when there is space',
  async () => {
    const dataDir = join(disk, 'data')
    const { url } = await startProcess({ TEST_DATA_DIR: dataDir, TEST_CONNECTION_STRING: '' }).then(
      (started) => {
        server = started
        return started
      },
    )
    const enrolled: { user_id: string; secret: string; confirmed: string }[] = []
    let refused = 0
    const enrolOne = async () => {
      const made = await post(url, '/v1/users', { email: `${uniqueName('ada')}@example.com` }, startMs)
      const { user_id } = made?.body ?? {}
      if (made?.status !== 200) return made
      const created = await post(url, '/v1/totps', { user_id }, startMs)
      if (created?.status !== 200) return created
      const { secret } = created.body
      const totp_code = codeOf(secret, startMs)
      const confirmed = await post(url, '/v1/totps/authenticate', { user_id, totp_code }, startMs)
      if (confirmed?.status === 200) enrolled.push({ user_id, secret, confirmed: totp_code })
      return confirmed
    }
    for (let index = 0; index < 8; index++) expect((await enrolOne())?.status).toBe(200)

    for (let round = 1; round <= size(2, 20); round++) {
      const filler = join(disk, 'filler')
      writeFileSync(filler, Buffer.alloc(512 * 1024))
      const fill = spawnSync('sh', ['-c', `cat /dev/zero >> ${filler}; true`])
      expect(fill.status).toBe(0)
      // Pages that are there already can still be written for a while.
      let inARow = 0
      while (inARow < 24) {
        const answers = await Promise.all(Array.from({ length: 8 }, enrolOne))
        for (const answer of answers) {
          expect([200, 503]).toContain(answer?.status)
          if (answer?.status === 503) expect(answer.headers['retry-after']).toBe('1')
          inARow = answer?.status === 503 ? inARow + 1 : 0
          refused += answer?.status === 503 ? 1 : 0
        }
      }
      const [somebody] = enrolled
      if (somebody === undefined) throw new Error('Nobody was enrolled.')
      const { user_id } = somebody
      expect((await post(url, '/v1/totps/recovery_codes', { user_id }, startMs))?.status).toBe(200)

      rmSync(filler)
      expect((await enrolOne())?.status).toBe(200)
      const nowMs = startMs + round * 60_000
      const totp_code = codeOf(somebody.secret, nowMs)
      expect((await post(url, '/v1/totps/authenticate', { user_id, totp_code }, nowMs))?.status).toBe(200)
    }

    const sweep = createSweep()
    for (const { secret, confirmed } of enrolled) sweep.plant(secret, confirmed)
    sweep.look('metrics', await (await fetch(`${url}/metrics`)).text())
    await server?.kill()
    if (server) sweep.lookIntoFolder('outputs', server.outputs)
    sweep.lookIntoFolder('database', dataDir)
    report('Secrecy', `server on a full disk: ${sweep.end()}`)
    const world = createWorld(await openSqlite({ dataDir }))
    for (const { user_id, confirmed } of enrolled) {
      const { totps } = (await world.post('/v1/totps/recovery_codes', { user_id })).body
      expect(totps).toMatchObject([{ verified: true }])
      expect(totps[0].recovery_codes).toHaveLength(10)
      const again = await world.post('/v1/totps/authenticate', { user_id, totp_code: confirmed })
      expect(again.status).toBe(401)
    }
    await world.close()
    report(
      'No lost data',
      `SQLite on a disk that was full ${size(2, 20)} times: ${refused} calls answered with 503, ${enrolled.length} acknowledged enrolments, 0 lost`,
    )
  },
  proofTimeoutMs,
)
