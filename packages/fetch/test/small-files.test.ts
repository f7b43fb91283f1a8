import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import { createHuggingFaceSource, pull, type Source } from "../src/index.ts";
import { createFakeHub, type FakeFile } from "../src/testing/index.ts";
import { openPorts } from "./open-ports.ts";

const names = Array.from({ length: 100 }, (_, index) => `part-${String(index).padStart(3, "0")}`);
const location = "hf.co/org/model";

/** Small files of both kinds: such that have a SHA-256, and such that have git's hash alone. */
const smallFiles = (): Record<string, FakeFile> =>
  Object.fromEntries(
    names.map((name, index) => [
      index % 2 === 0 ? `${name}.json` : `${name}.bin`,
      createContent(index * 40, index),
    ]),
  );

/** Counts the answers that are being read. */
function watchRequests(source: Source): { readonly source: Source; most: number; total: number } {
  const watched = { source, most: 0, total: 0 };
  let open = 0;
  watched.source = {
    ...source,
    async open(...args) {
      open += 1;
      watched.total += 1;
      watched.most = Math.max(watched.most, open);
      const opened = await source.open(...args);
      async function* body(): AsyncGenerator<Uint8Array> {
        try {
          yield* opened.body;
        } finally {
          open -= 1;
        }
      }
      return { ...opened, body: body() };
    },
  };
  return watched;
}

it("fetches small files several at once, each in one request", async () => {
  await using hub = await createFakeHub({ repositories: { "org/model": { files: smallFiles() } } });
  const watched = watchRequests(createHuggingFaceSource({ endpoint: hub.endpoint }));
  await using store = await openPorts([watched.source]);
  const { files, bytesFetched } = await pull(location, store.ports);
  expect(files).toHaveLength(100);
  for (const [index, { path, digest }] of files.entries()) {
    expect(path).toContain(names[index]);
    expect(digest).toBe(digestBytes(createContent(index * 40, index)));
  }
  expect(bytesFetched).toBe((99 * 100 * 40) / 2);
  // The empty one needs none.
  expect(watched.total).toBe(99);
  expect(watched.most).toBeGreaterThan(4);
  expect(watched.most).toBeLessThanOrEqual(16);
});

it("takes no small file whose bytes are wrong, and keeps the others", async () => {
  const files = smallFiles();
  await using hub = await createFakeHub({ repositories: { "org/model": { files } } });
  const source = createHuggingFaceSource({ endpoint: hub.endpoint });
  for (const [path, index] of [
    ["part-050.json", 50],
    ["part-051.bin", 51],
  ] as const) {
    const wrong: Source = {
      ...source,
      async open(model, file, range, options) {
        const opened = await source.open(model, file, range, options);
        if (file.path !== path) return opened;
        await opened.body[Symbol.asyncIterator]().return?.();
        async function* body(): AsyncGenerator<Uint8Array> {
          yield new Uint8Array(index * 40);
        }
        return { ...opened, body: body() };
      },
    };
    await using store = await openPorts([wrong]);
    const { blobs, manifests } = store.ports;
    await expectStoreError(pull(location, store.ports), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    expect(await blobs.stat(digestBytes(new Uint8Array(index * 40)))).toBeUndefined();
    expect(await blobs.stat(digestBytes(createContent(index * 40, index)))).toBeUndefined();
    const sound = await pull(location, {
      sources: [source],
      blobs,
      manifests,
      leases: store.ports.leases,
    });
    expect(sound.files).toHaveLength(100);
  }
});
