import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openPostgres, openSqlite, type Store } from '../src/index.js'
import { startPostgres, type TestPostgres } from './postgres.js'
import { type ServerProcess, startProcess, temporaryFolder } from './processes.js'
import { basic, codeOf, createWorld, enrol, makeUser, projectId, register, secret, startMs } from './world.js'

interface Answered {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, into which tests look freely
  body: any
}

/** A call to a server in another process; null when it died before it answered. */
async function callProcess(
  url: string,
  path: string,
  input: object,
  nowMs: number,
): Promise<Answered | null> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: basic(projectId, secret), 'x-test-now': String(nowMs) },
      body: JSON.stringify(input),
    })
    return { status: response.status, body: await response.json() }
  } catch {
    return null
  }
}

describe('SQLite in a folder', () => {
  const processes: ServerProcess[] = []
  afterEach(async () => {
    for (const process of processes.splice(0)) await process.kill()
  })

  const newFolder = () => join(temporaryFolder(), 'data')

  async function start(dataDir: string): Promise<ServerProcess> {
    const process = await startProcess({ TEST_DATA_DIR: dataDir, TEST_CONNECTION_STRING: '' })
    processes.push(process)
    return process
  }

  test('F31: where not even a ROLLBACK works nothing is read or written, and everything is once it does', async () => {
    const store = await openSqlite({ dataDir: newFolder() })
    const exec = Database.prototype.exec
    const failing = vi.spyOn(Database.prototype, 'exec').mockImplementation(function (this: unknown, sql) {
      if (sql === 'COMMIT' || sql === 'ROLLBACK') throw new Error('disk I/O error')
      return exec.call(this as InstanceType<typeof Database>, sql)
    })
    const sample = new Uint8Array([1])
    for (let call = 0; call < 2; call++) {
      await expect(store.insertKeyCheck('lost', sample)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.keyIds()).rejects.toMatchObject({ code: 'unavailable' })
    }
    failing.mockRestore()
    expect(await store.keyIds()).toEqual([])
    await store.insertKeyCheck('kept', sample)
    expect(await store.keyIds()).toEqual(['kept'])
    await store.close()
  })

  test('F29: a damaged copy of the database is refused in words, and the original goes on', async () => {
    const dataDir = newFolder()
    const world = createWorld(await openSqlite({ dataDir }))
    for (let person = 0; person < 40; person++) await enrol(world)
    await world.close()
    const target = newFolder()
    cpSync(dataDir, target, { recursive: true })
    await (await openSqlite({ dataDir: target })).close()

    const damaged = newFolder()
    cpSync(dataDir, damaged, { recursive: true })
    const file = join(damaged, 'totp.sqlite')
    // One page of rows is of another moment; SQLite opens that and answers from it.
    const bytes = readFileSync(file)
    const last = bytes.length - 4096
    writeFileSync(file, bytes.fill(0, last))
    await expect(openSqlite({ dataDir: damaged })).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/not whole.*VACUUM INTO.*DATA_DIR/),
    })
    // The same put over the old file, which keeps its number.
    writeFileSync(join(target, 'totp.sqlite'), bytes)
    await expect(openSqlite({ dataDir: target })).rejects.toMatchObject({ code: 'invalid_option' })
    await (await openSqlite({ dataDir })).close()
  })

  test('F29: what is no database, or the beginning of one, is refused with the way back', async () => {
    const dataDir = newFolder()
    const world = createWorld(await openSqlite({ dataDir }))
    await enrol(world)
    await world.close()
    for (const bytes of [
      readFileSync(join(dataDir, 'totp.sqlite')).subarray(0, 5000),
      Buffer.alloc(5000, 'x'),
    ]) {
      const broken = newFolder()
      mkdirSync(broken)
      writeFileSync(join(broken, 'totp.sqlite'), bytes)
      await expect(openSqlite({ dataDir: broken })).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringMatching(/(malformed|not a database)\. Put a backup in its place/),
      })
    }
  })

  test('after the server has closed it, the file has everything by itself', async () => {
    const dataDir = newFolder()
    const world = createWorld(await openSqlite({ dataDir }))
    const { user_id } = await enrol(world)
    await world.close()
    const target = newFolder()
    cpSync(join(dataDir, 'totp.sqlite'), join(target, 'totp.sqlite'))
    const copy = createWorld(await openSqlite({ dataDir: target }))
    expect((await copy.get(`/v1/users/${user_id}`)).body.totps).toMatchObject([{ verified: true }])
    await copy.close()
  })

  test('the folder is made, for its owner alone', async () => {
    const dataDir = newFolder()
    const store = await openSqlite({ dataDir })
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    expect(existsSync(join(dataDir, 'totp.sqlite'))).toBe(true)
    await store.close()
  })

  test('a folder that is there keeps its mode, and what is put into it is its owner’s alone', async () => {
    const dataDir = newFolder()
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o755)
    const world = createWorld(await openSqlite({ dataDir }))
    await enrol(world)
    expect(statSync(dataDir).mode & 0o777).toBe(0o755)
    for (const name of readdirSync(dataDir)) expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600)
    await world.close()
  })

  test('a folder that cannot be used is refused in words', async () => {
    for (const dataDir of ['/dev/null/data', '/proc/nobody/data']) {
      await expect(openSqlite({ dataDir })).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('DATA_DIR'),
      })
    }
  })

  test('the file is in WAL mode', async () => {
    const dataDir = newFolder()
    await (await openSqlite({ dataDir })).close()
    const file = new Database(join(dataDir, 'totp.sqlite'))
    expect(file.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    file.close()
  })

  test('T3, T49: what was spent stays spent after a restart, and sessions go on', async () => {
    const dataDir = newFolder()
    const before = createWorld(await openSqlite({ dataDir }))
    const { user_id, secret: userSecret, recovery_codes } = await enrol(before)
    const totp_code = codeOf(userSecret, before.clock.nowMs)
    const asked = { user_id, totp_code, session_duration_minutes: 60 }
    const { session_token, session_jwt } = (await before.post('/v1/totps/authenticate', asked)).body
    const [recovery_code] = recovery_codes
    await before.post('/v1/totps/recover', { user_id, recovery_code })
    await before.close()

    const after = createWorld(await openSqlite({ dataDir }))
    after.clock.nowMs = before.clock.nowMs
    const again = await after.post('/v1/totps/authenticate', asked)
    expect(again.body.error_type).toBe('totp_code_already_authenticated')
    expect((await after.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(401)
    expect((await after.post('/v1/sessions/authenticate', { session_token })).status).toBe(200)
    expect((await after.post('/v1/sessions/authenticate', { session_jwt })).status).toBe(200)
    await after.close()
  })

  test('F35: three first starts at once make one set of tables', async () => {
    const dataDir = newFolder()
    const all = await Promise.all([start(dataDir), start(dataDir), start(dataDir)])
    for (const { url } of all) expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('F35: a first start waits for another that has just begun to make the file', async () => {
    const dataDir = temporaryFolder()
    const other = new Database(join(dataDir, 'totp.sqlite'))
    other.exec('BEGIN IMMEDIATE')
    const opening = openSqlite({ dataDir })
    // Long enough for its first try.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    other.exec('COMMIT')
    other.close()
    await (await opening).close()
  })

  test('T4: two processes on one folder accept a code once', async () => {
    const dataDir = newFolder()
    const both = await Promise.all([start(dataDir), start(dataDir)])
    const world = createWorld(await openSqlite({ dataDir }))
    for (let round = 0; round < 5; round++) {
      const { user_id, secret: userSecret } = await enrol(world)
      const totp_code = codeOf(userSecret, world.clock.nowMs)
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          callProcess(
            both[index % 2]?.url ?? '',
            '/v1/totps/authenticate',
            { user_id, totp_code },
            world.clock.nowMs,
          ),
        ),
      )
      expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(1)
    }
    await world.close()
  })

  test('F27, F32, T43: a process killed at any moment loses nothing it acknowledged, and leaves nothing half', async () => {
    const dataDir = newFolder()
    let nowMs = startMs
    for (let round = 0; round < 4; round++) {
      const server = await start(dataDir)
      const acknowledged: { user_id: string; totp_id: string; totp_code: string; isConfirmed: boolean }[] = []
      const made: string[] = []
      const setup = createWorld(await openSqlite({ dataDir }))
      setup.clock.nowMs = nowMs
      for (let index = 0; index < 12; index++) made.push(await makeUser(setup))
      const killing = sleep(5 + round * 25).then(() => server.kill())
      await Promise.all(
        made.map(async (user_id) => {
          const created = await callProcess(server.url, '/v1/totps', { user_id }, nowMs)
          if (created?.status !== 200) return
          const totp_code = codeOf(created.body.secret, nowMs)
          const entry = { user_id, totp_id: created.body.totp_id, totp_code, isConfirmed: false }
          acknowledged.push(entry)
          const confirmed = await callProcess(
            server.url,
            '/v1/totps/authenticate',
            { user_id, totp_code },
            nowMs,
          )
          entry.isConfirmed = confirmed?.status === 200
        }),
      )
      await killing

      for (const { user_id, totp_id, totp_code, isConfirmed } of acknowledged) {
        const { totps } = (await setup.post('/v1/totps/recovery_codes', { user_id })).body
        expect(totps).toMatchObject([{ totp_id }])
        if (isConfirmed) {
          expect(totps[0].verified).toBe(true)
          expect((await setup.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(401)
        }
      }
      // Never a registration without its ten codes, acknowledged or not.
      for (const user_id of made) {
        const { totps } = (await setup.post('/v1/totps/recovery_codes', { user_id })).body
        for (const { recovery_codes } of totps) expect(recovery_codes).toHaveLength(10)
      }
      await setup.close()
      nowMs += 3_600_000
    }
  })

  test('F25: a writer that does not end answers 503, reads go on, and it recovers by itself', async () => {
    const dataDir = newFolder()
    const world = createWorld(await openSqlite({ dataDir }))
    const { user_id } = await register(world)
    const other = new Database(join(dataDir, 'totp.sqlite'))
    other.exec('BEGIN IMMEDIATE')
    let isWaiting = true
    const refusing = world.post('/v1/totps', { user_id }).finally(() => {
      isWaiting = false
    })
    let reads = 0
    while (isWaiting) {
      expect((await world.get(`/v1/users/${user_id}`)).status).toBe(200)
      reads++
      await new Promise(setImmediate)
    }
    const refused = await refusing
    expect([refused.status, refused.body.error_type]).toEqual([503, 'internal_server_error'])
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(reads).toBeGreaterThan(10)
    other.exec('ROLLBACK')
    other.close()
    expect((await world.post('/v1/totps', { user_id })).status).toBe(200)
    await world.close()
  })
})

describe('PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres({ own: true })
  })
  afterAll(() => postgres.stop())

  test('F35: eight first starts at once make one set of tables', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openPostgres(postgres)))
    await Promise.all(stores.map((store) => store.ping()))
    await Promise.all(stores.map((store) => store.close()))
  })

  test('a database that cannot be reached is refused in words', async () => {
    await expect(
      openPostgres({ connectionString: 'postgres://nobody@127.0.0.1:1/none' }),
    ).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringContaining('DATABASE_URL') })
  })

  test('F21, F22: a crash of the database loses nothing acknowledged, answers 503 and is over by itself', async () => {
    const world = createWorld(await openPostgres(postgres))
    const users: string[] = []
    for (let index = 0; index < 8; index++) users.push(await makeUser(world))
    const confirmed: { user_id: string; totp_code: string }[] = []
    const statuses = new Set<number>()
    let isRunning = true
    const load = users.map(async (user_id) => {
      while (isRunning) {
        // Unknown outcome: done or not, but nothing half.
        const { body } = await world.get(`/v1/users/${user_id}`)
        const [totp] = body.totps ?? []
        if (totp?.verified) await world.call('DELETE', `/v1/users/totps/${totp.totp_id}`)
        const created = await world.post('/v1/totps', { user_id })
        statuses.add(created.status)
        if (created.status !== 200) {
          await sleep(5)
          continue
        }
        const totp_code = codeOf(created.body.secret, world.clock.nowMs)
        const answer = await world.post('/v1/totps/authenticate', { user_id, totp_code })
        statuses.add(answer.status)
        if (answer.status === 200) confirmed.push({ user_id, totp_code })
      }
    })
    const confirmMore = async () => {
      const goal = confirmed.length + 8
      while (confirmed.length < goal) await sleep(5)
    }
    await confirmMore()
    await postgres.restart('immediate')
    await confirmMore()
    isRunning = false
    await Promise.all(load)
    expect([...statuses].every((status) => [200, 400, 401, 404, 429, 503].includes(status))).toBe(true)

    const { user_id, secret: userSecret } = await enrol(world)
    const totp_code = codeOf(userSecret, world.clock.nowMs)
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
    await postgres.restart('immediate')
    const again = await eventually(() => world.post('/v1/totps/authenticate', { user_id, totp_code }))
    expect(again.body.error_type).toBe('totp_code_already_authenticated')
    await world.close()
  })

  /** The first answer that is no 503, within the five seconds in which the pool must have recovered. */
  async function eventually<Answer extends { status: number }>(ask: () => Promise<Answer>): Promise<Answer> {
    const end = Date.now() + 5000
    for (;;) {
      const answer = await ask()
      if (answer.status !== 503 || Date.now() > end) return answer
      await sleep(20)
    }
  }

  async function withClient(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.connectionString })
    await client.connect()
    try {
      await work(client)
    } finally {
      await client.end()
    }
  }

  test('F25: a row that somebody holds answers 503 within seconds, and the attempt is not charged', async () => {
    const store: Store = await openPostgres(postgres)
    const world = createWorld(store)
    const { user_id, secret: userSecret } = await enrol(world)
    const totp_code = codeOf(userSecret, world.clock.nowMs)
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query('UPDATE totps SET created_at = created_at WHERE subject_id = $1', [user_id])
      const start = Date.now()
      const refused = await world.post('/v1/totps/authenticate', { user_id, totp_code })
      expect(refused.status).toBe(503)
      expect(Date.now() - start).toBeLessThan(4000)
      await client.query('ROLLBACK')
    })
    expect((await store.findUser(projectId, user_id))?.totps[0]?.consecutive_failures).toBe(0)
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(200)
    await world.close()
  })

  test('F25: options in the URL are kept, but for those that the store sets itself', async () => {
    await withClient(async (client) => {
      await client.query('CREATE SCHEMA elsewhere')
    })
    const url = new URL(postgres.connectionString)
    url.searchParams.set('options', '-c search_path=elsewhere -c lock_timeout=0 -c statement_timeout=0')
    const store = await openPostgres({ connectionString: url.toString() })
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query('LOCK TABLE elsewhere.totps')
      await expect(store.deletePendingTotp('user-test-1')).rejects.toMatchObject({
        cause: { message: 'canceling statement due to lock timeout' },
      })
      await client.query('ROLLBACK')
    })
    await store.close()
  })

  test('a URL that PostgreSQL cannot be reached by is refused in words, whatever is wrong with it', async () => {
    for (const connectionString of ['postgres://kit:p/w@127.0.0.1/db', 'postgres://kit@127.0.0.1:x/db']) {
      await expect(openPostgres({ connectionString })).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('DATABASE_URL'),
      })
    }
  })

  test('what a URL says besides is left as it stands, also where the password is not encoded', async () => {
    const url = new URL(postgres.connectionString)
    const address = `postgres://${url.username}:pa%ss@${url.host}${url.pathname}`
    const file = fileURLToPath(import.meta.url)
    const store = await openPostgres({ connectionString: `${address}?sslmode=disable&sslrootcert=${file}` })
    await store.ping()
    await store.close()
  })

  test('options of the environment are kept too', async () => {
    await withClient(async (client) => void (await client.query('CREATE SCHEMA surroundings')))
    vi.stubEnv('PGOPTIONS', '-c search_path=surroundings')
    const store = await openPostgres(postgres)
    vi.unstubAllEnvs()
    await store.ping()
    await store.close()
    await withClient(async (client) => void (await client.query('SELECT 1 FROM surroundings.totps')))
  })

  test('F25: who shares a commit with a row that somebody holds is answered all the same, once', async () => {
    const store = await openPostgres(postgres)
    const world = createWorld(store)
    const enrolled: Awaited<ReturnType<typeof enrol>>[] = []
    for (let index = 0; index < 8; index++) enrolled.push(await enrol(world))
    // Their clock went on with each enrolment.
    const people = enrolled.map(({ user_id, secret: userSecret }) => ({
      user_id,
      totp_code: codeOf(userSecret, world.clock.nowMs),
    }))
    const [held, ...others] = people
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query('UPDATE totps SET created_at = created_at WHERE subject_id = $1', [held?.user_id])
      const statuses = await Promise.all(
        people.map(async (person) => (await world.post('/v1/totps/authenticate', person)).status),
      )
      expect(statuses).toEqual([503, ...others.map(() => 200)])
      await client.query('ROLLBACK')
    })
    for (const { user_id } of people) {
      const [totp] = (await store.findUser(projectId, user_id))?.totps ?? []
      expect(totp).toMatchObject({ consecutive_failures: 0, fail_level: 0 })
    }
    await world.close()
  })

  test.each([
    [
      'before its statement is run: the attempt stays charged, and the code is good once more',
      'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted',
      { isSpent: false, failures: 1 },
    ],
    [
      'before it can answer: the code is spent, and the next one is right',
      'SELECT pg_advisory_unlock(33)',
      { isSpent: true, failures: 0 },
    ],
  ])('F33: a process is killed while it spends a code, %s', async (_when, letGo, { isSpent, failures }) => {
    const store = await openPostgres(postgres)
    const world = createWorld(store)
    const { user_id, secret: userSecret } = await enrol(world)
    const totp_code = codeOf(userSecret, world.clock.nowMs)
    await withClient(async (client) => {
      // Holds whoever spends a code, after its attempt is paid for.
      await client.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_advisory_xact_lock(33); RETURN NEW; END'`)
      await client.query(`CREATE TRIGGER hold BEFORE UPDATE ON totps FOR EACH ROW
          WHEN (NEW.last_step <> OLD.last_step) EXECUTE FUNCTION hold()`)
      // Counted until its transaction is over, undone or committed.
      const countHeld = async () => {
        const held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        return (await client.query(held)).rowCount
      }
      const dying = await startProcess({ TEST_CONNECTION_STRING: postgres.connectionString })
      try {
        await client.query('SELECT pg_advisory_lock(33)')
        const path = '/v1/totps/authenticate'
        const answer = callProcess(dying.url, path, { user_id, totp_code }, world.clock.nowMs)
        while ((await countHeld()) === 0) await sleep(5)
        await dying.kill()
        expect(await answer).toBeNull()
        await client.query(letGo)
        while ((await countHeld()) !== 0) await sleep(5)
      } finally {
        await dying.kill()
        await client.query('DROP TRIGGER hold ON totps')
        await client.query('DROP FUNCTION hold')
      }
    })
    const [totp] = (await store.findUser(projectId, user_id))?.totps ?? []
    expect(totp?.consecutive_failures).toBe(failures)
    const again = await world.post('/v1/totps/authenticate', { user_id, totp_code })
    expect(again.status).toBe(isSpent ? 401 : 200)
    world.clock.nowMs += 30_000
    const next = codeOf(userSecret, world.clock.nowMs)
    expect((await world.post('/v1/totps/authenticate', { user_id, totp_code: next })).status).toBe(200)
    await world.close()
  })

  test('an organization that waits for its name holds up none of another name', async () => {
    const world = createWorld(await openPostgres(postgres))
    const create = async (organization_slug: string) =>
      (await world.post('/v1/b2b/organizations', { organization_name: 'Acme', organization_slug })).status
    expect(await create('first')).toBe(200)
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query("UPDATE organizations SET slug = 'waited' WHERE slug = 'first'")
      const waiting = create('waited')
      while ((await client.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount === 0) await sleep(5)
      expect(await create('free')).toBe(200)
      await client.query('ROLLBACK')
      expect(await waiting).toBe(200)
    })
    await world.close()
  })

  test('F34: a recovery that ends in a deadlock is carried out all the same, and paid for once', async () => {
    const store = await openPostgres(postgres)
    const world = createWorld(store)
    const { user_id, totp_id, recovery_codes } = await enrol(world)
    const [recovery_code] = recovery_codes
    await withClient(async (client) => {
      // Of two that wait for each other the one whose patience ends first gives way.
      await client.query("SET deadlock_timeout = '1min'")
      await client.query('BEGIN')
      await client.query('SELECT 1 FROM recovery_codes WHERE totp_id = $1 FOR UPDATE', [totp_id])
      // It holds the registration by now, and waits for the code.
      const recovering = world.post('/v1/totps/recover', {
        user_id,
        recovery_code,
        session_duration_minutes: 5,
      })
      const waiting = 'SELECT 1 FROM pg_locks WHERE NOT granted'
      while ((await client.query(waiting)).rowCount === 0) await sleep(5)
      await client.query('SELECT 1 FROM totps WHERE totp_id = $1 FOR UPDATE', [totp_id])
      await client.query('COMMIT')
      expect((await recovering).status).toBe(200)
      expect((await client.query('SELECT 1 FROM sessions WHERE subject_id = $1', [user_id])).rowCount).toBe(1)
    })
    // The attempt of a right code is given back.
    expect(await store.findRecoveryBudget(user_id)).toMatchObject({ window_attempts: 0 })
    expect((await world.post('/v1/totps/recover', { user_id, recovery_code })).status).toBe(401)
    await world.close()
  })

  test.each([
    ['40001', 3],
    ['40P01', 3],
    ['55P03', 1],
  ])(
    'F34: a transaction that PostgreSQL undoes with %s is given up after as many runs as %i',
    async (code, times) => {
      const store = await openPostgres(postgres)
      const world = createWorld(store)
      const { user_id, totp_id } = await enrol(world)
      let runs = 0
      await withClient(async (client) => {
        await client.query(`CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION USING ERRCODE = '${code}'; END$$`)
        await client.query('CREATE TRIGGER undo BEFORE DELETE ON totps EXECUTE FUNCTION undo()')
        try {
          const removing = store.transaction((queries) => {
            runs++
            return queries.deleteTotp(user_id, totp_id)
          })
          await expect(removing).rejects.toMatchObject({ code: 'unavailable' })
        } finally {
          await client.query('DROP TRIGGER undo ON totps')
          await client.query('DROP FUNCTION undo')
        }
      })
      expect(runs).toBe(times)
      await world.close()
    },
  )

  test('F23: a database that only reads answers 503 to writes', async () => {
    const world = createWorld(await openPostgres(postgres))
    const { user_id, secret: userSecret } = await enrol(world)
    const totp_code = codeOf(userSecret, world.clock.nowMs)
    const setReadOnly = (to: string) =>
      withClient(async (client) => {
        await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${to}`)
        await client.query('SELECT pg_reload_conf()')
      })
    await setReadOnly('on')
    try {
      await sleep(100)
      expect((await world.post('/v1/totps/authenticate', { user_id, totp_code })).status).toBe(503)
      expect((await world.get(`/v1/users/${user_id}`)).status).toBe(200)
    } finally {
      await withClient(async (client) => {
        await client.query('SET default_transaction_read_only = off')
        await client.query('ALTER SYSTEM RESET default_transaction_read_only')
        await client.query('SELECT pg_reload_conf()')
      })
    }
    const again = await eventually(() => world.post('/v1/totps/authenticate', { user_id, totp_code }))
    expect(again.status).toBe(200)
    await world.close()
  })

  test('T98: a role without rights on the schema is enough once the tables are there', async () => {
    await (await openPostgres(postgres)).close()
    await withClient(async (client) => {
      await client.query('CREATE ROLE runtime LOGIN')
      await client.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO runtime')
      await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC, runtime')
    })
    const url = new URL(postgres.connectionString)
    url.username = 'runtime'
    const world = createWorld(await openPostgres({ connectionString: url.toString() }))
    expect((await enrol(world)).totp_id).toMatch(/^totp-test-/)
    await world.close()
  })
})
