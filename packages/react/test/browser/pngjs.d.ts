/** The part of pngjs that the tests use; the package brings no types. */
declare module 'pngjs' {
  export class PNG {
    width: number
    height: number
    data: Uint8Array
    static sync: { read(buffer: Uint8Array): PNG }
  }
}
