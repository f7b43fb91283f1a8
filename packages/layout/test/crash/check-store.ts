import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import {
  type Digest,
  digestBytes,
  digestHex,
  type Layout,
  openBlobStore,
  parseDigest,
  verifyBlobs,
} from "@store/layout";

import { formatXxh64, loadXxh64 } from "../../src/checksum/xxh64.ts";
import { decodeJournal } from "../../src/ingest/journal.ts";
import { collectContent } from "../../src/testing/content.ts";
import { listNames, readName } from "../race/protocol.ts";
import { countMissing, type CrashOperation, large } from "./operations.ts";

/**
 * What is wrong with a store after a crash, past all of our own code where that is possible: the
 * files are read and hashed here. Nothing is repaired. An empty list is a whole store.
 */
export async function findViolations(
  root: string,
  operation: Pick<CrashOperation, "evidence" | "wrongAtFirst" | "foreignModes">,
): Promise<readonly string[]> {
  const found: string[] = [];
  const files = await readFiles(root);
  for (const [path, bytes] of files) {
    if (basename(path) === "data") {
      const promised = `sha256:${basename(dirname(path))}` as Digest;
      const actual = digestBytes(bytes);
      if (actual !== promised && !operation.wrongAtFirst.includes(promised))
        found.push(`INV-1: ${path} holds ${bytes.length} bytes of ${actual}`);
      const { mode } = await stat(join(root, path));
      if (actual === promised && (mode & 0o222) !== 0 && operation.foreignModes !== true)
        found.push(`INV-7: ${path} can be written to`);
    }
    if (/^manifests\/[^.].*\.json$/.test(path) && !isWhole(bytes))
      found.push(`INV-2: ${path} is no whole document`);
    if (basename(path) === "journal")
      found.push(...(await findUnrecorded(path, bytes, dataOf(path, files))));
  }
  for (const bytes of operation.evidence) {
    const kept = [...files.values()].some((other) => Buffer.from(bytes).equals(other));
    if (!kept) found.push("INV-8: wrong bytes were deleted");
  }
  return found;
}

/** Trash that the next sweep of the same boot would not find. A power cut may leave some. */
export async function findUnmarkedTrash(root: string): Promise<readonly string[]> {
  const files = await readFiles(root);
  const announced = new Set(
    [...files]
      .filter(([path]) => path.startsWith(".store/trashed/notice-"))
      .flatMap(([, bytes]) => Buffer.from(bytes).toString().split("\n")),
  );
  return [...files.keys()].flatMap((path) => {
    const [, hex, id] = /\/([0-9a-f]{64})\/data\.trash-(.*)$/.exec(path) ?? [];
    if (hex === undefined) return [];
    const isMarked = files.has(`.store/trashed/${hex}.${id}`) || announced.has(hex);
    return isMarked ? [] : [`${path} has no mark`];
  });
}

/** Trash that the next sweep does not find. */
export async function findUnlistedTrash(layout: Layout): Promise<readonly string[]> {
  const listed = new Set<string>();
  for await (const { digest } of openBlobStore(layout).listTrash()) listed.add(digestHex(digest));
  const files = [...(await readFiles(layout.paths.root)).keys()];
  return files.filter((path) => {
    const [, hex] = /\/([0-9a-f]{64})\/data\.trash-/.exec(path) ?? [];
    return hex !== undefined && !listed.has(hex);
  });
}

/** Every regular file below a directory, by its path. */
async function readFiles(root: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(root.length + 1), await readFile(path));
  }
  return files;
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    const { blob } = JSON.parse(Buffer.from(bytes).toString()) as { blob: string };
    return parseDigest(blob) !== undefined;
  } catch {
    return false;
  }
}

/** The file a journal is about. It loses its name in the partial when it has its final one. */
function dataOf(journal: string, files: ReadonlyMap<string, Uint8Array>): Uint8Array | undefined {
  const hex = /\.partial-([0-9a-f]{64})/.exec(journal)?.[1] ?? "";
  const published = join("blobs", "sha256", hex.slice(0, 2), hex, "data");
  return files.get(join(dirname(journal), "data.tmp")) ?? files.get(published);
}

/** INV-10: what a journal lists is there, with those bytes. */
async function findUnrecorded(
  path: string,
  journal: Uint8Array,
  data: Uint8Array | undefined,
): Promise<readonly string[]> {
  const xxh64 = await loadXxh64();
  const found: string[] = [];
  for (const { start, end, sum } of decodeJournal(journal)?.records ?? []) {
    const bytes = data?.subarray(start, end) ?? new Uint8Array();
    if (bytes.length === end - start && formatXxh64(xxh64.of(bytes)) === sum) continue;
    found.push(`INV-10: ${path} lists ${start} to ${end}, which are other bytes`);
  }
  return found;
}

/** What was promised and is not so, asked of the store itself as a new program opens it. */
export async function findBrokenPromises(
  layout: Layout,
  operation: CrashOperation,
  acknowledged: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  const needed = new Set(operation.keeps.map((bytes) => digestBytes(bytes)));
  let recorded = 0;
  for (const line of acknowledged) {
    const [kind, ...rest] = line.split(" ");
    const last = rest.at(-1) ?? "";
    if (kind === "recorded") recorded = Math.max(recorded, Number(last));
    else needed.add(parseDigest(last));
    if (kind === "name" && (await readName(layout, rest[0] ?? "")) !== last)
      found.push(`acknowledged, but gone: ${line}`);
  }
  for (const digest of needed) {
    if (!(await isReadable(layout, digest))) found.push(`acknowledged, but gone: blob ${digest}`);
  }
  // INV-3 also for a name that was not acknowledged yet: its lease covers whoever dies so early.
  for (const name of await listNames(layout)) {
    const digest = await readName(layout, name);
    if (digest !== undefined && !(await isReadable(layout, digest)))
      found.push(`INV-3: name ${name} leads to a blob that is not there`);
  }
  if (recorded > 0) found.push(...(await findLostRanges(layout, recorded)));
  return found;
}

async function isReadable(layout: Layout, digest: Digest): Promise<boolean> {
  const blobs = openBlobStore(layout);
  if ((await blobs.ensureVerified(digest)) === undefined) return false;
  return digestBytes(await collectContent(blobs.read(digest))) === digest;
}

/** What was recorded of a transfer need not travel again. */
async function findLostRanges(layout: Layout, recorded: number): Promise<readonly string[]> {
  // Without its size, which would be put on record.
  await using ingest = await openBlobStore(layout).ingest({ digest: digestBytes(large) });
  const missing = countMissing(ingest);
  if (large.length - missing >= recorded) return [];
  return [`${recorded} bytes were recorded, ${large.length - missing} are left`];
}

/** What is wrong once the operation was carried out again, to its end. */
export async function findUnrepaired(
  layout: Layout,
  operation: CrashOperation,
): Promise<readonly string[]> {
  const found: string[] = [];
  await operation.run(layout, () => {});
  for (const bytes of [...operation.keeps, ...operation.makes]) {
    const digest = digestBytes(bytes);
    if (!(await isReadable(layout, digest))) found.push(`not there in the end: blob ${digest}`);
  }
  for await (const finding of verifyBlobs(layout)) found.push(`in the end: ${finding.message}`);
  return found;
}
