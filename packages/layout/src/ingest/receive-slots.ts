import { createSharedSlots, type SharedSlots } from "../hashing/shared-slots.ts";

/** Bytes received before they are written and hashed: large enough for both, small enough for many connections. */
export const RECEIVE_BYTES: number = 1024 * 1024;

/**
 * For the connections that fill one at a time: what comes for another one waits in the kernel for as
 * long as a write takes. Memory no transfer touches costs nothing.
 */
const SLOT_COUNT = 28;

/** The slots of all transfers of this process, so that their number bounds its memory. */
export interface ReceiveSlots extends SharedSlots {
  /**
   * Asks to keep a slot until its bytes are next in line; a yes is to be taken back by `unkeep`. So
   * few are kept that whoever brings the bytes in between always finds one.
   */
  keep(): boolean;
  unkeep(): void;
  /** Lets go of them; the last one frees the memory. */
  close(): void;
}

const KEPT_COUNT_MAX = 16;

let shared: SharedSlots | undefined;
let users = 0;
let keptCount = 0;

export function openReceiveSlots(): ReceiveSlots {
  shared ??= createSharedSlots(SLOT_COUNT, RECEIVE_BYTES);
  users += 1;
  const slots = shared;
  let open = true;
  return {
    memory: slots.memory,
    slotBytes: slots.slotBytes,
    get freeCount() {
      return slots.freeCount;
    },
    acquire: () => slots.acquire(),
    keep() {
      if (keptCount >= KEPT_COUNT_MAX) return false;
      keptCount += 1;
      return true;
    },
    unkeep() {
      keptCount -= 1;
    },
    close() {
      if (!open) return;
      open = false;
      users -= 1;
      if (users === 0) shared = undefined;
    },
  };
}
