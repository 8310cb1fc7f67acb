import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder, and those above it, for their owner alone. Step by step: Node 20 never comes back from a recursive
 * `mkdir` below /proc.
 *
 * @returns whether it was missing
 * @throws what the file system says
 */
export function makeFolder(path: string): boolean {
  if (existsSync(path)) return false
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have been first.
    if (!existsSync(path)) throw error
  }
  return true
}
