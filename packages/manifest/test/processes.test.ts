/** Many real processes at the same few names, while one of them sweeps without regard to leases. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { FULL } from "@store/testing";
import { expect, it } from "vitest";

import { collect, openTestStore } from "./support/test-store.ts";

const times = FULL ? 20 : 1;
const WRITERS = 10;
const READERS = 5;
const WRITES_EACH = 4 * times;

const runsTypeScript = process.features.typescript !== false && "typescript" in process.features;
const reason = runsTypeScript ? "" : " (skipped: this Node.js does not run TypeScript)";

type Tally = Readonly<Record<string, number>>;

interface Worker {
  /** How often the process met what. */
  readonly tally: Promise<Tally>;
  /** Lets it finish what it is at. */
  end(): void;
}

function startWorker(root: string, role: string, label: string, rounds: number): Worker {
  const program = join(import.meta.dirname, "support", "worker-process.ts");
  const run = promisify(execFile)(process.execPath, [
    "--conditions=@store/source",
    program,
    root,
    role,
    label,
    String(rounds),
  ]);
  return {
    tally: run.then(({ stdout }) => JSON.parse(stdout) as Tally),
    end: () => run.child.stdin?.end(),
  };
}

it.skipIf(!runsTypeScript)(
  `sixteen processes that publish, remove, read and sweep the same names see whole ones or none${reason}`,
  async () => {
    await using store = await openTestStore({ now: Date.now });
    const start = (count: number, role: string, rounds: number): readonly Worker[] =>
      Array.from({ length: count }, (_, index) =>
        startWorker(store.root, role, `${role} ${index}`, rounds),
      );
    const others = [...start(1, "sweep", Infinity), ...start(READERS, "read", Infinity)];
    const writers = start(WRITERS, "write", WRITES_EACH);
    const ended = Promise.allSettled([...writers, ...others].map(({ tally }) => tally));
    await Promise.allSettled(writers.map(({ tally }) => tally));
    for (const { end } of others) end();

    const failures: string[] = [];
    const met = new Set<string>();
    for (const result of await ended) {
      if (result.status === "rejected") failures.push(String(result.reason));
      else for (const what of Object.keys(result.value)) met.add(what);
    }
    expect(failures).toEqual([]);
    // A run in which nothing met would prove nothing.
    for (const what of ["published", "unlinked", "whole", "restored", "destroyed"])
      expect([...met]).toContain(what);

    for (const { digests } of await collect(store.manifests.roots())) {
      for (const digest of digests) expect(await store.blobs.ensureVerified(digest)).toBeDefined();
    }
    expect(await collect(store.manifests.listStrays())).toEqual([]);
    expect(await collect(store.blobs.listTrash())).toEqual([]);
  },
  FULL ? 600_000 : 120_000,
);
