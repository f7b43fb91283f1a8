import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { createSharedSlots } from "../hashing/shared-slots.ts";
import { startSha256Worker } from "../hashing/sha256-worker.ts";
import type { PrefixHasher } from "./prefix-hasher.ts";
import { createRangeSet } from "./range-set.ts";
import type { ReceiveSlots } from "./receive-slots.ts";

/** Bytes per step, and how many steps are in memory: one read while another is hashed. */
const STEP_BYTES = 2 * 1024 * 1024;
const STEP_COUNT = 2;

/** How far ahead of the hash a slot may lie and still be kept for it. */
const AHEAD_BYTES_MAX = 32 * 1024 * 1024;

/** With so much to hash, whoever brings bytes from further ahead waits: they would be read back. */
const BEHIND_BYTES = 8 * 1024 * 1024;

/** Indices of the worker's memories. */
const STEPS = 0;
const RECEIVED = 1;

/** Bytes in a slot that wait for their turn. */
interface Kept {
  readonly offset: number;
  readonly length: number;
  /** Called when it waits no longer. */
  readonly taken: () => void;
  /** Called when it is of no more use. */
  readonly done: () => void;
}

/**
 * For large files: follows the writers through the file, a thread of its own doing the SHA-256. It
 * takes bytes from the slots they arrived in where they are next in line or nearly so, and reads
 * the others back. So a transfer's bytes may arrive in any order, and little is left to do at its
 * end. While it is behind, bytes from further ahead are held up, so that it comes to those that are
 * in memory again.
 */
export function createFollowingHasher(
  file: FsFile,
  present: readonly ByteRange[],
  received: ReceiveSlots,
): PrefixHasher {
  const steps = createSharedSlots(STEP_COUNT, STEP_BYTES);
  const worker = startSha256Worker(steps.memory, received.memory);
  const written = createRangeSet(present);
  const kept = new Map<number, Kept>();
  /** Whoever waits until it is no longer behind. */
  let heldUp: (() => void)[] = [];
  let taken = 0;
  /** Bytes the thread was given and is not done with. */
  let queued = 0;
  let stepping: Promise<void> = Promise.resolve();
  let busy = false;
  let wokenAgain = false;
  let failure: unknown;
  let updating: Promise<void> = Promise.resolve();

  function update(offset: number, length: number, memory: number, done: () => void): void {
    taken += length;
    queued += length;
    updating = worker.update(offset, length, memory).finally(() => {
      queued -= length;
      done();
      letOn();
    });
    updating.catch(fail);
  }

  /** Only while it gets on by itself, so that nobody waits for one who waits. */
  function isBehind(): boolean {
    if (failure !== undefined || (!busy && queued === 0)) return false;
    return queued + written.endFrom(taken) - taken >= BEHIND_BYTES;
  }

  /** Lets those on who were held up, once it is not behind. */
  function letOn(): void {
    if (isBehind()) return;
    const waiting = heldUp;
    heldUp = [];
    for (const go of waiting) go();
  }

  function fail(error: unknown): void {
    failure ??= error;
    dropKept(Number.POSITIVE_INFINITY);
    letOn();
  }

  /** Lets go of slots before an offset: they were read back, or are of no use any more. */
  function dropKept(before: number): void {
    for (const [start, dropped] of kept) {
      if (start >= before) continue;
      kept.delete(start);
      dropped.taken();
      dropped.done();
    }
  }

  /** Hashes all kept bytes that are next in line. */
  function takeKept(): void {
    for (let next = kept.get(taken); next !== undefined; next = kept.get(taken)) {
      kept.delete(taken);
      next.taken();
      update(next.offset, next.length, RECEIVED, next.done);
    }
  }

  /** Reads back and hashes the next bytes in line, if there are `atLeast` of them. */
  async function step(atLeast: number, end: number): Promise<boolean> {
    const start = taken;
    const nextKept = Math.min(...kept.keys());
    const ready = Math.min(written.endFrom(start), end, nextKept) - start;
    if (ready <= 0 || ready < Math.min(atLeast, nextKept - start)) return false;
    const slot = await steps.acquire();
    let handedOver = false;
    try {
      const wanted = slot.bytes.subarray(0, Math.min(STEP_BYTES, ready));
      const count = await file.read(wanted, start);
      if (count === 0 || failure !== undefined) return false;
      handedOver = true;
      update(slot.offset, count, STEPS, slot.release);
      dropKept(taken);
      return true;
    } finally {
      if (!handedOver) slot.release();
    }
  }

  /** Answers whether it got on. */
  async function stepOn(atLeast: number, end: number): Promise<boolean> {
    if (failure !== undefined) return false;
    const before = taken;
    takeKept();
    return taken > before || step(atLeast, end);
  }

  async function follow(): Promise<void> {
    busy = true;
    try {
      do wokenAgain = false;
      while ((await stepOn(STEP_BYTES, Number.POSITIVE_INFINITY)) || wokenAgain);
    } catch (error) {
      fail(error);
    } finally {
      busy = false;
      letOn();
    }
  }
  function wake(): void {
    wokenAgain = true;
    if (!busy && failure === undefined) stepping = follow();
  }
  wake();

  async function catchUp(end: number, options?: AbortOptions): Promise<void> {
    await stepping;
    do options?.signal?.throwIfAborted();
    while (await stepOn(1, end));
    await updating;
    if (failure !== undefined) throw failure;
  }

  return {
    written(start, bytes) {
      written.add({ start, end: start + bytes.length });
      wake();
    },
    async turn(start) {
      const mustWait = (): boolean => start >= taken + AHEAD_BYTES_MAX && isBehind();
      while (mustWait()) {
        await new Promise<void>((go) => heldUp.push(go));
      }
    },
    offer(start, slot, length) {
      const isNext = start === taken;
      const isNear = start > taken && start < taken + AHEAD_BYTES_MAX;
      if (failure !== undefined) return Promise.resolve();
      if (isNext) {
        return new Promise((done) => {
          kept.set(start, { offset: slot.offset, length, done, taken() {} });
          wake();
        });
      }
      if (!isNear || !received.keep()) return Promise.resolve();
      return new Promise((done) => {
        kept.set(start, { offset: slot.offset, length, done, taken: received.unkeep });
      });
    },
    hashed: () => taken - queued,
    async finish(end, options) {
      await catchUp(end, options);
      const digest = await worker.digest();
      await worker.close();
      return digest;
    },
    async close() {
      fail(new TypeError("the hasher is closed"));
      await stepping;
      await worker.close();
    },
  };
}
