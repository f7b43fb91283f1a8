import { createSharedSlots, type SharedSlots } from "../hashing/shared-slots.ts";

/** Bytes received before they are written and hashed: large enough for both, small enough for many connections. */
export const RECEIVE_BYTES: number = 1024 * 1024;

/**
 * For 32 connections that each fill one, and as many again half of that being written or hashed.
 * Memory no transfer touches costs nothing.
 */
const SLOT_COUNT = 48;

/** The slots of all transfers of this process, so that their number bounds its memory. */
export interface ReceiveSlots extends SharedSlots {
  /** Lets go of them; the last one frees the memory. */
  close(): void;
}

let shared: SharedSlots | undefined;
let users = 0;

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
    close() {
      if (!open) return;
      open = false;
      users -= 1;
      if (users === 0) shared = undefined;
    },
  };
}
