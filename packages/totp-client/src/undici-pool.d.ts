// The file that undici's index takes its `Pool` from; its types come with the index alone.
declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool as UndiciPool } from 'undici'

  const Pool: typeof UndiciPool
  export default Pool
}
