import { describe, expect, it } from "vitest";

import { type BlobInfo, type Digest, digestBytes, StoreError } from "@store/layout";

import { createBlobProver } from "./blob-prover.ts";
import type { StorePorts } from "./store-ports.ts";

const bytes = new TextEncoder().encode("the bytes of a blob");
const digest = digestBytes(bytes);
const { signal } = new AbortController();

interface FakeBlob {
  bytes: Uint8Array;
  addedAtMs: number;
  verified: boolean;
}

/** One blob that a test may change behind the prover's back, and a count of what was asked. */
function createBlobs(blob: FakeBlob | undefined) {
  const counts = { ensured: 0, read: 0 };
  const describeBlob = (found: FakeBlob, of: Digest): BlobInfo => ({
    digest: of,
    size: found.bytes.length,
    addedAtMs: found.addedAtMs,
    verified: found.verified,
    released: false,
    where: "loose",
  });
  const state: { blob: FakeBlob | undefined } = { blob };
  const ports: StorePorts["blobs"] = {
    async stat(asked) {
      return state.blob && describeBlob(state.blob, asked);
    },
    async *read() {
      counts.read += 1;
      if (state.blob !== undefined) yield state.blob.bytes;
    },
    async ensureVerified(asked) {
      counts.ensured += 1;
      if (state.blob !== undefined && digestBytes(state.blob.bytes) !== asked) {
        state.blob = undefined;
      }
      return state.blob && { ...describeBlob(state.blob, asked), verified: true };
    },
  };
  return { ports, counts, state };
}

describe("createBlobProver", () => {
  it("answers undefined for a blob that is not there", async () => {
    const { ports } = createBlobs(undefined);
    expect(await createBlobProver(ports).find(digest, { signal })).toBeUndefined();
  });

  it("believes the store that it has hashed a blob, without reading it", async () => {
    const { ports, counts } = createBlobs({ bytes, addedAtMs: 1, verified: true });
    const prover = createBlobProver(ports);
    expect(await prover.find(digest, { signal })).toMatchObject({ digest, size: bytes.length });
    await prover.find(digest, { signal });
    expect(counts).toEqual({ ensured: 0, read: 0 });
  });

  it("has a blob that nobody hashed hashed once, even where that cannot be recorded", async () => {
    const { ports, counts } = createBlobs({ bytes, addedAtMs: 1, verified: false });
    const prover = createBlobProver(ports);
    for (let time = 0; time < 3; time += 1) {
      expect(await prover.find(digest, { signal })).toMatchObject({ size: bytes.length });
    }
    expect(counts.ensured).toBe(1);
  });

  it("says corrupt, not absent, when the bytes turn out wrong; afterwards they are absent", async () => {
    const { ports } = createBlobs({ bytes: bytes.slice(1), addedAtMs: 1, verified: false });
    const prover = createBlobProver(ports);
    await expect(prover.find(digest, { signal })).rejects.toMatchObject({
      kind: "corrupt",
      code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    });
    expect(await prover.find(digest, { signal })).toBeUndefined();
  });

  it("says corrupt when wrong bytes cannot be moved away because the store is not ours to write", async () => {
    const { ports } = createBlobs({ bytes, addedAtMs: 1, verified: false });
    const readOnly = new StoreError("read-only", { kind: "denied", code: "ERR_STORE_READ_ONLY" });
    const prover = createBlobProver({
      ...ports,
      ensureVerified: () => Promise.reject(readOnly),
    });
    await expect(prover.find(digest, { signal })).rejects.toMatchObject({ kind: "corrupt" });
  });

  it("lets the store move plain damage away, and reports it", async () => {
    const { ports, counts } = createBlobs(undefined);
    const damage = new StoreError("empty", {
      kind: "corrupt",
      code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    });
    const prover = createBlobProver({ ...ports, stat: () => Promise.reject(damage) });
    await expect(prover.find(digest, { signal })).rejects.toBe(damage);
    expect(counts.ensured).toBe(1);
  });

  it("hashes a blob again whose file changed under it, whatever the store believes", async () => {
    const { ports, counts, state } = createBlobs({ bytes, addedAtMs: 1, verified: true });
    const prover = createBlobProver(ports);
    await prover.find(digest, { signal });

    state.blob = { bytes, addedAtMs: 2, verified: true };
    expect(await prover.find(digest, { signal })).toMatchObject({ addedAtMs: 2 });
    await prover.find(digest, { signal });
    expect(counts.read).toBe(1);

    const flipped = Uint8Array.from(bytes, (byte, index) => (index === 3 ? byte ^ 1 : byte));
    state.blob = { bytes: flipped, addedAtMs: 3, verified: true };
    await expect(prover.find(digest, { signal })).rejects.toMatchObject({ kind: "corrupt" });
    await expect(prover.find(digest, { signal })).rejects.toMatchObject({ kind: "corrupt" });
  });

  it("hashes a blob once for all who ask for it at the same time", async () => {
    const { ports, counts } = createBlobs({ bytes, addedAtMs: 1, verified: false });
    const prover = createBlobProver(ports);
    await Promise.all(Array.from({ length: 50 }, () => prover.find(digest, { signal })));
    expect(counts.ensured).toBe(1);
  });

  it("passes on what is no damage", async () => {
    const { ports } = createBlobs(undefined);
    const failure = new StoreError("EIO", { kind: "unavailable", code: "ERR_STORE_IO_FAILED" });
    const prover = createBlobProver({ ...ports, stat: () => Promise.reject(failure) });
    await expect(prover.find(digest, { signal })).rejects.toBe(failure);
  });
});
