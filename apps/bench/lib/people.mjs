// People with authenticator apps, in bulk: rows as the server keeps them, and the codes that their apps show.
import { createCipheriv, createHmac, hash, randomBytes } from 'node:crypto'

export const projectId = 'project-test-11111111-1111-4111-8111-111111111111'
export const projectSecret = 'secret-of-the-bench-0123456789'
export const authorization = `Basic ${Buffer.from(`${projectId}:${projectSecret}`).toString('base64')}`
const key = Buffer.alloc(32, 7)
export const encryptionKeys = `k1:${key.toString('base64')}`

/** The clock of every server under test stands here, so that codes can be made before. */
export const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const step = Math.floor(nowMs / 30_000)
/** Each is good for one request. */
export const stepsOfCodes = [step - 1, step, step + 1]

/** Spread over the index as random ids are. */
const uuidOf = (kind, index) => {
  const hex = hash('md5', `${kind}${index}`)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
const secretOf = (index) => hash('sha1', `secret${index}`, 'buffer')

function sealed(secret, context) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

export function codeOf(secret, atStep) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(atStep))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** @returns ids, secret, and the rows of `users` and `totps` */
export function person(index, { enrolled = true } = {}) {
  const userId = `user-test-${uuidOf('user', index)}`
  const totpId = `totp-test-${uuidOf('totp', index)}`
  const secret = secretOf(index)
  const user = {
    user_id: userId,
    project_id: projectId,
    external_id: `external-${index}`,
    email: `person${index}@example.com`,
    email_id: `email-test-${uuidOf('email', index)}`,
    phone_number: null,
    phone_id: `phone-number-test-${uuidOf('phone', index)}`,
    status: 'active',
    name: '{}',
    roles: '[]',
    trusted_metadata: '{}',
    untrusted_metadata: '{}',
    created_at: nowMs,
  }
  const totp = {
    totp_id: totpId,
    project_id: projectId,
    subject_id: userId,
    status: 'active',
    sealed_secret: sealed(secret, `totp-secret|${projectId}|${userId}|${totpId}`),
    key_id: 'k1',
    algorithm: 'SHA1',
    digits: 6,
    period_seconds: 30,
    last_step: -1,
    consecutive_failures: 0,
    fail_level: 0,
    fail_level_at: 0,
    locked_until: null,
    expires_at: null,
    created_at: nowMs,
  }
  return { userId, totpId, secret, user, totp: enrolled ? totp : null }
}

/** Puts people into a store of `@kit/totp-server`, one transaction a thousand. */
export async function enrol(store, from, to, options) {
  for (let start = from; start < to; start += 1000) {
    await store.transaction(async (queries) => {
      for (let index = start; index < Math.min(start + 1000, to); index++) {
        const { user, totp } = person(index, options)
        await queries.insertUser(user)
        if (totp) await queries.insertTotp(totp)
      }
    })
  }
}

const columnTypes = {
  sealed_secret: 'bytea',
  digits: 'int',
  period_seconds: 'int',
  last_step: 'bigint',
  consecutive_failures: 'int',
  fail_level: 'double precision',
  fail_level_at: 'bigint',
  locked_until: 'bigint',
  expires_at: 'bigint',
  created_at: 'bigint',
}

const insertMany = (table, rows) => {
  const columns = Object.keys(rows[0])
  const types = columns.map((column, index) => `$${index + 1}::${columnTypes[column] ?? 'text'}[]`)
  return [
    `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${types.join(', ')})`,
    columns.map((column) => rows.map((row) => row[column])),
  ]
}

/** The same for PostgreSQL, ten thousand rows a statement. */
export async function enrolByRows(query, from, to, options) {
  for (let start = from; start < to; start += 10_000) {
    const people = Array.from({ length: Math.min(10_000, to - start) }, (_, offset) =>
      person(start + offset, options),
    )
    const totps = people.flatMap(({ totp }) => totp ?? [])
    await query(
      insertMany(
        'users',
        people.map(({ user }) => user),
      ),
      ...(totps.length > 0 ? [insertMany('totps', totps)] : []),
    )
  }
}
