import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { collectGarbage, type GcReport, openOrphanRecord } from "@store/gc";
import {
  createNodeProcesses,
  type Digest,
  digestBytes,
  type FsPort,
  openBlobStore,
  openLayout,
  type ProcessTable,
} from "@store/layout";

import { openStoreOf, type Store } from "../../src/open-store.ts";
import { readPolicy } from "../../src/sweep/read-policy.ts";
import { createSweepPorts } from "../../src/sweep/sweep-ports.ts";
import { runHere } from "../support/run-here.ts";

const DAY_MS = 86_400_000;

/** Files by model; some are in two. Small ones are packed, where the store packs. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  "h/n/many:t": ["one", "two", "shared"],
  "h/n/half:t": ["shared", "half one", "half two", "half three", "half four"],
};
const STAYS = ["kept", "pinned", "aside and needed", "one", "two", "shared"];
const GOES = [
  "released",
  "orphan",
  "aside and needed by nobody",
  "half one",
  "half two",
  "half three",
  "half four",
];

const contentOf = (label: string): Uint8Array => Buffer.from(`${label}\n`.repeat(40));
const digestOf = (label: string): Digest => digestBytes(contentOf(label));

async function store(home: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runHere(args, { home });
  if (code !== 0) throw new Error(`store ${args.join(" ")}: ${stderr}`);
}

async function write(path: string, bytes: Uint8Array, ageMs = 0): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const time = new Date(Date.now() - ageMs);
  await utimes(path, time, time);
  await utimes(dirname(path), time, time);
  return path;
}

/** A store with one of everything that a sweep keeps, restores, deletes, rewrites or lets expire. */
export async function prepareStore(home: string): Promise<void> {
  const models = join(home, "models");
  for (const label of ["kept", "pinned", "released", "aside and needed"]) {
    await store(
      home,
      "add",
      await write(join(home, "files", label), contentOf(label)),
      "--as",
      label.replaceAll(" ", "-"),
    );
  }
  for (const [name, labels] of Object.entries(MODELS)) {
    const directory = join(home, "files", name.replaceAll(/\W/g, "-"));
    for (const label of labels) {
      await write(join(directory, `${label.replaceAll(" ", "-")}.bin`), contentOf(label));
    }
    await store(home, "pull", directory, "--as", name);
  }
  await store(home, "pack");
  await store(home, "pin", "pinned");
  await store(home, "unpin", "pinned");
  await store(home, "pin", digestOf("pinned"));
  await store(home, "rm", "pinned", "released", "h/n/half:t");
  const layout = await openLayout(models);
  const blobs = openBlobStore(layout);
  await blobs.add(contentOf("orphan"));
  await blobs.add(contentOf("aside and needed by nobody"));
  await openOrphanRecord(layout).write([[digestOf("orphan"), Date.now() - 2 * DAY_MS]]);
  await blobs.add(contentOf("aside and needed"));
  for (const label of ["aside and needed", "aside and needed by nobody"]) {
    await blobs.trash(digestOf(label), "crashed");
  }
  const partial = `.partial-${"0".repeat(64)}.${"a".repeat(16)}`;
  await write(join(models, "blobs/sha256/00", partial, "data.tmp"), contentOf("x"), 8 * DAY_MS);
  await write(join(models, "manifests/.tmp-0123456789abcdef"), contentOf("x"), 2 * DAY_MS);
  const stamp = "20010101T000000Z-wrong-0123456789abcdef";
  await write(join(models, "locks/quarantine", `${stamp}.bin`), contentOf("x"));
}

export interface OpenStoreOptions {
  readonly fs?: FsPort;
  /** How far in the future it is. */
  readonly days?: number;
  /** Whether the machine has started anew since the store was made. */
  readonly rebooted?: boolean;
}

/** The processes of this machine after another start of it: nobody from before is left. */
function createLaterProcesses(): ProcessTable {
  const { self, isDead } = createNodeProcesses();
  const boot = "after the power cut";
  return {
    self: async () => ({ ...(await self()), boot }),
    isDead: async (other) => other.boot !== boot || isDead(other),
  };
}

/** Opens a store over a file system port of the test's. */
export async function openStoreAt(root: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { fs, days = 0, rebooted = false } = options;
  const layout = await openLayout(root, {
    now: () => Date.now() + days * DAY_MS,
    ...(fs === undefined ? {} : { fs }),
    ...(rebooted ? { processes: createLaterProcesses() } : {}),
  });
  return await openStoreOf(layout);
}

/** A sweep of the whole store that takes no lock, since nothing may rest on one. */
export async function sweepStore(root: string, options: OpenStoreOptions = {}): Promise<GcReport> {
  await using opened = await openStoreAt(root, options);
  const ports = createSweepPorts(opened, (body) => body(new AbortController().signal));
  return await collectGarbage(ports, { policy: readPolicy({}) });
}

/** What is wrong with a store after a sweep that was cut short, past our own code where possible. */
export async function findLosses(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of await readdir(root, { recursive: true })) {
    const promised = /([0-9a-f]{64})\/data(?:\.trash-.*)?$/.exec(path)?.[1];
    if (promised === undefined) continue;
    const bytes = await readFile(join(root, path));
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== promised) found.push(`INV-1: ${path} holds ${bytes.length} other bytes`);
  }
  await using opened = await openStoreAt(root);
  for (const label of STAYS) {
    if (!(await isReadable(opened, digestOf(label)))) found.push(`lost: ${label}`);
  }
  for await (const { name, digests } of opened.manifests.roots()) {
    for (const digest of digests) {
      if (!(await isReadable(opened, digest))) found.push(`${name} lacks ${digest}`);
    }
  }
  return found;
}

async function isReadable({ blobs }: Store, digest: Digest): Promise<boolean> {
  if ((await blobs.stat(digest)) === undefined) return false;
  const hash = createHash("sha256");
  for await (const chunk of blobs.read(digest)) hash.update(chunk);
  return `sha256:${hash.digest("hex")}` === digest;
}

/** What is wrong once further sweeps have come to their end. */
export async function findUnfinished(
  home: string,
  options: Pick<OpenStoreOptions, "rebooted"> = {},
): Promise<readonly string[]> {
  const root = join(home, "models");
  // The second one is later, because a record that was lost has made every orphan young again, and
  // what was half removed is as young as its last change.
  for (const days of [2, 12]) await sweepStore(root, { ...options, days });
  const found = [...(await findLosses(root))];
  await using opened = await openStoreAt(root);
  for (const label of GOES) {
    if ((await opened.blobs.stat(digestOf(label))) !== undefined) found.push(`left: ${label}`);
  }
  for (const path of await readdir(root, { recursive: true })) {
    // The record of this boot stays.
    if (/\.trash-|trashed\/(?!boot-)|\.tmp-|\.partial-|quarantine\/./.test(path))
      found.push(`left: ${path}`);
  }
  const again = await sweepStore(root, { ...options, days: 12 });
  if (again.destroyed.length > 0 || again.freedBytes > 0) found.push("a further sweep found work");
  const verified = await runHere(["verify"], { home });
  if (verified.code !== 0) found.push(`verify: ${verified.stdout}`);
  return found;
}
