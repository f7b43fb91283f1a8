import type { IngestBuffer, IngestBuffers } from "../blobs/blob-store.ts";
import type { SharedSlots, Slot } from "../hashing/shared-slots.ts";

export interface IngestBuffersParts {
  readonly slots: SharedSlots;
  /** Resolves when bytes for an offset may come; never rejects. */
  readonly turn: (offset: number) => Promise<void>;
  readonly writeSlot: (offset: number, slot: Slot, length: number) => Promise<void>;
}

/** Hands out slots as the buffers of one ingest. */
export function createIngestBuffers({ slots, turn, writeSlot }: IngestBuffersParts): IngestBuffers {
  function toBuffer(slot: Slot): IngestBuffer {
    return {
      bytes: slot.bytes,
      writeAt: (offset, length) => writeSlot(offset, slot, length),
      release: slot.release,
    };
  }
  return {
    sizeBytes: slots.slotBytes,
    async acquire({ signal, offset } = {}) {
      signal?.throwIfAborted();
      // Nobody holds a slot while waiting for a turn: those who bring the turn nearer need them.
      const slot =
        offset === undefined ? slots.acquire() : turn(offset).then(() => slots.acquire());
      return toBuffer(await (signal === undefined ? slot : unlessAborted(slot, signal)));
    },
  };
}

/** A slot that comes after the caller gave up belongs to the next one. */
function unlessAborted(slot: Promise<Slot>, signal: AbortSignal): Promise<Slot> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason);
      void slot.then(({ release }) => release());
    };
    signal.addEventListener("abort", abort, { once: true });
    void slot.then((given) => {
      signal.removeEventListener("abort", abort);
      resolve(given);
    });
  });
}
