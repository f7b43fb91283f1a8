import { describe, expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { createContent } from "../testing/content.ts";
import { createBlobHasher } from "./blob-hasher.ts";
import { pump, pumpDigest, type PumpOptions, SLOT_BYTES } from "./pump.ts";

/** Reads from bytes in memory, each read taking a different while, so that lanes overtake each other. */
function readerOf(content: Uint8Array): PumpOptions["read"] {
  let calls = 0;
  return async (slot, position) => {
    calls += 1;
    if (calls % 3 === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const piece = content.subarray(position, position + slot.length);
    slot.set(piece);
    return piece.length;
  };
}

describe("pump", () => {
  it.each([0, 1, SLOT_BYTES - 1, SLOT_BYTES, SLOT_BYTES + 1, 9 * SLOT_BYTES + 123])(
    "hashes %i bytes in order and writes each of them once",
    async (size) => {
      const content = createContent(size, 3);
      const written = new Uint8Array(size);
      let count = 0;
      const hashes = await pump({
        read: readerOf(content),
        write: async (bytes, position) => {
          await new Promise((resolve) => setTimeout(resolve, position % 3));
          written.set(bytes, position);
          count += bytes.length;
        },
      });
      expect(hashes.digest).toBe(digestBytes(content));
      expect(count).toBe(size);
      expect(digestBytes(written)).toBe(digestBytes(content));
      const inline = await createBlobHasher();
      inline.update(content);
      expect(hashes.chunks).toEqual(inline.finish().chunks);
    },
  );

  it("passes on the error of a read, a write or the caller, and ends", async () => {
    const content = createContent(5 * SLOT_BYTES, 4);
    const failure = new Error("the disk broke");
    const read = readerOf(content);
    const broken: PumpOptions["read"] = (slot, position) =>
      position >= 2 * SLOT_BYTES ? Promise.reject(failure) : read(slot, position);
    await expect(pump({ read: broken })).rejects.toBe(failure);
    await expect(pump({ read, write: () => Promise.reject(failure) })).rejects.toBe(failure);
    const signal = AbortSignal.abort(failure);
    await expect(pump({ read, signal })).rejects.toBe(failure);
  });

  it("shares its memory with others at the same time, failing ones too, and mixes up no bytes", async () => {
    const contents = [3, 4, 5, 6].map((seed) => createContent(5 * SLOT_BYTES + seed, seed));
    const failure = new Error("the disk broke");
    const broken: PumpOptions = {
      read: readerOf(createContent(4 * SLOT_BYTES, 9)),
      onBytes() {
        throw failure;
      },
    };
    const [failed, ...digests] = await Promise.allSettled([
      pump(broken),
      ...contents.map((content) => pumpDigest({ read: readerOf(content) })),
    ]);
    expect(failed).toEqual({ status: "rejected", reason: failure });
    expect(digests).toEqual(
      contents.map((content) => ({ status: "fulfilled", value: digestBytes(content) })),
    );
  });

  it("tells how far it is, ascending", async () => {
    const content = createContent(4 * SLOT_BYTES + 5, 5);
    const seen: number[] = [];
    await pump({ read: readerOf(content), onBytes: (done) => seen.push(done) });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(content.length);
  });
});
