import type { AbortOptions } from "../abort-options.ts";
import type { SharedSlots } from "./shared-slots.ts";

/** Bytes of a file, in one of the slots. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Where they begin in the slots' memory. */
  readonly offset: number;
  /** Where they begin in the file. */
  readonly position: number;
}

export interface ReadAheadOptions extends AbortOptions {
  /** How many slots to use at once; others may use the same ones meanwhile. */
  readonly lanes: number;
  /** Fills a slot with the bytes at `position`; a short count means the end. */
  readonly read: (slot: Uint8Array, position: number) => Promise<number>;
  /** Is called in the order of positions. The bytes stay as they are until its promise settles. */
  readonly take: (piece: Piece) => Promise<unknown> | void;
  /** Told after each piece how many bytes have been handed on. */
  readonly onBytes?: ((done: number) => void) | undefined;
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function createTurn(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Reads a file from its start to its end, several slots at once. */
export async function readAhead(slots: SharedSlots, options: ReadAheadOptions): Promise<void> {
  let next = 0;
  let ended = false;
  let failed = false;
  /** Lanes hand on in the order of their positions. */
  let turn: Promise<void> = Promise.resolve();

  async function lane(): Promise<void> {
    while (!ended && !failed) {
      const slot = await slots.acquire();
      try {
        options.signal?.throwIfAborted();
        const position = next;
        next += slots.slotBytes;
        const before = turn;
        const { promise, resolve: handOn } = createTurn();
        turn = promise;
        try {
          const count = await options.read(slot.bytes, position);
          await before;
          // A slot read beyond the end, or behind a failure, is dropped.
          if (ended || failed) return;
          if (count < slots.slotBytes) ended = true;
          const bytes = slot.bytes.subarray(0, count);
          const taken = options.take({ bytes, offset: slot.offset, position });
          handOn();
          try {
            options.onBytes?.(position + count);
          } finally {
            // In any case: until then the bytes of the slot are in use.
            await taken;
          }
        } finally {
          handOn();
        }
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        slot.release();
      }
    }
  }

  const outcomes = await Promise.allSettled(Array.from({ length: options.lanes }, lane));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
