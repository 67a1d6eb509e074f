/**
 * The page's shared state: named values that panels read, set and watch. Panels never call each other.
 */

export class Store {
  /** @param {Object<string, *>} initial every key the page uses, with its first value */
  constructor(initial) {
    this.values = new Map(Object.entries(initial));
    this.watchers = new Map();
  }

  /** The value of a key. Unknown keys throw: a typing mistake must not read as undefined. */
  get(key) {
    this.requireKnown(key);
    return this.values.get(key);
  }

  /** Set a value and tell its watchers, unless it is the same. */
  set(key, value) {
    this.requireKnown(key);
    const previous = this.values.get(key);
    if (Object.is(previous, value)) return;
    this.values.set(key, value);
    for (const watcher of this.watchers.get(key) ?? []) watcher(value, previous);
  }

  /** Call `watcher(value, previous)` on each change of a key; with `now` also at once. */
  watch(key, watcher, { now = false } = {}) {
    this.requireKnown(key);
    if (!this.watchers.has(key)) this.watchers.set(key, new Set());
    this.watchers.get(key).add(watcher);
    if (now) watcher(this.values.get(key), undefined);
    return () => this.watchers.get(key).delete(watcher);
  }

  requireKnown(key) {
    if (!this.values.has(key)) {
      throw new Error(`The store has no "${key}"; it has ${[...this.values.keys()].join(", ")}.`);
    }
  }
}
