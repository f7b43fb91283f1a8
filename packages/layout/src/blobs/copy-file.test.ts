import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { createDirectWrite, openDirectOr } from "../fs/direct-writes.ts";
import type { FsFile, FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { createContent } from "../testing/content.ts";
import { createFaultyFs } from "../testing/faulty-fs.ts";
import { copyLarge, copySmall } from "./copy-file.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-copy-"));
});
afterAll(() => rm(directory, { recursive: true }));

interface Copying {
  readonly source: FsFile;
  readonly target: FsFile;
  openDirect(): Promise<FsFile>;
}

const ways: Readonly<Record<string, (copying: Copying) => Promise<BlobHashes>>> = {
  "a small copy": ({ source, target }) => copySmall(source, target),
  "a large copy": ({ source, target }) =>
    copyLarge(source, (bytes, position) => writeFully(target, bytes, position)),
  "a large copy past the page cache": ({ source, target, openDirect }) =>
    copyLarge(source, createDirectWrite(openDirect, target)),
};

describe.each(Object.entries(ways))("%s", (name, copy) => {
  async function run(fs: FsPort, from: string, to: string): Promise<BlobHashes> {
    const source = await fs.open(from, "read");
    const target = await fs.open(to, "create");
    let direct: Promise<FsFile> | undefined;
    const openDirect = (): Promise<FsFile> => (direct ??= openDirectOr(fs, to, target));
    try {
      return await copy({ source, target, openDirect });
    } finally {
      for (const file of [source, target, await direct]) await file?.close().catch(() => {});
    }
  }

  it.each([0, 1, 4096, 4097, 9_000_000, 2 * 4 * 1024 * 1024])(
    "of %i bytes has the same bytes, and hashes those",
    async (size) => {
      const content = createContent(size, 1 + size);
      const from = join(directory, `from-${name}-${size}`);
      const to = join(directory, `to-${name}-${size}`);
      await writeFile(from, content);
      const hashes = await run(nodeFs, from, to);
      expect(hashes.digest).toBe(digestBytes(content));
      expect(digestBytes(await readFile(to))).toBe(hashes.digest);
    },
  );

  it("fails when the disk takes less than it was given, at any write", async () => {
    const from = join(directory, `full-from-${name}`);
    await writeFile(from, createContent(6_000_001, 9));
    for (let at = 1, struck = true; struck && at < 40; at += 1) {
      const fs = createFaultyFs(nodeFs, { kind: "short-write", at });
      const outcome = await run(fs, from, join(directory, `full-${name}-${at}`)).then(
        () => "done",
        (error: unknown) => error,
      );
      const cut = (fs.calls[at - 1] ?? "").startsWith("write");
      if (cut)
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/NO_SPACE|ENOSPC/) as string,
        });
      else expect(outcome).toBe("done");
      struck = fs.struck;
    }
  });
});
