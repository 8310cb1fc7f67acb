// The floor: node:http, Basic credentials, the statements alone, AES-GCM open, three HMACs, a short answer.
// STATEMENTS=read: SELECT, then an UPDATE that spends the step. STATEMENTS=reserve: an UPDATE that pays for the
// attempt and gives the secret, then the one that spends the step: what replay protection and a budget cost at least.
import { createDecipheriv, hash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { authorization, codeOf, encryptionKeys, nowMs, projectId, stepsOfCodes } from '../../lib/people.mjs'

const { DATABASE_URL, DATA_DIR, STATEMENTS = 'read' } = process.env
const columns = 'totp_id, sealed_secret, last_step'
const first =
  STATEMENTS === 'read'
    ? `SELECT ${columns} FROM totps WHERE subject_id = $1 AND status = 'active'`
    : `UPDATE totps SET consecutive_failures = consecutive_failures + 1, fail_level_at = ${nowMs}
       WHERE subject_id = $1 AND status = 'active' AND consecutive_failures < 50 RETURNING ${columns}`
const second =
  'UPDATE totps SET last_step = $2, consecutive_failures = 0 WHERE totp_id = $1 AND last_step < $2 RETURNING totp_id'

async function postgres() {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 32 })
  const run = (name, text) => async (values) => (await pool.query({ name, text, values })).rows[0]
  return [run('first', first), run('second', second)]
}

async function sqlite() {
  const { default: Database } = await import('libsql')
  const database = new Database(join(DATA_DIR, 'totp.sqlite'))
  for (const pragma of ['journal_mode=WAL', 'synchronous=FULL']) database.pragma(pragma)
  return [first, second].map((text) => {
    const statement = database.prepare(text.replaceAll(/\$(\d)/g, '?$1'))
    return (values) => statement.get(...values)
  })
}

const [read, spend] = await (DATABASE_URL ? postgres() : sqlite())
const key = Buffer.from(encryptionKeys.split(':')[1], 'base64')
const expected = hash('sha256', authorization, 'buffer')

function open(sealed, context) {
  const bytes = Buffer.from(sealed)
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
}

async function authenticate({ user_id: userId, totp_code: code }) {
  const row = await read([userId])
  if (!row) return [404, { error_type: 'totps_not_found_for_user' }]
  const secret = open(row.sealed_secret, `totp-secret|${projectId}|${userId}|${row.totp_id}`)
  let matched = null
  for (const step of stepsOfCodes)
    if (timingSafeEqual(Buffer.from(codeOf(secret, step)), Buffer.from(code))) matched = step
  if (matched === null || matched <= Number(row.last_step)) return [401, { error_type: 'wrong' }]
  if (!(await spend([row.totp_id, matched]))) return [401, { error_type: 'already_used' }]
  return [200, { status_code: 200, user_id: userId, totp_id: row.totp_id }]
}

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    const given = hash('sha256', request.headers.authorization ?? '', 'buffer')
    const [status, body] = timingSafeEqual(given, expected)
      ? await authenticate(JSON.parse(Buffer.concat(chunks)))
      : [401, {}]
    const text = JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length })
    response.end(text)
  })
})
process.once('SIGTERM', () => process.exit())
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
