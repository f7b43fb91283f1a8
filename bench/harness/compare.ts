import { availableParallelism } from "node:os";

import { readProcessorTime } from "./processor-time.ts";

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

/** One timed run, in milliseconds. Processor time is `NaN` where nothing tells it. */
interface Run {
  readonly wall: number;
  readonly own: number;
  readonly others: number;
}

async function time(side: Side): Promise<Run> {
  await side.prepare?.();
  const before = readProcessorTime();
  const start = performance.now();
  await side.run();
  const wall = performance.now() - start;
  const after = readProcessorTime();
  if (before === undefined || after === undefined)
    return { wall, own: Number.NaN, others: Number.NaN };
  const own = after.own - before.own;
  return { wall, own, others: after.all - before.all - own };
}

/**
 * Runs both sides in turn and prints the ratio of each pair's times: the median, and the range,
 * which says how noisy the machine was. Absolute times are printed for orientation only, as is what
 * the two sides cost the processors, which noise hardly touches, and how busy others kept them.
 */
export async function compare(title: string, comparison: Comparison): Promise<number> {
  const { ours, theirs, rounds = 5, target } = comparison;
  await time(ours);
  await time(theirs);
  const pairs: { readonly a: Run; readonly b: Run }[] = [];
  for (let round = 0; round < rounds; round += 1)
    pairs.push({ a: await time(ours), b: await time(theirs) });
  const ratios = pairs.map(({ a, b }) => a.wall / b.wall);
  const ratio = median(ratios);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  const promise =
    target === undefined ? "" : `, promised ≤ ${target}${ratio <= target ? "" : "  ← MISSED"}`;
  const seconds = (runs: readonly Run[]): string =>
    `${(median(runs.map(({ wall }) => wall)) / 1000).toFixed(3)} s`;
  print(title);
  print(
    `  ${ours.name}: ${seconds(pairs.map(({ a }) => a))}   ${theirs.name}: ${seconds(pairs.map(({ b }) => b))}`,
  );
  print(`  ratio ${ratio.toFixed(2)} (${range} over ${rounds} pairs${promise})`);
  printProcessors(pairs);
  return ratio;
}

/** Below this the kernel's hundredths of a second say nothing. */
const OWN_MS_MIN = 200;

function printProcessors(pairs: readonly { readonly a: Run; readonly b: Run }[]): void {
  const a = median(pairs.map((pair) => pair.a.own));
  const b = median(pairs.map((pair) => pair.b.own));
  if (!(Math.min(a, b) >= OWN_MS_MIN)) return;
  const runs = pairs.flatMap((pair) => [pair.a, pair.b]);
  const total = (key: "wall" | "others"): number => runs.reduce((all, run) => all + run[key], 0);
  const others = Math.max(0, total("others") / total("wall")).toFixed(1);
  print(
    `  processor time ${(a / b).toFixed(2)}; others kept ${others} of ${availableParallelism()} processors busy`,
  );
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
