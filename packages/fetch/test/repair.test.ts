import { chmod, readFile, unlink, writeFile } from "node:fs/promises";

import {
  CHUNK_BYTES,
  type Digest,
  digestBytes,
  openLayout,
  openRepair,
  readOrigins,
  recordOrigin,
} from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createPolicy,
  createUrlSource,
  pull,
  repair,
  type RepairOptions,
  type RepairResult,
} from "../src/index.ts";
import { createFakeHub, type FakeHub } from "../src/testing/index.ts";
import { openPorts } from "./open-ports.ts";

const content = createContent(2 * CHUNK_BYTES + 1_000, 55);
const digest = digestBytes(content);
const size = content.length;
const files = { "m.bin": content };

interface World extends AsyncDisposable {
  readonly hub: FakeHub;
  readonly mirror: FakeHub;
  /** The mirror's location of the file. */
  readonly url: string;
  readonly path: string;
  readonly chunks: string;
  damage(offset: number): Promise<void>;
  repair(options?: RepairOptions): Promise<RepairResult>;
  digest(): Promise<Digest>;
}

/** A model that was pulled from a hub. */
async function openWorld(): Promise<World> {
  const repositories = { "org/m": { files } };
  const hub = await createFakeHub({ repositories });
  const mirror = await createFakeHub({ repositories });
  const sources = [createHuggingFaceSource({ endpoint: hub.endpoint }), createUrlSource()];
  const store = await openPorts(sources);
  const layout = await openLayout(store.root);
  await pull("hf.co/org/m", {
    ...store.ports,
    recordOrigin: (blob, origin) => recordOrigin(layout, blob, origin),
  });
  const path = layout.paths.blob(digest);
  return {
    hub,
    mirror,
    url: `${mirror.endpoint}/org/m/resolve/main/m.bin`,
    path,
    chunks: layout.paths.chunks(digest),
    async damage(offset) {
      const bytes = await readFile(path);
      bytes[offset] = (bytes[offset] ?? 0) ^ 1;
      await chmod(path, 0o644);
      await writeFile(path, bytes);
    },
    repair: (options) =>
      repair(
        { digest },
        {
          ...store.ports,
          openRepair: (target, open) => openRepair(layout, target, open),
          readOrigins: (blob) => readOrigins(layout, blob),
        },
        options,
      ),
    digest: async () => digestBytes(await readFile(path)),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await Promise.all([hub.close(), mirror.close()]);
    },
  };
}

describe("a repair", () => {
  it("asks nobody where nothing is wrong", async () => {
    await using world = await openWorld();
    const { length } = world.hub.requests;
    expect(await world.repair()).toMatchObject({ repaired: false, bytesFetched: 0 });
    expect(world.hub.requests).toHaveLength(length);
  });

  it("fetches the damaged chunk by the recorded commit, without any listing", async () => {
    await using world = await openWorld();
    await world.damage(CHUNK_BYTES + 5);
    const { length } = world.hub.requests;
    const done = await world.repair();
    expect(done).toEqual({
      digest,
      repaired: true,
      bytesFetched: CHUNK_BYTES,
      bytesKept: size - CHUNK_BYTES,
    });
    expect(await world.digest()).toBe(digest);
    const asked = world.hub.requests.slice(length).map(({ url }) => url);
    expect(asked.filter((url) => url.includes("/api/"))).toEqual([]);
  });

  it("fetches everything where nobody recorded the sums", async () => {
    await using world = await openWorld();
    await world.damage(5);
    await unlink(world.chunks);
    expect(await world.repair()).toMatchObject({ bytesFetched: size, bytesKept: 0 });
    expect(await world.digest()).toBe(digest);
  });

  it("fetches everything where the recorded sums are those of other bytes", async () => {
    await using world = await openWorld();
    const before = await readFile(world.chunks);
    await using other = await openWorld();
    // The sums as they would be with a wrong first chunk, which is then taken for a good one.
    const wrong = content.slice();
    wrong[9] = (wrong[9] ?? 0) ^ 1;
    const store = await openPorts([]);
    await store.ports.blobs.add(wrong);
    const sums = (await openLayout(store.root)).paths.chunks(digestBytes(wrong));
    await world.damage(9);
    await writeFile(world.chunks, await readFile(sums));
    expect(before.length).toBe((await readFile(world.chunks)).length);
    await store[Symbol.asyncDispose]();
    expect(await world.repair()).toMatchObject({ repaired: true, bytesFetched: size });
    expect(await world.digest()).toBe(digest);
    expect(await other.repair()).toMatchObject({ repaired: false });
  });

  it("asks the next place for the damaged chunk alone, where one sends a wrong one", async () => {
    await using world = await openWorld();
    await world.damage(CHUNK_BYTES + 5);
    world.mirror.setFaults({ flip: { path: "m.bin", offset: CHUNK_BYTES + 7 } });
    const before = world.hub.bytesServed;
    expect(await world.repair({ from: [world.url] })).toMatchObject({ bytesFetched: CHUNK_BYTES });
    expect(world.hub.bytesServed - before).toBe(CHUNK_BYTES);
    expect(await world.digest()).toBe(digest);
  });

  it("blames no place for what another brought in an earlier attempt", async () => {
    await using world = await openWorld();
    await world.damage(CHUNK_BYTES + 5);
    const gone = { refuse: { status: 404, times: 1_000 } } as const;
    world.hub.setFaults(gone);
    world.mirror.setFaults({
      flip: { path: "m.bin", offset: CHUNK_BYTES + 7 },
      cut: { afterBytes: 1_000_000 },
    });
    const options = { from: [world.url], connections: 1, retry: { attemptsMax: 1 } };
    await expectStoreError(world.repair(options), "ERR_STORE_UPSTREAM_ERROR");
    world.hub.setFaults({});
    const before = world.hub.bytesServed;
    expect(await world.repair()).toMatchObject({ bytesKept: size - CHUNK_BYTES });
    // The rest of the chunk, and then all of it; never what is right.
    expect(world.hub.bytesServed - before).toBeLessThan(2 * CHUNK_BYTES);
    expect(await world.digest()).toBe(digest);
  });

  it("takes no byte of a place whose file has another size", async () => {
    await using world = await openWorld();
    await world.damage(CHUNK_BYTES + 5);
    await world.mirror.setRepository("org/m", { files: { "m.bin": content.subarray(0, -1) } });
    expect(await world.repair({ from: [world.url] })).toMatchObject({ bytesFetched: CHUNK_BYTES });
    // One byte to learn the size.
    expect(world.mirror.bytesServed).toBeLessThanOrEqual(1);
    const { path } = world;
    await chmod(path, 0o644);
    await writeFile(path, "");
    await world.hub.setRepository("org/m", { files: {} });
    const error = await expectStoreError(
      world.repair({ from: [world.url] }),
      "ERR_STORE_BLOB_SIZE_MISMATCH",
    );
    expect(error.detail).toMatchObject({ expected: size, actual: size - 1 });
  });

  it("leaves the blob as it was, and keeps what came, where it cannot end", async () => {
    await using world = await openWorld();
    await world.damage(CHUNK_BYTES + 5);
    const wrong = await world.digest();
    world.hub.setFaults({ cut: { afterBytes: 1_000_000 } });
    await expectStoreError(world.repair({ retry: { attemptsMax: 1 } }), "ERR_STORE_UPSTREAM_ERROR");
    expect(await world.digest()).toBe(wrong);
    world.hub.setFaults({});
    // One connection or several brought as much each.
    const { bytesFetched } = await world.repair();
    expect(bytesFetched).toBeLessThanOrEqual(CHUNK_BYTES - 1_000_000);
    expect(await world.digest()).toBe(digest);
  });

  it("goes where it may only", async () => {
    await using world = await openWorld();
    await world.damage(5);
    const policy = createPolicy({ allowedHosts: ["elsewhere.example"] });
    await expectStoreError(world.repair({ policy }), "ERR_STORE_POLICY_REFUSED");
  });

  it("ends at once when it is told to", async () => {
    await using world = await openWorld();
    await world.damage(5);
    const reason = new Error("enough");
    await expect(world.repair({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
