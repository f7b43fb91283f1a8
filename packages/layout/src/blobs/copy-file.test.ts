import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { createContent } from "../testing/content.ts";
import { createFaultyFs } from "../testing/faulty-fs.ts";
import { copyLarge, copySmall } from "./copy-file.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-copy-"));
});
afterAll(() => rm(directory, { recursive: true }));

const ways = [
  { name: "a small copy", copy: copySmall, direct: false },
  { name: "a large copy", copy: copyLarge, direct: false },
  { name: "a large copy past the page cache", copy: copyLarge, direct: true },
];

describe.each(ways)("$name", ({ copy, direct }) => {
  it.each([0, 1, 4096, 4097, 9_000_000, 2 * 4 * 1024 * 1024])(
    "of %i bytes has the same bytes, and hashes those",
    async (size) => {
      const content = createContent(size, 1 + size);
      const from = join(directory, `from-${size}-${direct}`);
      const to = join(directory, `to-${copy.name}-${size}-${direct}`);
      await writeFile(from, content);
      const source = await nodeFs.open(from, "read");
      const target = await nodeFs.open(to, "create", { direct });
      const hashes = await copy(source, target);
      await Promise.all([source.close(), target.close()]);
      expect(hashes.digest).toBe(digestBytes(content));
      expect(digestBytes(await readFile(to))).toBe(hashes.digest);
    },
  );

  it("fails when the disk takes less than it was given, at any write", async () => {
    const from = join(directory, `full-from-${copy.name}-${direct}`);
    await writeFile(from, createContent(6_000_001, 9));
    for (let at = 1, struck = true; struck && at < 40; at += 1) {
      const fs = createFaultyFs(nodeFs, { kind: "short-write", at });
      const source = await fs.open(from, "read");
      const target = await fs.open(join(directory, `full-${copy.name}-${direct}-${at}`), "create", {
        direct,
      });
      const outcome = await copy(source, target).then(
        () => "done",
        (error: unknown) => error,
      );
      await Promise.allSettled([source.close(), target.close()]);
      const cut = (fs.calls[at - 1] ?? "").startsWith("write");
      if (cut)
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/NO_SPACE|ENOSPC|EINVAL/) as string,
        });
      else expect(outcome).toBe("done");
      struck = fs.struck;
    }
  });
});
