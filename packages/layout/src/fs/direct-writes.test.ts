import { expect, it } from "vitest";

import { expectStoreError } from "../testing/expect-error.ts";
import { createDirectWrite } from "./direct-writes.ts";
import type { FsFile } from "./fs-port.ts";

const PAGE = 4096;

type Answer = (length: number) => number;

/** A file of which only writing is asked, and the lengths that were. */
function fileOf(
  alignment: number,
  answer: Answer = (length) => length,
): { readonly file: FsFile; readonly lengths: readonly number[] } {
  const lengths: number[] = [];
  const file = {
    alignment,
    write: async (buffer: Uint8Array) => {
      lengths.push(buffer.length);
      return answer(buffer.length);
    },
  } as Partial<FsFile> as FsFile;
  return { file, lengths };
}

function refuse(code: string): Answer {
  return () => {
    throw Object.assign(new Error(`${code}: write`), { code });
  };
}

it("writes whole pages past the page cache and the rest through it", async () => {
  const [direct, plain] = [fileOf(PAGE), fileOf(1)];
  const write = createDirectWrite(async () => direct.file, plain.file);
  await write(new Uint8Array(2 * PAGE), PAGE);
  await write(new Uint8Array(2 * PAGE), PAGE + 512);
  await write(new Uint8Array(PAGE + 512), PAGE);
  expect(direct.lengths).toEqual([2 * PAGE]);
  expect(plain.lengths).toEqual([2 * PAGE, PAGE + 512]);
});

it.each(["EINVAL", "ENOTSUP", "EOPNOTSUPP"])(
  "asks no more once a file system has said %s",
  async (code) => {
    const [direct, plain] = [fileOf(PAGE, refuse(code)), fileOf(1)];
    const write = createDirectWrite(async () => direct.file, plain.file);
    await write(new Uint8Array(PAGE), 0);
    await write(new Uint8Array(2 * PAGE), PAGE);
    expect(direct.lengths).toEqual([PAGE]);
    expect(plain.lengths).toEqual([PAGE, 2 * PAGE]);
  },
);

it("tries nothing else after any other failure", async () => {
  const [failing, full, plain] = [fileOf(PAGE, refuse("EIO")), fileOf(PAGE, () => 512), fileOf(1)];
  const write = createDirectWrite(async () => failing.file, plain.file);
  await expect(write(new Uint8Array(PAGE), 0)).rejects.toThrow("EIO");
  const writeFull = createDirectWrite(async () => full.file, plain.file);
  await expectStoreError(writeFull(new Uint8Array(PAGE), 0), "ERR_STORE_NO_SPACE");
  expect(plain.lengths).toEqual([]);
});
