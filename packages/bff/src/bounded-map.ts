/** A map that forgets its oldest entries, so that nobody can fill the memory by being many. */
export class BoundedMap<K, V> extends Map<K, V> {
  /**
   * Stands before the oldest entry. It is kept for a while, since a new iterator walks over what was deleted at the
   * front: with 50,000 entries that made each entry of a full map cost 30 µs. And not for long, since V8 keeps
   * for an iterator that stands still every table that the map has grown out of: half a kilobyte a request, for ever.
   */
  private oldest = this.keys()
  private setsUntilRenewal = 1_000

  constructor(private readonly maxEntries: number) {
    super()
  }

  /** The value of a key, made where there is none. */
  ensure(key: K, make: () => V): V {
    const known = this.get(key)
    if (known !== undefined) return known
    const made = make()
    this.set(key, made)
    return made
  }

  /** Also makes the entry the youngest. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (--this.setsUntilRenewal === 0) {
      this.setsUntilRenewal = 1_000
      this.oldest = this.keys()
    }
    if (this.size > this.maxEntries) {
      const { value: oldest } = this.oldest.next()
      if (oldest !== undefined) this.delete(oldest)
    }
    return this
  }
}
