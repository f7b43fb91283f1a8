/** Objects of the benchmarks: `STORE_BENCH_OBJECTS` sets another number. */
const OBJECT_COUNT: number = Number(process.env["STORE_BENCH_OBJECTS"] ?? 100_000);

const WORDS =
  "layer attention query key value weight bias norm hidden size vocab token model config head dim rope scale float bfloat type name shape rank alpha dropout module target task".split(
    " ",
  );

/** Reproducible numbers: a linear congruential generator (Knuth's MMIX constants, upper half). */
function createNumbers(seed: number): (limit: number) => number {
  let state = BigInt(seed) + 0x9e37_79b9_7f4a_7c15n;
  return (limit) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 33n) % limit;
  };
}

/** Text as configurations and indexes of shards hold it: 1 to 7 KiB, 4 KiB on average. */
export function createObject(index: number): Uint8Array {
  const next = createNumbers(index);
  const word = (): string => WORDS[next(WORDS.length)] ?? "";
  const size = 1024 + next(6 * 1024);
  const [part, file] = [word(), word()];
  let text = `{"model_type": "${word()}", "id": ${index}`;
  while (text.length < size) {
    const name = `model.layers.${next(48)}.${part}.${word()}`;
    text += `,\n    "${name}.weight": { "file": "${file}-${next(9)}.safetensors", "shape": [${next(4096)}, 4096] }`;
  }
  return Buffer.from(`${text.slice(0, size - 1)}}`);
}

export function createObjects(count: number = OBJECT_COUNT): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => createObject(index));
}

/** Indexes in a reproducible random order. */
export function shuffled(count: number): readonly number[] {
  const next = createNumbers(count);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = next(last + 1);
    // Both are within the array.
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
