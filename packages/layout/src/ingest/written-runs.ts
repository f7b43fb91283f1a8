import { formatXxh64, type Xxh64, type Xxh64Factory } from "../checksum/xxh64.ts";
import type { JournalRecord } from "./journal.ts";

/** Runs of bytes written since the last checkpoint, each with the sum of its bytes. */
export interface WrittenRuns {
  /** Bytes in all runs. */
  readonly bytes: number;
  /** Notes a finished write. Writes that follow each other make one run. */
  add(start: number, bytes: Uint8Array): void;
  /** The runs as records, ascending; begins anew. */
  take(): readonly JournalRecord[];
  /** Puts records back that could not be written down. */
  giveBack(records: readonly JournalRecord[]): void;
}

interface Run {
  readonly start: number;
  end: number;
  readonly sum: Xxh64;
}

export function createWrittenRuns(xxh64: Xxh64Factory): WrittenRuns {
  let byEnd = new Map<number, Run>();
  let returned: JournalRecord[] = [];
  let total = 0;
  return {
    get bytes() {
      return total;
    },
    add(start, bytes) {
      const run = byEnd.get(start) ?? { start, end: start, sum: xxh64.create() };
      byEnd.delete(run.end);
      run.sum.update(bytes);
      run.end += bytes.length;
      byEnd.set(run.end, run);
      total += bytes.length;
    },
    take() {
      const records = [...byEnd.values()].map(({ start, end, sum }) => ({
        start,
        end,
        sum: formatXxh64(sum.value()),
      }));
      const all = [...returned, ...records].toSorted((a, b) => a.start - b.start);
      byEnd = new Map();
      returned = [];
      total = 0;
      return all;
    },
    giveBack(records) {
      returned.push(...records);
    },
  };
}
