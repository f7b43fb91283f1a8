/** One side of a comparison: what it is, and one run of it. */
export interface Side {
  readonly name: string;
  /** Not timed: what each run starts from. */
  prepare?(): Promise<void>;
  /** Timed. */
  run(): Promise<unknown>;
}

export interface Comparison {
  readonly ours: Side;
  readonly theirs: Side;
  /** Timed runs of each side, in turn: ours, theirs, ours, … */
  readonly rounds?: number;
  /** The ratio ours/theirs we promise; printed beside what was measured. */
  readonly target?: number;
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
};

async function time(side: Side): Promise<number> {
  await side.prepare?.();
  const start = performance.now();
  await side.run();
  return performance.now() - start;
}

/**
 * Runs both sides in turn and prints the ratio of each pair's times: the median, and the range,
 * which says how noisy the machine was. Absolute times are printed for orientation only.
 */
export async function compare(title: string, comparison: Comparison): Promise<number> {
  const { ours, theirs, rounds = 5, target } = comparison;
  await time(ours);
  await time(theirs);
  const pairs: { readonly a: number; readonly b: number }[] = [];
  for (let round = 0; round < rounds; round += 1)
    pairs.push({ a: await time(ours), b: await time(theirs) });
  const ratios = pairs.map(({ a, b }) => a / b);
  const ratio = median(ratios);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  const promise =
    target === undefined ? "" : `, promised ≤ ${target}${ratio <= target ? "" : "  ← MISSED"}`;
  const seconds = (values: readonly number[]): string => `${(median(values) / 1000).toFixed(3)} s`;
  print(title);
  print(
    `  ${ours.name}: ${seconds(pairs.map(({ a }) => a))}   ${theirs.name}: ${seconds(pairs.map(({ b }) => b))}`,
  );
  print(`  ratio ${ratio.toFixed(2)} (${range} over ${rounds} pairs${promise})`);
  return ratio;
}

/** Prints a figure that is not a comparison of times. */
export function report(
  title: string,
  value: string,
  target?: { readonly text: string; readonly met: boolean },
): void {
  const promise =
    target === undefined ? "" : ` (promised ${target.text}${target.met ? "" : "  ← MISSED"})`;
  print(`${title}\n  ${value}${promise}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
