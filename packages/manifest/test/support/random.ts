/** Random tests repeat themselves unless asked for another run with `STORE_TEST_SEED`. */
const SEED: number = Number(process.env["STORE_TEST_SEED"] ?? 20_250_101);

export interface Random {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
}

/** @param label gives each user of the one seed numbers of its own */
export function createRandom(label: string): Random {
  let state = SEED;
  for (let at = 0; at < label.length; at += 1) {
    state = Math.imul(state, 31) + label.charCodeAt(at);
  }

  /** Mulberry32. */
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  return {
    below,
    pick<T>(items: readonly T[]): T {
      // `below` stays below the length; of nothing nothing can be picked.
      return items[below(items.length)] as T;
    },
  };
}
