import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { createContent } from "../testing/content.ts";
import { createBlobHasher } from "./blob-hasher.ts";
import { hashFile, identifyFile, PUMP_BYTES_MIN, sumFile } from "./hash-file.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "store-hash-"));
});
afterAll(() => rm(root, { recursive: true }));

describe.each([0, 1, 1024 * 1024, 3_000_000, PUMP_BYTES_MIN + 4097])(
  "a file of %i bytes",
  (size) => {
    it.each([true, false])("is hashed the same in all ways (direct: %s)", async (direct) => {
      const content = createContent(size, 5);
      const hasher = await createBlobHasher();
      hasher.update(content);
      const expected = hasher.finish();
      const path = join(root, `${size}-${direct}`);
      const writer = await open(path, "wx");
      await writer.write(content);
      await writer.sync();
      await writer.close();
      const file = await nodeFs.open(path, "read", { direct });
      expect(expected.digest).toBe(digestBytes(content));
      expect(await hashFile(file)).toEqual(expected);
      expect(await identifyFile(file)).toBe(expected.digest);
      expect(await sumFile(file)).toEqual(expected.chunks);
      await file.close();
    });
  },
);

it.each([{ call: hashFile }, { call: identifyFile }, { call: sumFile }])(
  "tells how far it is, and ends with the caller's reason: $call.name",
  async ({ call }) => {
    const path = join(root, `progress-${call.name}`);
    const writer = await open(path, "wx");
    await writer.write(new Uint8Array(PUMP_BYTES_MIN + 1));
    await writer.close();
    const file = await nodeFs.open(path, "read");
    const seen: number[] = [];
    await call(file, { onBytes: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe(PUMP_BYTES_MIN + 1);
    const reason = new Error("enough");
    await expect(call(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await file.close();
  },
);
