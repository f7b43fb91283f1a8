import { chmod, writeFile } from "node:fs/promises";

import {
  CHUNK_BYTES,
  digestBytes,
  openRepair,
  readOrigins,
  recordOrigin,
  StoreError,
} from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createOciSource,
  createUrlSource,
  pull,
  type PullPorts,
  repair,
  type RepairPorts,
} from "../src/index.ts";
import {
  createFakeHub,
  createFakeRegistry,
  type FakeHub,
  type FakeRegistry,
} from "../src/testing/index.ts";
import { openPorts, type TestPorts } from "./open-ports.ts";

const content = createContent(CHUNK_BYTES + 70_000, 66);
const digest = digestBytes(content);

/** What a place says of its files that nobody can use. */
const listings: Readonly<Record<string, string>> = {
  "with other bytes than its digest": '{"layers":[ ]}',
  "that is none": "<html>",
};

let hub: FakeHub;
let mirror: FakeHub;
let registry: FakeRegistry;
beforeEach(async () => {
  const repositories = { "org/m": { files: { "m.bin": content } } };
  hub = await createFakeHub({ repositories });
  mirror = await createFakeHub({ repositories });
  registry = await createFakeRegistry();
  const layers = [{ mediaType: "application/x", bytes: content }];
  registry.addModel("org/m", "latest", { layers });
});
afterEach(async () => {
  await Promise.all([hub.close(), mirror.close(), registry.close()]);
});

/** A store whose registry answers with such a listing. */
async function openStore(listing: string): Promise<TestPorts> {
  const lie: typeof fetch = async (input, init) => {
    const { status, headers } = await fetch(input, init);
    const own = listing.startsWith("{") ? headers : {};
    return new Response(listing, { status, headers: own });
  };
  return openPorts([
    createHuggingFaceSource({ endpoint: hub.endpoint }),
    createUrlSource(),
    createOciSource({ fetch: lie }),
  ]);
}

const liar = (): string => `oci+http://${registry.host}/org/m`;

/** Ports of pulls and repairs that remember where blobs came from. */
function withRecords({ ports, layout }: TestPorts): PullPorts & RepairPorts {
  return {
    ...ports,
    recordOrigin: (blob, origin) => recordOrigin(layout, blob, origin),
    readOrigins: (blob) => readOrigins(layout, blob),
    openRepair: (target, options) => openRepair(layout, target, options),
  };
}

/** Pulls the model, and damages the second of the two chunks it has. */
async function damage(store: TestPorts, ports: PullPorts): Promise<void> {
  await pull("hf.co/org/m", ports);
  const path = store.layout.paths.blob(digest);
  await chmod(path, 0o644);
  await writeFile(path, content.with(CHUNK_BYTES + 5, (content[CHUNK_BYTES + 5] ?? 0) ^ 1));
}

describe.each(Object.entries(listings))("a place with a listing %s", (_what, listing) => {
  const gone = { refuse: { status: 404, times: 1_000, server: "cdn" } } as const;

  it("as a mirror is passed over", async () => {
    await using store = await openStore(listing);
    hub.setFaults(gone);
    const url = `${mirror.endpoint}/org/m/resolve/main/m.bin`;
    const { files, bytesFetched } = await pull("hf.co/org/m", store.ports, {
      mirrors: [liar(), url],
    });
    expect(files).toMatchObject([{ digest }]);
    expect(bytesFetched).toBe(content.length);
  });

  it("as the only mirror is told of beside what the first place said", async () => {
    await using store = await openStore(listing);
    hub.setFaults(gone);
    const pulling = pull("hf.co/org/m", store.ports, { mirrors: [liar()] });
    const error = await expectStoreError(pulling, "ERR_STORE_MODEL_NOT_FOUND");
    expect(error.detail).toMatchObject({ others: ["ERR_STORE_UPSTREAM_ERROR"] });
  });

  it("is passed over by a repair, and ends it where there is no other", async () => {
    await using store = await openStore(listing);
    const ports = withRecords(store);
    await damage(store, ports);
    const from = [liar()];
    const alone = repair({ digest }, { ...ports, readOrigins: async () => [] }, { from });
    await expectStoreError(alone, "ERR_STORE_UPSTREAM_ERROR");
    expect(await repair({ digest }, ports, { from })).toMatchObject({ repaired: true });
  });
});

it("a repair ends where a place calls its own failure a wrong digest", async () => {
  await using store = await openStore("");
  const ports = withRecords(store);
  await damage(store, ports);
  const open = async (): Promise<never> => {
    throw new StoreError("wrong, it says", {
      kind: "corrupt",
      code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    });
  };
  const sources = ports.sources.map((source) => ({ ...source, open }));
  const repairing = repair({ digest }, { ...ports, sources });
  await expectStoreError(repairing, "ERR_STORE_BLOB_DIGEST_MISMATCH");
});
