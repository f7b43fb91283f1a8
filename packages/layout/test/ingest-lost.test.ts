import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes, type Ingest, openBlobStore } from "@store/layout";
import {
  createContent,
  createTemporaryLayout,
  expectStoreError,
  type TemporaryLayout,
} from "@store/layout/testing";
import { describe, expect, it } from "vitest";

const content = createContent(50_000, 36);
const digest = digestBytes(content);
const half = content.length / 2;

const ways: Readonly<Record<string, (directory: string) => Promise<void>>> = {
  removed: (directory) => rm(directory, { recursive: true }),
  "taken over": (directory) => rename(directory, `${directory.slice(0, -16)}${"0".repeat(16)}`),
};

describe.each(Object.entries(ways))("a transfer whose directory was %s", (_how, takeAway) => {
  async function begin(temporary: TemporaryLayout): Promise<Ingest> {
    const target = { digest, size: content.length };
    const ingest = await openBlobStore(temporary.layout).ingest(target);
    await ingest.writeAt(0, content.subarray(0, half));
    const { paths } = temporary.layout;
    const name = (await readdir(paths.fanout(digest))).find((one) => one.startsWith(".partial-"));
    await takeAway(join(paths.fanout(digest), name ?? ""));
    return ingest;
  }

  it("says so when it records what it has", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await begin(temporary);
    await expectStoreError(ingest.checkpoint(), "ERR_STORE_INGEST_LOST");
    await expectStoreError(ingest.writeAt(half, content.subarray(half)), "ERR_STORE_INGEST_LOST");
    await expectStoreError(ingest.commit(), "ERR_STORE_INGEST_LOST");
  });

  it("says so when it is complete", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await begin(temporary);
    await ingest.writeAt(half, content.subarray(half));
    await expectStoreError(ingest.commit(), "ERR_STORE_INGEST_LOST");
  });

  it("is done if the blob has come another way", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await begin(temporary);
    await openBlobStore(temporary.layout).add(content);
    await ingest.writeAt(half, content.subarray(half));
    expect(await ingest.commit()).toMatchObject({ digest });
  });

  it("is given up without a word", async () => {
    await using temporary = await createTemporaryLayout();
    await (await begin(temporary)).discard();
    await (await begin(temporary))[Symbol.asyncDispose]();
  });
});
