// Planning a sweep of a million blobs against ten thousand names of a hundred references each:
// snapshot and plan together, against the same plan made with sets of text. Each run is a process of
// its own, so that one side's memory is not the other's. What is compared is CPU time: the work
// waits for nothing, and a busy machine then falsifies less.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

import { type GcPlan, planGc, type SnapshotPorts, takeSnapshot } from "@store/gc";
import { type Digest, parseDigest } from "@store/layout";

import { report } from "../harness/compare.ts";

const BLOBS = 1_000_000;
const ROOTS = 10_000;
const REFERENCES_EACH = 100;
const TAKEN_AT_MS = 1_700_000_000_000;
const ROUNDS = 5;
const RATIO_MAX = 0.6;
const MEMORY_MIB_MAX = 200;
/** Digests made at a time, outside the time that is measured. */
const CHUNK = 1_000;

interface Measured {
  readonly ms: number;
  readonly mib: number;
  readonly digest: string;
}

const hash = Buffer.alloc(32);

/** Ascending with the index, as a store lists its blobs, and spread evenly, as hashes are. */
function digestAt(index: number): Digest {
  hash.writeUInt32BE(Math.floor((index / BLOBS) * 2 ** 32));
  for (let at = 4; at < 32; at += 4) {
    hash.writeUInt32BE(Math.imul(index + at, 0x9e3779b1) >>> 0, at);
  }
  return parseDigest(`sha256:${hash.toString("hex")}`);
}

/** A store that answers at once, and the time it spent on making up its answers. */
function createStore(): { ports: SnapshotPorts; spentMs: () => number } {
  let spentMs = 0;

  function makeUp<T>(make: () => T): T {
    const start = cpuMs();
    const made = make();
    spentMs += cpuMs() - start;
    return made;
  }
  /** Keeps no two chunks alive: a real listing does not either. */
  function* inChunks<T>(count: number, size: number, at: (index: number) => T): Generator<T> {
    for (let start = 0; start < count; start += size) {
      yield* makeUp(() => Array.from({ length: size }, (_, index) => at(start + index)));
    }
  }
  // The same draw in every process. Two thirds of the blobs are hit, some of them often.
  let state = 1;
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * BLOBS);
  };
  const info = { size: 4_096, addedAtMs: 0, released: true };

  const ports: SnapshotPorts = {
    now: () => TAKEN_AT_MS,
    blobs: {
      async *list() {
        yield* inChunks(BLOBS, CHUNK, digestAt);
      },
      stat: () => Promise.resolve(info),
      async *listTrash() {},
    },
    leases: { async *list() {} },
    async *roots() {
      yield* inChunks(ROOTS, CHUNK / REFERENCES_EACH, (index) => ({
        name: `model-${index}`,
        digests: Array.from({ length: REFERENCES_EACH }, () => digestAt(draw())),
      }));
    },
  };
  return { ports, spentMs: () => spentMs };
}

async function planWithTables(ports: SnapshotPorts): Promise<GcPlan> {
  return planGc(await takeSnapshot(ports));
}

/** The same plan with the containers of the language. */
async function planWithSets(ports: SnapshotPorts): Promise<GcPlan> {
  const blobs = new Set<Digest>();
  for await (const digest of ports.blobs.list()) blobs.add(digest);
  const referenced = new Set<Digest>();
  for await (const root of ports.roots()) {
    for (const digest of root.digests) referenced.add(digest);
  }
  const candidates: GcPlan["candidates"][number][] = [];
  for (const digest of blobs) {
    if (referenced.has(digest)) continue;
    const info = await ports.blobs.stat(digest);
    if (info?.released) candidates.push({ digest, size: info.size, reason: "released" });
  }
  candidates.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const unsealed: Omit<GcPlan, "digest"> = {
    version: 1,
    takenAtMs: ports.now(),
    candidates,
    kept: {
      referenced: blobs.size - candidates.length,
      leased: 0,
      pinned: 0,
      unreadable: 0,
      packed: 0,
      young: 0,
      nameless: 0,
    },
    dangling: [],
    packs: [],
    expired: [],
    trashed: [],
    newOrphans: [],
    reclaimBytes: candidates.reduce((sum, { size }) => sum + size, 0),
  };
  const hex = createHash("sha256").update(JSON.stringify(unsealed)).digest("hex");
  return { ...unsealed, digest: `sha256:${hex}` };
}

/** Only lets the store answer: what a process needs without any plan. */
async function planNothing(ports: SnapshotPorts): Promise<Pick<GcPlan, "digest">> {
  for await (const digest of ports.blobs.list()) digest.at(0);
  for await (const root of ports.roots()) root.name.at(0);
  return { digest: "" };
}

const sides: Readonly<Record<string, (ports: SnapshotPorts) => Promise<Pick<GcPlan, "digest">>>> = {
  tables: planWithTables,
  sets: planWithSets,
  nothing: planNothing,
};

async function runSide(plan: (typeof sides)[string]): Promise<void> {
  const { ports, spentMs } = createStore();
  const start = cpuMs();
  const { digest } = await plan(ports);
  const ms = cpuMs() - start - spentMs();
  // VmHWM, not ru_maxrss: the latter counts what the parent had before this process began.
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  process.stdout.write(JSON.stringify({ ms, mib: Number(peak) / 1024, digest }));
}

async function measure(side: string): Promise<Measured> {
  const args = ["--conditions=@store/source", import.meta.filename, side];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measured;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Prints the ratio of times and the peak memory of both sides. Linux only: it reads /proc. */
export async function benchGcPlan(): Promise<void> {
  const base = (await measure("nothing")).mib;
  const ratios: number[] = [];
  const tables: Measured[] = [];
  const sets: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ours, theirs] = [await measure("tables"), await measure("sets")];
    if (ours.digest !== theirs.digest) throw new Error("the two sides planned differently");
    tables.push(ours);
    sets.push(theirs);
    ratios.push(ours.ms / theirs.ms);
  }
  const ratio = median(ratios);
  const mib = (side: readonly Measured[]): number => Math.max(...side.map((one) => one.mib)) - base;
  const seconds = (side: readonly Measured[]): string =>
    `${(median(side.map((one) => one.ms)) / 1000).toFixed(2)} s`;
  report(
    `plan ${BLOBS} blobs against ${ROOTS} names of ${REFERENCES_EACH} references`,
    `tables ${seconds(tables)}, sets ${seconds(sets)}: ratio ${ratio.toFixed(2)}`,
    { text: `≤ ${RATIO_MAX}`, met: ratio <= RATIO_MAX },
  );
  report(
    `peak memory above that of a process that only lists them (${base.toFixed(0)} MiB)`,
    `tables ${mib(tables).toFixed(0)} MiB, sets ${mib(sets).toFixed(0)} MiB`,
    { text: `≤ ${MEMORY_MIB_MAX} MiB`, met: mib(tables) <= MEMORY_MIB_MAX },
  );
}

if (process.argv[1] === import.meta.filename) {
  const plan = sides[process.argv[2] ?? ""];
  await (plan === undefined ? benchGcPlan() : runSide(plan));
}
