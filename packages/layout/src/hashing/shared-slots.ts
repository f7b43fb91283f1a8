/** Reusable buffers that a worker can see. Their memory starts at a page boundary, as direct I/O asks. */
export interface SharedSlots {
  readonly memory: SharedArrayBuffer;
  /** Bytes per slot. */
  readonly slotBytes: number;
  /** Slots nobody has. */
  readonly freeCount: number;
  /** Waits until a slot is free. */
  acquire(): Promise<Slot>;
}

export interface Slot {
  readonly bytes: Uint8Array;
  /** Where it begins in the shared memory. */
  readonly offset: number;
  release(): void;
}

/** A page of WebAssembly memory; the only shared memory in Node that is sure to be page-aligned. */
const WASM_PAGE_BYTES = 64 * 1024;

/** The language library of TypeScript declares WebAssembly for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (options: { initial: number; maximum: number; shared: true }) => {
    readonly buffer: SharedArrayBuffer;
  };
};

export function createSharedSlots(count: number, slotBytes: number): SharedSlots {
  const pages = Math.ceil((count * slotBytes) / WASM_PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
  const waiting: ((slot: Slot) => void)[] = [];
  const free: Slot[] = [];

  function hand(slot: Slot): void {
    const next = waiting.shift();
    if (next === undefined) free.push(slot);
    else next(slot);
  }
  for (let index = 0; index < count; index += 1) {
    const offset = index * slotBytes;
    const slot: Slot = {
      bytes: new Uint8Array(memory, offset, slotBytes),
      offset,
      release: () => hand(slot),
    };
    free.push(slot);
  }
  return {
    memory,
    slotBytes,
    get freeCount() {
      return free.length;
    },
    acquire() {
      const slot = free.pop();
      return slot === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(slot);
    },
  };
}
