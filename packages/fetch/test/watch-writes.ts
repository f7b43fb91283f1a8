import type { BlobStore, Ingest } from "@store/layout";

/** Tells when bytes that a server sent have reached the store, however busy the machine is. */
export interface WriteWatch {
  readonly blobs: BlobStore;
  /** Calls back once so many more bytes were written than there are now. */
  afterWrites(act: () => void, bytes?: number): void;
}

export function watchWrites(blobs: BlobStore): WriteWatch {
  let written = 0;
  let waiting: { readonly at: number; readonly act: () => void }[] = [];

  function note(bytes: number): void {
    written += bytes;
    const due = waiting.filter(({ at }) => at <= written);
    waiting = waiting.filter(({ at }) => at > written);
    for (const { act } of due) act();
  }

  function watch(ingest: Ingest): Ingest {
    const { buffers } = ingest;
    return {
      ...ingest,
      async writeAt(offset, chunk) {
        await ingest.writeAt(offset, chunk);
        note(chunk.length);
      },
      buffers: buffers && {
        ...buffers,
        async acquire(options) {
          const buffer = await buffers.acquire(options);
          return {
            ...buffer,
            async writeAt(offset, length) {
              await buffer.writeAt(offset, length);
              note(length);
            },
          };
        },
      },
    };
  }

  return {
    blobs: {
      ...blobs,
      ingest: async (target, options) => watch(await blobs.ingest(target, options)),
    },
    afterWrites: (act, bytes = 1) => void waiting.push({ at: written + bytes, act }),
  };
}
