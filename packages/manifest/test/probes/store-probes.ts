import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type BlobStore, type FsPort, openBlobStore, openLeaseStore } from "@store/layout";

import type * as manifest from "../../src/index.ts";
import { quickFs } from "../support/quick-fs.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  indexBytes,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
} from "../support/test-store.ts";

export type Api = typeof manifest;
export type Probe = (api: Api) => Promise<boolean>;

const ref = nameOf("h/n/m:t");

/** How a call ends: the code of its error, or that it does not fail. */
async function endOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "done",
    (error: { code?: string }) => (error.code ?? "a bug").replace("ERR_STORE_", ""),
  );
}

interface Disturbance {
  /** Called before a file below `manifests/` gets its name. */
  readonly beforeNaming?: (path: string) => Promise<void>;
  /** Called before a file there is made. */
  readonly beforeWriting?: () => Promise<void>;
  readonly wrap?: (blobs: BlobStore) => BlobStore;
}

async function open(api: Api, store: TestStore, disturbance: Disturbance = {}) {
  const { beforeNaming, beforeWriting, wrap = (blobs) => blobs } = disturbance;
  const named = join(store.root, "manifests");
  const naming =
    (call: (from: string, to: string) => Promise<void>) => async (from: string, to: string) => {
      if (to.startsWith(named)) await beforeNaming?.(to);
      await call(from, to);
    };
  const fs: FsPort = {
    ...quickFs,
    rename: naming(quickFs.rename),
    link: naming(quickFs.link),
    async open(path, mode, options) {
      if (mode === "create" && path.startsWith(named)) await beforeWriting?.();
      return quickFs.open(path, mode, options);
    },
  };
  const layout = await store.temporary.reopen({ fs });
  const blobs = wrap(openBlobStore(layout));
  return api.openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });
}

async function writeByHand(store: TestStore, path: string, bytes: Uint8Array | string) {
  const file = join(store.root, "manifests", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

/** What a store of names must do; each answers whether it does. */
export const storeProbes: Readonly<Record<string, Probe>> = {
  async "shows no name whose blob is not there"(api) {
    await using store = await openTestStore();
    let seen = false;
    const manifests = await open(api, store, {
      beforeNaming: async () => {
        seen = true;
      },
    });
    const end = await endOf(manifests.put(ref, imageBytes([describeText("absent")])));
    return end === "MANIFEST_BLOB_MISSING" && !seen;
  },
  async "takes a name back whose blob went before it was seen"(api) {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    const manifests = await open(api, store, {
      beforeNaming: async () => {
        const trashed = await store.blobs.trash(layer.digest, "0123456789abcdef");
        await trashed?.destroy();
      },
    });
    const end = await endOf(manifests.put(ref, imageBytes([layer])));
    return end === "MANIFEST_BLOB_MISSING" && (await store.manifests.get(ref)) === undefined;
  },
  async "refuses a blob of another size than the manifest says"(api) {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    const manifests = await open(api, store);
    const bytes = imageBytes([{ ...layer, size: layer.size + 1 }]);
    return (await endOf(manifests.put(ref, bytes))) === "MANIFEST_INVALID";
  },
  async "refuses a blob of the right size with other bytes"(api) {
    await using store = await openTestStore();
    const layer = describeText("layer");
    const path = store.layout.paths.blob(layer.digest);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "LAYER");
    await chmod(path, 0o444);
    const manifests = await open(api, store);
    return (await endOf(manifests.put(ref, imageBytes([layer])))) !== "done";
  },
  async "relinks to other bytes of the same size"(api) {
    await using store = await openTestStore();
    const manifests = await open(api, store);
    const [one, two] = [
      imageBytes([await addBlob(store.blobs, "one")]),
      imageBytes([await addBlob(store.blobs, "two")]),
    ];
    await manifests.put(ref, one);
    await manifests.put(ref, two);
    const found = await store.manifests.get(ref);
    return found !== undefined && textOf(found.bytes) === textOf(two);
  },
  async "has the manifest as a blob before the name is seen"(api) {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    let there = false;
    const manifests = await open(api, store, {
      beforeNaming: async () => {
        there = (await store.blobs.stat(describeText(textOf(bytes)).digest)) !== undefined;
      },
    });
    await endOf(manifests.put(ref, bytes));
    return there;
  },
  async "leaves a name to whoever made it first"(api) {
    await using store = await openTestStore();
    const [mine, theirs] = [
      imageBytes([await addBlob(store.blobs, "mine")]),
      imageBytes([await addBlob(store.blobs, "theirs")]),
    ];
    const manifests = await open(api, store, {
      beforeNaming: async (path) => writeFile(path, theirs),
    });
    const end = await endOf(manifests.put(ref, mine, { ifMatch: null }));
    const found = await store.manifests.get(ref);
    return end === "MANIFEST_CHANGED" && textOf(found?.bytes ?? mine) === textOf(theirs);
  },
  async "swaps only what it was told to expect, up to the last instant"(api) {
    await using store = await openTestStore();
    const [old, mine, theirs] = [
      imageBytes([await addBlob(store.blobs, "old")]),
      imageBytes([await addBlob(store.blobs, "mine")]),
      imageBytes([await addBlob(store.blobs, "theirs")]),
    ];
    await store.manifests.put(ref, old);
    const manifests = await open(api, store, {
      beforeWriting: () => writeByHand(store, "h/n/m/t", theirs),
    });
    const ifMatch = describeText(textOf(old)).digest;
    const end = await endOf(manifests.put(ref, mine, { ifMatch }));
    const found = await store.manifests.get(ref);
    return end === "MANIFEST_CHANGED" && textOf(found?.bytes ?? mine) === textOf(theirs);
  },
  async "unlinks only what it was told to expect"(api) {
    await using store = await openTestStore();
    await store.manifests.put(ref, imageBytes([await addBlob(store.blobs, "layer")]));
    const manifests = await open(api, store);
    const ifMatch = describeText("something else").digest;
    return (await endOf(manifests.unlink(ref, { ifMatch }))) === "MANIFEST_CHANGED";
  },
  async "gives way to another spelling made at the same instant"(api) {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const manifests = await open(api, store, {
      beforeNaming: () => writeByHand(store, "H/n/m/t", bytes),
    });
    const end = await endOf(manifests.put(ref, bytes));
    return end === "NAME_CONFLICT" && (await collect(store.manifests.list())).length === 1;
  },
  async "withdraws nothing but its own file"(api) {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    const bytes = imageBytes([layer]);
    const path = join(store.root, "manifests/h/n/m/t");
    let looks = 0;
    const manifests = await open(api, store, {
      wrap: (blobs) => ({
        ...blobs,
        async ensureVerified(digest, options) {
          if (digest === layer.digest) looks += 1;
          if (looks < 2) return blobs.ensureVerified(digest, options);
          await writeFile(`${path}.new`, bytes);
          await quickFs.rename(`${path}.new`, path);
          return undefined;
        },
      }),
    });
    const end = await endOf(manifests.put(ref, bytes));
    return end === "MANIFEST_BLOB_MISSING" && (await store.manifests.get(ref)) !== undefined;
  },
  async "finds a name in any case"(api) {
    await using store = await openTestStore();
    await store.manifests.put(ref, imageBytes([await addBlob(store.blobs, "layer")]));
    const manifests = await open(api, store);
    return (await manifests.get(nameOf("H/N/M:T"))) !== undefined;
  },
  async "releases nothing that another name needs"(api) {
    await using store = await openTestStore();
    const [shared, own] = [await addBlob(store.blobs, "shared"), await addBlob(store.blobs, "own")];
    await store.manifests.put(nameOf("h/n/other:t"), imageBytes([shared]));
    await store.manifests.put(ref, imageBytes([shared, own]));
    const manifests = await open(api, store);
    const { released } = await manifests.remove(ref);
    return released.includes(own.digest) && !released.includes(shared.digest);
  },
  async "stops a sweep at a name that cannot be read"(api) {
    const ends: string[] = [];
    for (const text of ["", "{", "[]", '{"schemaVersion":3,"layers":[]}']) {
      await using store = await openTestStore();
      await writeByHand(store, "h/n/m/t", text);
      ends.push(await endOf(collect((await open(api, store)).roots())));
    }
    return ends.every((end) => end === "ROOT_UNREADABLE");
  },
  async "stops a sweep at a link where a directory would be"(api) {
    await using store = await openTestStore();
    await mkdir(join(store.root, "manifests/h"), { recursive: true });
    await symlink("h", join(store.root, "manifests/alias"));
    return (await endOf(collect((await open(api, store)).roots()))) === "ROOT_UNREADABLE";
  },
  async "removes nothing behind a link"(api) {
    await using store = await openTestStore();
    await writeByHand(store, "elsewhere/n/m/t", "theirs");
    await symlink("elsewhere", join(store.root, "manifests/h"));
    return (await endOf((await open(api, store)).unlink(ref))) === "NOT_A_DIRECTORY";
  },
  async "takes nothing for an empty set of names"(api) {
    await using store = await openTestStore();
    await mkdir(store.root, { recursive: true });
    await symlink("/nonexistent/disk", join(store.root, "manifests"));
    return (await endOf(collect((await open(api, store)).roots()))) === "ROOT_UNREADABLE";
  },
  async "keeps what a manifest needs whose path is no name"(api) {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    await writeByHand(store, "h/n/m/no name", imageBytes([layer]));
    const roots = await collect((await open(api, store)).roots());
    return roots.some(({ digests }) => digests.includes(layer.digest));
  },
  async "keeps the manifest's own blob, and all below an index"(api) {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    const child = await addBlob(store.blobs, textOf(imageBytes([layer])));
    const { digest } = await store.manifests.put(ref, indexBytes([child]));
    const [root] = await collect((await open(api, store)).roots());
    return [digest, child.digest, layer.digest].every((one) => root?.digests.includes(one));
  },
};
