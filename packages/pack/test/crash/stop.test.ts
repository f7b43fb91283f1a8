import { nodeFs } from "@store/layout";
import { createFaultyFs, FsStopped } from "@store/layout/testing";
import { FULL, pick, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import { createMemoryStore } from "../support/stores.ts";
import { findLost, judge, readOn } from "./check-store.ts";
import { type CrashOperation, operations } from "./operations.ts";

/** Calls per operation and kind of end by default. */
const CALLS_USUAL = 8;

function isStop(error: unknown): boolean {
  if (error instanceof FsStopped) return true;
  if (error instanceof SuppressedError) return isStop(error.error) || isStop(error.suppressed);
  return error instanceof Error && error.cause !== undefined && isStop(error.cause);
}

async function countCalls(operation: CrashOperation): Promise<number> {
  await using store = await createMemoryStore();
  await operation.prepare(store.layout);
  const fs = createFaultyFs(nodeFs);
  await operation.run(await store.reopen(fs));
  return fs.calls.length;
}

async function stopAt(
  operation: CrashOperation,
  kind: "stop" | "torn-write" | "error",
  at: number,
): Promise<void> {
  await using store = await createMemoryStore();
  await operation.prepare(store.layout);
  const fault = kind === "error" ? { kind, at, errno: "EIO" } : { kind, at };
  const fs = createFaultyFs(nodeFs, fault);
  try {
    await operation.run(await store.reopen(fs));
  } catch (error) {
    if (kind !== "error" && !isStop(error)) throw error;
  }
  expect(await judge(store.layout, operation), `${kind} at ${fs.calls[at - 1]}`).toEqual([]);
}

describe.each(["stop", "torn-write", "error"] as const)(
  "work that ends at any call (%s)",
  (kind) => {
    it.each(operations)(
      "leaves every blob readable: $name",
      async (operation) => {
        const calls = Array.from({ length: await countCalls(operation) }, (_, index) => index + 1);
        const chosen = FULL ? calls : pick(calls, CALLS_USUAL, `${kind} ${operation.name}`);
        for (const at of chosen) await stopAt(operation, kind, at);
        report(`${operation.name}: ${kind} at ${chosen.length} of ${calls.length} calls`);
      },
      FULL ? 600_000 : 60_000,
    );
  },
);

describe("readers", () => {
  it.each(operations)("miss nothing during: $name", async (operation) => {
    await using store = await createMemoryStore();
    await operation.prepare(store.layout);
    const done = new AbortController();
    const readers = [1, 2, 3].map(async () => readOn(await store.reopen(), done.signal));
    await operation.run(store.layout);
    done.abort();
    for (const { missed } of await Promise.all(readers)) expect(missed).toEqual([]);
  });

  it("miss nothing while blobs go to and fro", async () => {
    await using store = await createMemoryStore();
    const [pack, , unpack, repack] = operations;
    await pack!.prepare(store.layout);
    const done = new AbortController();
    const readers = [1, 2].map(async () => readOn(await store.reopen(), done.signal));
    for (let round = 0; round < (FULL ? 100 : 10); round += 1) {
      await pack!.run(store.layout);
      await repack!.run(store.layout);
      await unpack!.run(store.layout);
    }
    done.abort();
    for (const { missed, rounds } of await Promise.all(readers)) {
      expect(missed).toEqual([]);
      expect(rounds).toBeGreaterThan(0);
    }
    expect(await findLost(store.layout)).toEqual([]);
  });
});
