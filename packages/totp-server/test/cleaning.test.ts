import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openSqlite, type Store } from '../src/index.js'
import { createServer, projectId, startMs } from './world.js'

let store: Store
let close: () => Promise<void>

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  store = await openSqlite({ dataDir: ':memory:' })
  close = store.close
})
afterEach(async () => {
  vi.useRealTimers()
  await close()
})

const clock = { nowMs: startMs }

function start(over: Partial<Store> = {}): void {
  const server = createServer({ ...store, ...over }, clock)
  close = server.close
}

async function fill(count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `${index}`)
  const expires_at = startMs - 1
  await store.transaction(async (queries) => {
    for (const id of ids) {
      await queries.insertSession({
        session_id: id,
        project_id: projectId,
        kind: 'user',
        subject_id: 'user-1',
        organization_id: null,
        token_hash: id,
        sealed_token: new Uint8Array([1]),
        key_id: 'k1',
        factors: '[]',
        custom_claims: '{}',
        started_at: 0,
        last_accessed_at: 0,
        expires_at,
      })
      await queries.insertIntermediateSession({
        token_hash: id,
        project_id: projectId,
        organization_id: 'o',
        member_id: 'm',
        created_at: 0,
        expires_at,
      })
    }
  })
}

/** Whether any of them is still there, by a look at some. Asked of a time when it had not ended. */
async function isAnyLeft(count: number): Promise<boolean> {
  for (let index = 0; index < count; index += Math.ceil(count / 50)) {
    const id = `${index}`
    if ((await store.findSession(projectId, { sessionId: id }, 0)) !== null) return true
    if ((await store.findIntermediateSession(projectId, id, 0)) !== null) return true
  }
  return false
}

test('what had ended before the start is gone soon after it, however much it is', async () => {
  await fill(2500)
  start()
  await vi.advanceTimersByTimeAsync(10_000)
  await vi.waitFor(async () => expect(await isAnyLeft(2500)).toBe(false))
})

test('what ends later is gone after ten minutes, also where deleting failed before', async () => {
  let isBroken = true
  let asked = 0
  start({
    deleteEndedSessions: (nowMs) => {
      asked++
      return isBroken ? Promise.reject(new Error('no disk')) : store.deleteEndedSessions(nowMs)
    },
  })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBe(1)
  isBroken = false
  await fill(10)
  await vi.advanceTimersByTimeAsync(600_000)
  await vi.waitFor(async () => expect(await isAnyLeft(10)).toBe(false))
  expect(asked).toBe(2)
})

test('a server that is closed deletes nothing more', async () => {
  let asked = 0
  let answer = (_count: number) => {}
  start({
    deleteEndedSessions: () => {
      asked++
      return new Promise((resolve) => {
        answer = resolve
      })
    },
    deleteEndedIntermediateSessions: async () => 0,
  })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toBe(1)
  await close()
  close = async () => {}
  answer(1000)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(asked).toBe(1)
})
