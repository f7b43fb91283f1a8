import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes, openLayout, readOrigins, recheckBlob, recordOrigin } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createPolicy,
  createUrlSource,
  pull,
  type PullEvent,
  type PullOptions,
  type PullResult,
} from "../src/index.ts";
import { createFakeHub, type FakeHub, type FakeHubFaults } from "../src/testing/index.ts";
import { openPorts, type TestPorts } from "./open-ports.ts";

const MIB = 1024 * 1024;
const content = createContent(3 * MIB + 77, 61);
const digest = digestBytes(content);
const small = new TextEncoder().encode('{"architectures": []}\n');

interface World extends AsyncDisposable {
  readonly hub: FakeHub;
  /** Two further servers with the same file. */
  readonly mirrors: readonly FakeHub[];
  /** Their locations of the large file. */
  readonly urls: readonly string[];
  readonly store: TestPorts;
  readonly events: PullEvent[];
  pull(options?: PullOptions): Promise<PullResult>;
}

/** A hub and two mirrors, which do wrong what they are told. */
async function openWorld(...faults: readonly FakeHubFaults[]): Promise<World> {
  const repositories = { "org/m": { files: { "m.bin": content } } };
  const hubs = await Promise.all(
    [0, 1, 2].map((index) => createFakeHub({ repositories, faults: faults[index] ?? {} })),
  );
  const [hub, ...mirrors] = hubs;
  if (hub === undefined) throw new TypeError("no hub");
  const sources = [createHuggingFaceSource({ endpoint: hub.endpoint }), createUrlSource()];
  const store = await openPorts(sources);
  const layout = await openLayout(store.root);
  const events: PullEvent[] = [];
  const urls = mirrors.map(({ endpoint }) => `${endpoint}/org/m/resolve/main/m.bin`);
  const ports = {
    ...store.ports,
    recordOrigin: (...[blob, origin]: [typeof digest, { readonly location: string }]) =>
      recordOrigin(layout, blob, origin),
    readOrigins: (blob: typeof digest) => readOrigins(layout, blob),
  };
  return {
    hub,
    mirrors,
    urls,
    store,
    events,
    pull: (options) =>
      pull("hf.co/org/m", ports, {
        mirrors: urls,
        connections: 2,
        onProgress: (event) => events.push(event),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await Promise.all(hubs.map((one) => one.close()));
    },
  };
}

const takeovers = ({ events }: World): readonly string[] =>
  events.flatMap((event) => (event.kind === "takeover" ? event.location : []));

async function listQuarantine({ store }: World): Promise<readonly string[]> {
  const names = await readdir(join(store.root, "locks", "quarantine")).catch(() => []);
  return names.filter((name) => name.endsWith(".bin"));
}

const gone: FakeHubFaults = { refuse: { status: 404, times: 1_000, server: "cdn" } };
const flipAt = (offset: number): FakeHubFaults => ({ flip: { path: "m.bin", offset } });

describe("where one place fails, the next one", () => {
  it("brings the file", async () => {
    await using world = await openWorld(gone);
    const result = await world.pull();
    expect(result.files).toMatchObject([{ path: "m.bin", digest }]);
    expect(takeovers(world)).toEqual([world.urls[0]]);
    expect(world.mirrors[1]?.requests).toEqual([]);
  });

  it("brings only what is missing", async () => {
    const half = MIB + 500_000;
    // Every connection ends after so many bytes, and soon there are no more.
    await using world = await openWorld({ cut: { afterBytes: half } });
    world.events.push = (...events) => {
      if (events[0]?.kind === "retry") world.hub.setFaults(gone);
      return Array.prototype.push.apply(world.events, events);
    };
    const { bytesFetched } = await world.pull({ connections: 1 });
    expect(bytesFetched).toBe(content.length);
    expect(takeovers(world)).toEqual([world.urls[0]]);
    const served = world.mirrors[0]?.bytesServed ?? 0;
    expect(served).toBeLessThanOrEqual(content.length - half + 1);
    expect(served).toBeGreaterThan(0);
  });

  it("is asked in the order given, and their failures are told with the first", async () => {
    const all = { refuse: { status: 404, times: 1_000 } };
    await using world = await openWorld(gone, all, all);
    const error = await expectStoreError(world.pull(), "ERR_STORE_MODEL_NOT_FOUND");
    expect(error.message).toContain("no other place helped");
    expect(error.detail).toMatchObject({
      others: ["ERR_STORE_MODEL_NOT_FOUND", "ERR_STORE_MODEL_NOT_FOUND"],
    });
  });

  it("is asked for nothing while all is well", async () => {
    await using world = await openWorld();
    await world.pull();
    expect(world.mirrors.flatMap(({ requests }) => requests)).toEqual([]);
  });

  it("takes over from a hub that has another file there by now", async () => {
    const other = { files: { "m.bin": content.slice().reverse() } };
    await using world = await openWorld(gone);
    await world.mirrors[0]?.setRepository("org/m", other);
    expect((await world.pull()).files).toMatchObject([{ digest }]);
    // The one that failed is not known to be wrong, so it is asked once more.
    expect(takeovers(world)).toEqual([world.urls[0], "hf.co/org/m", world.urls[1]]);
    expect(await listQuarantine(world)).toHaveLength(1);
  });

  it("is not asked where it may not be", async () => {
    await using world = await openWorld(gone);
    const policy = createPolicy({ allowedHosts: [new URL(world.hub.endpoint).host] });
    const error = await expectStoreError(world.pull({ policy }), "ERR_STORE_MODEL_NOT_FOUND");
    expect(error.detail).toMatchObject({
      others: ["ERR_STORE_POLICY_REFUSED", "ERR_STORE_POLICY_REFUSED"],
    });
    expect(world.mirrors.every(({ bytesServed }) => bytesServed <= 1)).toBe(true);
  });

  it("must be a location, which is seen before anything is fetched", async () => {
    await using world = await openWorld();
    await expectStoreError(world.pull({ mirrors: ["nonsense"] }), "ERR_STORE_LOCATION_UNKNOWN");
    expect(world.hub.requests).toEqual([]);
  });

  it("may be one that is on record for the same bytes", async () => {
    await using world = await openWorld(gone);
    const layout = await openLayout(world.store.root);
    const [location = ""] = world.urls;
    await world.store.ports.blobs.put({ digest, size: content.length }, content);
    await recordOrigin(layout, digest, { location, path: "m.bin" });
    // Its bytes go bad, and are moved away.
    const path = layout.paths.blob(digest);
    await chmod(path, 0o644);
    await writeFile(path, "other bytes");
    expect(await recheckBlob(layout, digest)).toBe(false);
    expect((await world.pull({ mirrors: [] })).files).toMatchObject([{ digest }]);
    expect(takeovers(world)).toEqual([location]);
  });
});

describe("where one place sends wrong bytes", () => {
  it("the next one brings the file, and the wrong bytes are kept with a report", async () => {
    await using world = await openWorld(flipAt(2 * MIB));
    const { bytesFetched } = await world.pull();
    expect(bytesFetched).toBe(2 * content.length);
    expect(takeovers(world)).toEqual([world.urls[0]]);
    const kept = await listQuarantine(world);
    expect(kept).toHaveLength(1);
    const directory = join(world.store.root, "locks", "quarantine");
    const note = await readFile(join(directory, kept[0]?.replace(/bin$/, "json") ?? ""), "utf8");
    expect(JSON.parse(note)).toMatchObject({ expected: digest, origin: "hf.co/org/m" });
    expect(await world.store.ports.blobs.ensureVerified(digest)).toMatchObject({ verified: true });
  });

  it("one that has another file is passed over", async () => {
    await using world = await openWorld(flipAt(2 * MIB));
    const other = { "a.bin": small, "b.bin": small };
    await world.mirrors[0]?.setRepository("org/m", { files: other });
    const [elsewhere = "", right = ""] = world.urls;
    const listing = elsewhere.replace("/org/m/resolve/main/m.bin", "/org/m/resolve/main/a.bin");
    expect((await world.pull({ mirrors: [listing, right] })).files).toMatchObject([{ digest }]);
    expect(takeovers(world).at(-1)).toBe(right);
  });

  it("after another had failed, nobody is asked for a byte twice", async () => {
    // The hub breaks half way, the first mirror sends a wrong byte in the other half.
    await using world = await openWorld({ cut: { afterBytes: 2 * MIB } }, flipAt(3 * MIB));
    world.events.push = (...events) => {
      if (events[0]?.kind === "retry") world.hub.setFaults(gone);
      return Array.prototype.push.apply(world.events, events);
    };
    expect((await world.pull({ connections: 1 })).files).toMatchObject([{ digest }]);
    const [wrong, right] = world.mirrors;
    expect(wrong?.bytesServed).toBeLessThanOrEqual(content.length + 1);
    expect(right?.bytesServed).toBeLessThanOrEqual(content.length + 1);
    expect(world.hub.bytesServed).toBeLessThanOrEqual(content.length);
  });

  it("and nobody has right ones, nothing is published", async () => {
    await using world = await openWorld(flipAt(1), flipAt(2), flipAt(3));
    const error = await expectStoreError(world.pull(), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    expect(error.detail).toMatchObject({ expected: digest });
    expect(await world.store.ports.blobs.stat(digest)).toBeUndefined();
    expect(await listQuarantine(world)).toHaveLength(3);
  });

  it("in an earlier run, they are fetched again from the only place there is", async () => {
    await using world = await openWorld();
    {
      const target = { digest, size: content.length };
      await using ingest = await world.store.ports.blobs.ingest(target);
      await ingest.writeAt(0, new Uint8Array(MIB));
    }
    const { bytesFetched } = await world.pull({ mirrors: [] });
    expect(bytesFetched).toBe(content.length);
    expect(await world.store.ports.blobs.ensureVerified(digest)).toMatchObject({ verified: true });
  });
});

it("a small file that only git's hash is known of comes from a mirror of its repository", async () => {
  const repositories = { "org/m": { files: { "config.json": small } } };
  const faults = { flip: { path: "config.json", offset: 3 } };
  await using hub = await createFakeHub({ repositories, faults });
  await using mirror = await createFakeHub({ repositories });
  await using store = await openPorts([
    createHuggingFaceSource({ endpoint: hub.endpoint }),
    createUrlSource(),
  ]);
  const { files } = await pull("hf.co/org/m", store.ports, {
    mirrors: [`${mirror.endpoint}/org/m/resolve/main/config.json`],
  });
  expect(files).toMatchObject([{ digest: digestBytes(small) }]);
});
