import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { openLayout } from "@store/layout";
import { openPackSet } from "@store/pack";
import { type CrowdLog, replay } from "@store/testing/crowd";

import { runHere } from "../support/run-here.ts";
import { hashesOf, modelWith } from "./models.ts";

/** What a store holds, read past our own code wherever that is possible. */
interface StoreContent {
  /** SHA-256 of everything there is, loose and packed, by actually hashing it. */
  readonly blobs: ReadonlySet<string>;
  readonly wrong: readonly string[];
  /** Hashes each name needs. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly trash: readonly string[];
}

/**
 * What the logs promise and the store does not keep, asked in a process that took no part, after one
 * more sweep.
 *
 * @param strict whether names that nobody acknowledged must be whole as well: who dies before it is
 * told relies on its lease, and a lease on clocks that agree
 */
export async function findLosses(
  home: string,
  { entries }: CrowdLog,
  strict: boolean,
): Promise<readonly string[]> {
  const found: string[] = [];
  const swept = await runHere(["gc", "--min-age", "0", "--allow-empty"], { home });
  if (swept.code !== 0) found.push(`the last sweep failed: ${swept.stderr}`);
  const content = await readStore(join(home, "models"));
  found.push(...content.wrong, ...content.trash.map((path) => `left in the trash: ${path}`));
  for (const log of entries) {
    const { names, acknowledged, pinned, violations } = replay(log);
    found.push(...violations);
    for (const [name, possible] of names) {
      const needed = content.names.get(name);
      const value = needed === undefined ? "" : (modelWith(new Set(needed)) ?? "something else");
      if (!possible.has(value)) found.push(`${name} holds ${value || "nothing"}`);
      if (!strict && !acknowledged.has(name)) continue;
      const missing = (needed ?? []).filter((hash) => !content.blobs.has(hash));
      if (missing.length > 0) found.push(`${name} (${value}) lacks ${missing.join(", ")}`);
    }
    for (const [name, value] of pinned) {
      const missing = hashesOf(value).filter((hash) => !content.blobs.has(hash));
      if (missing.length > 0) found.push(`pinned as ${name}, but gone: ${missing.join(", ")}`);
    }
  }
  const verified = await runHere(["verify"], { home });
  if (strict && verified.code !== 0) found.push(`verify: ${verified.stdout}${verified.stderr}`);
  return found;
}

async function readStore(root: string): Promise<StoreContent> {
  const blobs = new Set<string>();
  const wrong: string[] = [];
  const trash: string[] = [];
  const names = new Map<string, readonly string[]>();
  for (const path of await filesBelow(root)) {
    const blob = /^blobs\/sha256\/..\/([0-9a-f]{64})\/(data.*)$/.exec(path);
    if (blob?.[2] === "data") {
      const hash = createHash("sha256")
        .update(await readFile(join(root, path)))
        .digest("hex");
      if (hash === blob[1]) blobs.add(hash);
      else wrong.push(`${path} holds other bytes`);
    } else if (blob !== null) trash.push(path);
    const name = nameOf(path);
    if (name !== undefined) names.set(name, await needsOf(join(root, path)));
  }
  // A pack is the one thing that cannot be read without the code that is tested.
  await using packs = await openPackSet(await openLayout(root));
  for await (const digest of packs.list()) {
    const hash = createHash("sha256");
    for await (const chunk of packs.read(digest)) hash.update(chunk);
    blobs.add(hash.digest("hex"));
  }
  return { blobs, wrong, names, trash };
}

async function filesBelow(root: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of await readdir(root, { recursive: true })) {
    if ((await lstat(join(root, path))).isFile()) files.push(path);
  }
  return files.toSorted();
}

function nameOf(path: string): string | undefined {
  const flat = /^manifests\/([^/.][^/]*)\.json$/.exec(path);
  if (flat !== null) return flat[1];
  const [, host, namespace, model, tag] =
    /^manifests\/([^/]+)\/([^/]+)\/([^/]+)\/([^/.][^/]*)$/.exec(path) ?? [];
  return host === undefined ? undefined : `${host}/${namespace}/${model}:${tag}`;
}

async function needsOf(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path);
  const document = JSON.parse(bytes.toString()) as {
    readonly blob?: string;
    readonly config?: { readonly digest: string };
    readonly layers?: readonly { readonly digest: string }[];
  };
  if (document.blob !== undefined) return [document.blob.replace("sha256:", "")];
  const own = createHash("sha256").update(bytes).digest("hex");
  const below = [document.config, ...(document.layers ?? [])];
  return [own, ...below.flatMap((one) => (one === undefined ? [] : one.digest.slice(7)))];
}
