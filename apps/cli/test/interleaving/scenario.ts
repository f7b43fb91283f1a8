import { isStoreError, type Layout, openBlobStore, verifyBlobs } from "@store/layout";
import { type Actor, type Observer, type RunOptions, type Violation } from "@store/layout/testing";
import { hashPackKey, verifyPacks } from "@store/pack";

import { openStoreOf, type Store } from "../../src/open-store.ts";
import { bytes, collect, companion, digest, manifestOf } from "./actors.ts";

const ROOT = "/models";
const BLOB = `${ROOT}/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
const KEY = Buffer.from(hashPackKey(bytes), "hex");

export interface ScenarioParts {
  readonly actors: readonly Actor[];
  /** What is there before the first step, besides the companion under a name of its own. */
  readonly before?: (layout: Layout) => Promise<unknown>;
  /** Names that are promised from the start. */
  readonly promised?: readonly string[];
}

/** A store in which several are at work on one blob, and what must hold at every instant of it. */
export function createScenario({ actors, before, promised = [] }: ScenarioParts): RunOptions {
  return {
    root: ROOT,
    actors,
    async prepare(layout) {
      const { paths } = layout;
      const lasting = [paths.manifests, paths.leases, paths.trashed, paths.quarantine, paths.pins];
      for (const path of [...lasting, paths.released, paths.packs, paths.fanout(digest)])
        await layout.makeDirectory(path);
      await before?.(layout);
      await using store = await openStoreOf(layout);
      await nameContent(store, "companion", companion);
      for (const name of promised) await nameContent(store, name, bytes);
    },
    check: (observer) => findLoss(observer, promised),
    async finish(observer) {
      for (const [name, error] of observer.outcomes) {
        if (error !== undefined && !isStoreError(error)) return `${name} failed: ${error.stack}`;
      }
      const layout = await observer.open();
      const found = await findDamage(layout);
      if (found !== undefined) return found;
      // What was left aside is dealt with by the next sweep, and nothing that is needed goes with it.
      await using store = await openStoreOf(layout);
      await collect(store);
      for await (const { digest: left } of openBlobStore(layout).listTrash())
        return `a sweep left ${left} aside`;
      return findLoss(observer, promised) ?? (await findDamage(layout));
    },
  };
}

async function nameContent({ blobs, manifests }: Store, name: string, content: Uint8Array) {
  const { digest: own } = await blobs.add(content);
  await manifests.put({ kind: "flat", name }, manifestOf(name, content));
  return own;
}

/** INV-3 at every state: what was promised is somewhere every reader looks. */
function findLoss({ world, promises }: Observer, promised: readonly string[]): string | undefined {
  if (promises.size + promised.length === 0) return undefined;
  const node = world.disk.find(BLOB);
  const names = node?.kind === "directory" ? [...node.entries.keys()] : [];
  if (names.some((name) => name === "data" || name.startsWith("data.trash-"))) return undefined;
  const packs = world.disk.find(`${ROOT}/packs`);
  for (const [name, file] of packs?.kind === "directory" ? packs.entries : []) {
    if (!/\.idx(?:\.trash-.*)?$/.test(name) || file.kind !== "file") continue;
    if (Buffer.from(file.bytes).includes(KEY)) return undefined;
  }
  return `the blob of ${[...promised, ...promises].join()} is gone`;
}

/** At the end every name is whole, also of those who ended early: their leases outlive them. */
async function findDamage(layout: Layout): Promise<string | undefined> {
  await using store = await openStoreOf(layout);
  for await (const { name, digests } of store.manifests.roots()) {
    for (const needed of digests) {
      if ((await store.blobs.ensureVerified(needed)) === undefined) return `${name} lacks its blob`;
      for await (const chunk of store.blobs.read(needed)) void chunk;
    }
  }
  for await (const finding of verifyBlobs(layout)) return finding.message;
  // Notes are about files of packs that are no more, which go by age.
  for await (const { severity, message } of verifyPacks(layout))
    if (severity !== "note") return message;
  return undefined;
}

/** What was wrong and how it came about, to be read when a test fails. */
export function explainViolation({ message, trace }: Violation): string {
  const lines = trace.map((line) => line.replaceAll(BLOB, "BLOB").replaceAll(ROOT, ""));
  return [message, ...lines].join("\n  ");
}
