import type { BlobStore, Ingest, IngestBuffers } from "@store/layout";

const readers = ["sockets", "fetch", "proxy"] as const;

/**
 * The way bodies are read in this run: each fault of the network is met on all. `sockets` also gives
 * every ingest buffers, which only large ones have otherwise; through a `proxy`, Node's own client
 * reads them.
 */
export const reader: (typeof readers)[number] =
  readers.find((name) => name === process.env["STORE_TEST_READER"]) ?? "sockets";

/** An answer that is not plain is asked for once more, the other way. */
export const notPlainRequests: number = reader === "sockets" ? 2 : 1;

const BUFFER_BYTES = 40_000;

export function withBuffers(blobs: BlobStore): BlobStore {
  return {
    ...blobs,
    async ingest(target, options) {
      const ingest = await blobs.ingest(target, options);
      return { ...ingest, buffers: ingest.buffers ?? createBuffers(ingest) };
    },
  };
}

function createBuffers(ingest: Pick<Ingest, "writeAt">): IngestBuffers {
  return {
    sizeBytes: BUFFER_BYTES,
    async acquire({ signal } = {}) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(BUFFER_BYTES);
      return {
        bytes,
        writeAt: (offset, length) => ingest.writeAt(offset, bytes.subarray(0, length)),
        release() {},
      };
    },
  };
}
