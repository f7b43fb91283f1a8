import { readFileSync } from "node:fs";

/** Milliseconds of processor time since some moment of the past. */
export interface ProcessorTime {
  /** Of this process and of the programs it has run to their end. */
  readonly own: number;
  /** Of everything on this machine. */
  readonly all: number;
}

/** Linux counts processor time in hundredths of a second, for programs to read. */
const TICK_MS = 10;

const sum = (values: readonly string[], indexes: readonly number[]): number =>
  indexes.reduce((total, index) => total + Number(values[index] ?? 0) * TICK_MS, 0);

/** `undefined` where there is no Linux to ask. */
export function readProcessorTime(): ProcessorTime | undefined {
  if (process.platform !== "linux") return undefined;
  const self = readFileSync("/proc/self/stat", "utf8");
  // After the name, which may hold anything: user and system time, and those of ended children.
  const own = sum(self.slice(self.lastIndexOf(")") + 2).split(" "), [11, 12, 13, 14]);
  const [machine = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // User, nice, system, interrupts; not idle, nor waiting for a disk.
  return { own, all: sum(machine.split(/\s+/), [1, 2, 3, 6, 7]) };
}
