import { openPinStore } from "@store/gc";
import { type Digest, isStoreError, StoreError } from "@store/layout";
import { formatName, type Name } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { checkAsked, locateModel } from "../models/find-model.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";

interface RemovedName {
  readonly name: string;
  readonly short: string;
  readonly released: readonly Digest[];
  /** Bytes of what is released. */
  readonly releasedBytes: number;
  /** Whether it could be told what it needs. */
  readonly readable: boolean;
}

/**
 * `store rm NAME…`: removes names, all of them or, if one does not exist, none. No byte is freed:
 * that is what `store gc` does.
 */
export async function removeNames(
  context: CommandContext,
  texts: readonly string[],
): Promise<number> {
  const asked = texts.map((text) => ({ text, digest: checkAsked(text) }));
  await using store = await openStore(context);
  // By full text: two spellings of one name are one name.
  const found = new Map<string, { readonly name: Name; readonly digest: Digest | undefined }>();
  for (const { text, digest } of asked) {
    const name = await locateModel(store.manifests, text);
    await mustNotBePinned(store, formatName(name));
    found.set(formatName(name), { name, digest });
  }
  const removed: RemovedName[] = [];
  for (const { name, digest } of found.values()) {
    removed.push(await removeName(context, store, name, digest));
  }
  context.output.answer({
    json: {
      removed: removed.map(({ name, released, releasedBytes }) => {
        return { name, released, releasedBytes };
      }),
    },
    text: removed.map((one) => describe(one)).join(""),
  });
  return 0;
}

async function mustNotBePinned({ layout }: Store, name: string): Promise<void> {
  const pin = await openPinStore(layout).get(name);
  if (pin?.live !== true) return;
  const why = pin.reason === "" ? "" : `: ${pin.reason}`;
  throw new StoreError(`${name} is pinned${why}`, {
    kind: "conflict",
    code: "ERR_STORE_NAME_PINNED",
    hint: "`store unpin NAME` first.",
    detail: { name, reason: pin.reason },
  });
}

async function removeName(
  context: CommandContext,
  store: Store,
  name: Name,
  ifMatch: Digest | undefined,
): Promise<RemovedName> {
  const readable = await isReadable(store, name);
  const { released } = await store.manifests.remove(name, { signal: context.signal, ifMatch });
  let releasedBytes = 0;
  for (const digest of released) releasedBytes += (await store.blobs.stat(digest))?.size ?? 0;
  return {
    name: formatName(name),
    short: formatName(name, "short"),
    released,
    releasedBytes,
    readable,
  };
}

async function isReadable({ manifests }: Store, name: Name): Promise<boolean> {
  try {
    return (await manifests.get(name)) !== undefined;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return false;
  }
}

function describe({ short, released, releasedBytes, readable }: RemovedName): string {
  const name = escapeText(short);
  if (!readable) {
    return `removed ${name}, which could not be read; what only it needed waits as if it never had a name\n`;
  }
  if (released.length === 0) return `removed ${name}; other names need all of its bytes\n`;
  const blobs = formatPlural(released.length, "blob");
  return `removed ${name}; \`store gc\` frees its ${blobs} (${formatBytes(releasedBytes)})\n`;
}
