import { digestBytes, isStoreError } from "@store/layout";
import { createContent, createFaultyFs } from "@store/layout/testing";

import type * as pack from "../../src/index.ts";
import { createReadOnlyFs } from "../support/memory-fs.ts";
import { bytesOf, createTemporaryPacks, readFiles } from "../support/packs.ts";
import { unsyncedFs } from "../support/unsynced-fs.ts";

/** The part of the package that pack probes ask; a mutant's is the same with one mistake. */
export type PackApi = Pick<
  typeof pack,
  | "createPackWriter"
  | "encodeFrame"
  | "encodeIdentity"
  | "decodeIdentity"
  | "hashPackKey"
  | "openPack"
  | "openPackSet"
  | "verifyPacks"
>;

const noise = createContent(300, 1);
const contents = [bytesOf("hello world"), noise, bytesOf("goodbye")];

/** What is wrong with how a package writes, reads and checks packs. Nothing, for a right one. */
export async function failedPackProbes(api: PackApi): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const probe of [probeDamage, probeClaims, probeWriter]) {
    await probe(api, (what) => failed.push(what));
  }
  return failed;
}

type Report = (what: string) => void;

/** Flips bits of the stored content of the middle object. */
async function probeDamage(api: PackApi, report: Report): Promise<void> {
  await using packs = await createTemporaryPacks();
  await using writer = api.createPackWriter(packs.home);
  for (const content of contents) await writer.add(content);
  const { id } = await writer.finish();
  const files = await readFiles(packs.home.dir);
  const data = new Uint8Array(files.get(`pack-${id}.dat`) ?? []);
  const at = Buffer.from(data).indexOf(noise);
  data[at + 100] = (data[at + 100] ?? 0) ^ 1;
  files.set(`pack-${id}.dat`, data);
  const home = { fs: createReadOnlyFs(files), dir: "/packs" };
  await using damaged = await api.openPack(home, id);
  if (!(await fails(damaged.readDigest(digestBytes(noise))))) report("reads wrong bytes by digest");
  const codes = await codesOf(api, home);
  if (!codes.includes("ERR_STORE_ENTRY_INVALID")) report("verifies a damaged object");
  if (!codes.includes("ERR_STORE_PACK_CHECKSUM_MISMATCH")) report("verifies a wrong name");
  files.delete(`pack-${id}.ids`);
  const foreignCodes = await codesOf(api, home);
  if (!foreignCodes.includes("ERR_STORE_ENTRY_INVALID")) report("verifies wrong bytes by key");
  await using foreign = await api.openPack(home, id);
  if (!(await fails(foreign.read(api.hashPackKey(noise))))) report("reads wrong bytes by key");
  // The key in the header of the first entry.
  data[8] = (data[8] ?? 0) ^ 1;
  await using relabelled = await api.openPack(home, id);
  const first = relabelled.read(api.hashPackKey(contents[0] ?? noise));
  if (!(await fails(first))) report("reads an entry whose header names another key");
}

async function codesOf(api: PackApi, home: pack.PackHome): Promise<readonly string[]> {
  const codes: string[] = [];
  for await (const { code } of api.verifyPacks(home)) codes.push(code);
  return codes;
}

/** Lies about objects, in sidecars and to the writer. */
async function probeClaims(api: PackApi, report: Report): Promise<void> {
  await using packs = await createTemporaryPacks();
  await using writer = api.createPackWriter(packs.home);
  const [one = noise] = contents;
  const lie = writer.addFrame(api.hashPackKey(noise), api.encodeFrame(one));
  if (!(await fails(lie))) report("packs a frame under another content's key");
  await writer.add(one);
  await writer.add(one);
  if (writer.count !== 1) report("packs one content twice");
  const { id } = await writer.finish();
  const files = await readFiles(packs.home.dir);
  const home = { fs: createReadOnlyFs(files), dir: "/packs" };
  const [object] = api.decodeIdentity(files.get(`pack-${id}.ids`) ?? new Uint8Array());
  if (object === undefined) return report("names no object");
  files.set(`pack-${id}.ids`, api.encodeIdentity([{ ...object, digest: digestBytes(noise) }]));
  await using lying = await api.openPack(home, id);
  if (!(await fails(lying.readDigest(digestBytes(noise))))) report("believes a sidecar's digest");
  const codes = await codesOf(api, home);
  if (!codes.includes("ERR_STORE_ENTRY_INVALID")) report("verifies a sidecar's wrong digest");
  files.set(`pack-${id}.ids`, api.encodeIdentity([{ ...object, offset: 9 }]));
  await using moved = await api.openPack(home, id);
  if (moved.identifiedCount > 0) report("believes a sidecar about entries that are not there");
}

/** Ends the process at every call of a write. */
async function probeWriter(api: PackApi, report: Report): Promise<void> {
  for (let at = 1, struck = true; struck; at++) {
    await using packs = await createTemporaryPacks();
    const fs = createFaultyFs(unsyncedFs, { kind: "stop", at });
    const write = async (): Promise<void> => {
      await using writer = api.createPackWriter({ ...packs.home, fs });
      for (const content of contents) await writer.add(content);
      await writer.finish();
    };
    await write().catch(() => {});
    ({ struck } = fs);
    const call = fs.calls[at - 1]?.replace(packs.home.dir, "");
    await using set = await api.openPackSet(packs.home);
    if (set.problems().length > 0) report(`shows a pack that is not whole after ${call}`);
    for (const { identifiedCount, count } of set.packs()) {
      if (identifiedCount < count) report(`shows a pack without its sidecar after ${call}`);
    }
    if (!struck) probeOrder(fs.calls, report);
  }
}

/** What must be durable before something else gets its name. */
function probeOrder(calls: readonly string[], report: Report): void {
  const named = calls.findIndex((call) => call.startsWith("link "));
  const synced = calls.findIndex((call) => call.startsWith("fsync "));
  const written = calls.findLastIndex((call, at) => call.startsWith("write ") && at < named);
  if (synced < 0 || synced > named || synced < written) report("names a file that is not synced");
}

/** Whether a call ends in a `StoreError`. Wrong bytes are what a probe is after, so others count too. */
async function fails(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (isStoreError(error)) return true;
    throw error;
  }
}
