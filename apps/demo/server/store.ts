import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import Database from 'libsql'
import { SettingsError } from './settings.js'

/** Whom the provider knows a person as. */
export type ProviderSubject =
  | { kind: 'user'; userId: string }
  | { kind: 'member'; organizationId: string; memberId: string }

export interface Person {
  /** The provider keeps it as `external_id`. */
  id: string
  email: string
  /** Slug of the organization; empty for a consumer user. */
  organization: string
  subject: ProviderSubject
}

/** What the first factor made at the provider; never leaves the server. */
export interface ProviderTokens {
  sessionToken?: string
  intermediateSessionToken?: string
}

export interface SignIn {
  /** Names this sign-in; another value makes the BFF forget what was verified before. */
  id: string
  person: Person
  providerTokens: ProviderTokens
}

export const signInHours = 8

interface PersonRow {
  id: string
  email: string
  organization: string
  password_hash: string
  /** JSON of {@link ProviderSubject}; null until the provider has made it. */
  subject: string | null
}
interface SignInRow extends PersonRow {
  sign_in_id: string
  sealed_tokens: string
}

const schema = `
  CREATE TABLE IF NOT EXISTS people (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    organization TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    subject TEXT,
    UNIQUE (email, organization)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sign_ins (
    token_hash TEXT PRIMARY KEY,
    sign_in_id TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    sealed_tokens TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS sign_ins_of_person ON sign_ins (person_id);
`

function openDatabase(path: string): Database.Database {
  try {
    const db = new Database(path)
    // An answered sign-up survives a killed process and a crash of the machine.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
    db.exec(schema)
    return db
  } catch (error) {
    throw new SettingsError(
      `${path} cannot be used: ${(error as Error).message}. If it is damaged, bring it back from a copy, or remove ${dirname(path)} to begin anew.`,
    )
  }
}

/** People and their sign-ins, in one SQLite file. @throws SettingsError where it cannot be used */
export function openStore(path: string, clock: () => number = Date.now) {
  const db = openDatabase(path)

  const claim = db.prepare(`
    INSERT INTO people (id, email, organization, password_hash) VALUES (?, ?, ?, ?)
    ON CONFLICT (email, organization) DO UPDATE SET password_hash = excluded.password_hash WHERE subject IS NULL
    RETURNING id`)
  const finish = db.prepare('UPDATE people SET subject = ? WHERE id = ?')
  const find = db.prepare('SELECT * FROM people WHERE email = ? AND organization = ? AND subject IS NOT NULL')
  const open = db.prepare('INSERT INTO sign_ins VALUES (?, ?, ?, ?, ?)')
  const read = db.prepare(`
    SELECT people.*, sign_in_id, sealed_tokens FROM sign_ins JOIN people ON people.id = person_id
    WHERE token_hash = ? AND expires_at > ?`)
  const close = db.prepare('DELETE FROM sign_ins WHERE token_hash = ? OR expires_at <= ?')
  const closeAll = db.prepare('DELETE FROM sign_ins WHERE person_id = ?')

  return {
    /**
     * Claims an address before the provider is asked. Null when it is taken; a claim that was never finished,
     * because the process died, is claimed again under the same id.
     */
    claimPerson(person: { email: string; organization: string; passwordHash: string }): string | null {
      const { email, organization, passwordHash } = person
      const row = claim.get(crypto.randomUUID(), email, organization, passwordHash) as
        | { id: string }
        | undefined
      return row?.id ?? null
    },
    finishPerson(id: string, subject: ProviderSubject) {
      finish.run(JSON.stringify(subject), id)
    },
    findPerson(email: string, organization: string): (Person & { passwordHash: string }) | null {
      const row = find.get(email, organization) as PersonRow | undefined
      return row ? { ...personOf(row), passwordHash: row.password_hash } : null
    },
    /** The token goes into the cookie and is nowhere else: the row holds its hash. */
    openSignIn(person: Person, providerTokens: ProviderTokens): string {
      const token = randomBytes(32).toString('base64url')
      const sealed = seal(token, JSON.stringify(providerTokens))
      open.run(hashOf(token), crypto.randomUUID(), person.id, sealed, clock() + signInHours * 3_600_000)
      return token
    },
    readSignIn(token: string): SignIn | null {
      const row = read.get(hashOf(token), clock()) as SignInRow | undefined
      if (!row) return null
      const providerTokens = JSON.parse(unseal(token, row.sealed_tokens)) as ProviderTokens
      return { id: row.sign_in_id, person: personOf(row), providerTokens }
    },
    closeSignIn(token: string) {
      close.run(hashOf(token), clock())
    },
    closeSignInsOf(person: Person) {
      closeAll.run(person.id)
    },
    close() {
      db.close()
    },
  }
}

export type Store = ReturnType<typeof openStore>

const personOf = ({ id, email, organization, subject }: PersonRow): Person => ({
  id,
  email,
  organization,
  subject: JSON.parse(subject ?? 'null') as ProviderSubject,
})

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')

// The key comes from the cookie's token, so a stolen database opens nobody's session at the provider.
const keyOf = (token: string) =>
  new Uint8Array(hkdfSync('sha256', token, Buffer.alloc(0), 'demo provider tokens', 32))

function seal(token: string, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), nonce)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
}

function unseal(token: string, sealedText: string): string {
  const sealed = Buffer.from(sealedText, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token), sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(12, 28))
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8')
}
