import { digestBytes, isStoreError } from "@store/layout";
import { collectContent, createContent } from "@store/layout/testing";
import { beforeAll, describe, expect, it } from "vitest";

import { hashPackKey, openPackSet, type PackHome, verifyPacks } from "../src/index.ts";
import { createReadOnlyFs } from "./support/memory-fs.ts";
import { bytesOf, createTemporaryPacks, hexOf, readFiles, writePack } from "./support/packs.ts";

// Every damage of one place to any file of a small pack: no reader ever gives other bytes than were
// put in, and a verification always has something to say.

// One stored block, one compressed block, and noise.
const contents = [bytesOf("hello world"), bytesOf("ha".repeat(60)), createContent(40, 1)];
const good = new Map<string, Uint8Array>();

beforeAll(async () => {
  await using packs = await createTemporaryPacks();
  await writePack(packs.home, contents);
  for (const [name, bytes] of await readFiles(packs.home.dir)) good.set(name, bytes);
});

/** Reads everything there ever was, in both ways. */
async function readAll(home: PackHome): Promise<void> {
  await using set = await openPackSet(home);
  for (const content of contents) {
    const reads = [
      () => collectContent(set.read(digestBytes(content))),
      () => set.readKey(hashPackKey(content)),
    ];
    for (const read of reads) {
      const bytes = await read().catch((error: unknown) => {
        if (isStoreError(error) && ["corrupt", "not-found", "invalid"].includes(error.kind)) return;
        throw error;
      });
      if (bytes !== undefined) expect(hexOf(bytes)).toBe(hexOf(content));
    }
  }
}

async function check(name: string, bytes: Uint8Array, what: string): Promise<void> {
  const home = { fs: createReadOnlyFs(new Map(good).set(name, bytes)), dir: "/packs" };
  await readAll(home);
  const errors: string[] = [];
  for await (const { severity, code } of verifyPacks(home)) {
    if (severity === "error") errors.push(code);
  }
  expect(errors, what).not.toHaveLength(0);
}

describe("a pack with damage in one place", () => {
  for (const kind of ["dat", "idx", "ids"]) {
    const find = (): [string, Uint8Array] => {
      const file = [...good].find(([name]) => name.endsWith(kind));
      if (file === undefined) throw new Error(`there is no .${kind}`);
      return file;
    };

    it(`is found out for every bit of its .${kind} that flips`, async () => {
      const [name, bytes] = find();
      for (let at = 0; at < bytes.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const flipped = new Uint8Array(bytes);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          await check(name, flipped, `bit ${bit} of byte ${at}`);
        }
      }
    });

    it(`is found out wherever its .${kind} is cut`, async () => {
      const [name, bytes] = find();
      for (let length = 0; length < bytes.length; length++) {
        await check(name, bytes.subarray(0, length), `${length} bytes`);
      }
    });

    it(`is found out when its .${kind} ends in zeros, as after a power cut, or goes on`, async () => {
      const [name, bytes] = find();
      for (let length = 0; length < bytes.length; length++) {
        const zeroed = new Uint8Array(bytes.length);
        zeroed.set(bytes.subarray(0, length));
        if (hexOf(zeroed) !== hexOf(bytes))
          await check(name, zeroed, `${length} bytes, then zeros`);
      }
      for (const more of [1, 8, 32, 72, 4096]) {
        const longer = new Uint8Array(bytes.length + more);
        longer.set(bytes);
        await check(name, longer, `${more} zeros more`);
        longer.set(bytes.subarray(-more), bytes.length);
        await check(name, longer, `its last ${more} bytes again`);
      }
    });
  }
});
