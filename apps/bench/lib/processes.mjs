// Starts what is measured as processes of their own and reads their costs from the operating system.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Linux counts CPU time in ticks of 1/100 s (`getconf CLK_TCK`). */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1))

/**
 * Starts `node file` on one core and waits until it says that it listens.
 * @param {string} file path of the program
 * @param {{ core?: number, env?: Record<string, string>, args?: string[] }} options `args` are node's
 */
export async function start(file, { core = 0, env = {}, args = [] } = {}) {
  const pinned = availableParallelism() > 1 ? ['taskset', '-c', String(core)] : []
  const [command, ...rest] = [...pinned, process.execPath, ...args, file]
  const startedMs = performance.now()
  const child = spawn(command, rest, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} did not listen within 60 s\n${output}`)), 60_000)
    const read = (chunk) => {
      output = (output + chunk).slice(-4000)
      const found = /listening on (http:\/\/\S+)/.exec(output)
      if (found) {
        clearTimeout(timer)
        resolve(found[1])
      }
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}\n${output}`)))
  })
  const readyMs = performance.now() - startedMs
  const exited = new Promise((resolve) => child.once('exit', resolve))
  return {
    url,
    pid: child.pid,
    readyMs,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    rssMb: () => rssMbOf(child.pid),
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await exited
      clearTimeout(timer)
    },
  }
}

/** User and system time of a process, all threads, in seconds. */
export function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory in MB. */
export const rssMbOf = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

/**
 * CPU seconds of a process and its children, those that have ended included: for servers that fork, as
 * PostgreSQL does.
 */
export function cpuSecondsOfTree(pid) {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1].split(' ')
      const isRoot = Number(entry) === pid
      if (!isRoot && Number(fields[1]) !== pid) continue
      // utime and stime; of the parent also those of children it has waited for.
      for (const index of isRoot ? [11, 12, 13, 14] : [11, 12]) ticks += Number(fields[index])
    } catch {
      // Ended since the folder was read.
    }
  }
  return ticks / ticksPerSecond
}
