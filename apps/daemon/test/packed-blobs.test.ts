import { expect, it } from "vitest";

import { type Digest, digestBytes } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { packBlobs, unpackBlobs } from "@store/pack";

import { bytesOf, createAsk } from "./support/ask.ts";
import { createTestStore } from "./support/test-store.ts";

const contents = Array.from({ length: 6 }, (_, seed) => createContent(3_000 + seed, seed));

it("serves a packed blob exactly as it served the loose one", async () => {
  await using store = await createTestStore();
  const ask = createAsk(store);
  const content = createContent(9_000, 40);
  const digest = await store.add(content);
  const answers = async (): Promise<unknown> => {
    const whole = await ask(`/v1/blobs/${digest}`);
    const part = await ask(`/v1/blobs/${digest}`, { range: "bytes=100-199" });
    return {
      whole: [whole.status, Object.fromEntries(whole.headers), await bytesOf(whole)],
      part: [part.status, Object.fromEntries(part.headers), await bytesOf(part)],
    };
  };
  const before = await answers();
  expect((await packBlobs(store.layout, [digest])).moved).toEqual([digest]);
  expect(await answers()).toEqual(before);
});

it("serves blobs while they move into packs and back", async () => {
  await using store = await createTestStore();
  const ask = createAsk(store);
  const digests: Digest[] = [];
  for (const content of contents) digests.push(await store.add(content));
  const moved = new AbortController();
  const readers = digests.map(async (digest) => {
    let count = 0;
    for (; !moved.signal.aborted; count += 1) {
      const response = await ask(`/v1/blobs/${digest}`);
      expect(response.status).toBe(200);
      expect(digestBytes(await bytesOf(response))).toBe(digest);
    }
    return count;
  });
  for (let round = 0; round < 8; round += 1) {
    await packBlobs(store.layout, digests);
    await unpackBlobs(store.layout, digests);
  }
  moved.abort();
  expect(Math.min(...(await Promise.all(readers)))).toBeGreaterThan(0);
});
