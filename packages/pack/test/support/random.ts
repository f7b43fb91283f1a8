/** Reproducible numbers: a 32-bit xorshift generator (Marsaglia 2003, triple 13-17-5). */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

export function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    // The index is within the array, which no caller leaves empty.
    pick: (values) => values[below(values.length)] as (typeof values)[number],
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 11),
  };
}

/** Content of many shapes: words, JSON, noise, runs, short periods, and mixtures. */
export function createSample(random: Random, sizeMax: number): Uint8Array {
  const size = random.below(sizeMax + 1);
  switch (random.below(6)) {
    case 0:
      return random.bytes(size);
    case 1:
      return new Uint8Array(size).fill(random.below(256));
    case 2: {
      const period = random.bytes(1 + random.below(40));
      return Uint8Array.from({ length: size }, (_, at) => period[at % period.length] ?? 0);
    }
    case 3:
      return cut(JSON.stringify(Array.from({ length: 1 + size / 40 }, () => record(random))), size);
    case 4: {
      const half = random.bytes(size >> 1);
      return Uint8Array.from([...half, ...words(random, size - half.length)]);
    }
    default:
      return words(random, size);
  }
}

/** Text with the repetitions that make a compressor work. */
export function words(random: Random, size: number): Uint8Array {
  const vocabulary = Array.from({ length: 60 }, () =>
    String.fromCharCode(...random.bytes(2 + random.below(8)).map((byte) => 97 + (byte % 26))),
  );
  let text = "";
  while (text.length < size) text += `${random.pick(vocabulary)}${random.pick([" ", ", ", ".\n"])}`;
  return cut(text, size);
}

function record(random: Random): unknown {
  const id = random.below(100_000);
  return { id, name: `layer.${id % 37}.weight`, shape: [random.pick([64, 4096]), 128] };
}

function cut(text: string, size: number): Uint8Array {
  return new TextEncoder().encode(text.padEnd(size).slice(0, size));
}
