/** A map by hexadecimal text that takes the same time for every entry, however many it has. */
export interface GradualMap<K extends string, V> {
  has(key: K): boolean;
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

/**
 * Many small maps in place of one: a `Map` that grows moves all its entries at once, and half a
 * million of them keep others waiting for 40 ms.
 */
export function createGradualMap<K extends string, V>(): GradualMap<K, V> {
  const parts: Map<K, V>[] = [];

  /** By the last two digits, of which half a byte each is enough. */
  function partOf(key: K): Map<K, V> {
    const last = key.charCodeAt(key.length - 1) & 15;
    const index = ((key.charCodeAt(key.length - 2) & 15) << 4) | last;
    return (parts[index] ??= new Map());
  }

  return {
    has: (key) => partOf(key).has(key),
    get: (key) => partOf(key).get(key),
    set(key, value) {
      partOf(key).set(key, value);
    },
  };
}
