import type { GcReport } from "@store/gc";
import { StoreError } from "@store/layout";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { LogEvent } from "../log.ts";
import { startPeriodicSweeps } from "./periodic-sweeps.ts";

const HOUR_MS = 3_600_000;
const report = { freedBytes: 7, destroyed: ["sha256:1"], failed: [] } as unknown as GcReport;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("sweeps soon after the start and then once a period, whatever becomes of each", async () => {
  const events: LogEvent[] = [];
  let sweeps = 0;
  const collector = {
    async sweep() {
      sweeps += 1;
      if (sweeps !== 2) return report;
      throw new StoreError("locked", { kind: "busy", code: "ERR_STORE_SWEEP_LOCKED" });
    },
  };
  const periodic = startPeriodicSweeps(collector, {
    everyMs: HOUR_MS,
    log: (event) => void events.push(event),
  });
  await vi.advanceTimersByTimeAsync(HOUR_MS / 4);
  expect(sweeps).toBe(1);
  await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
  expect(sweeps).toBe(3);
  expect(events).toMatchObject([
    { event: "swept", freedBytes: 7, blobs: 1 },
    { event: "sweep-failed", code: "ERR_STORE_SWEEP_LOCKED" },
    { event: "swept" },
  ]);
  await periodic[Symbol.asyncDispose]();
});

it("ends a sweep under way when it ends, waits for it, and begins no other", async () => {
  const events: LogEvent[] = [];
  let ended = 0;
  const collector = {
    async sweep({ signal }: { signal?: AbortSignal | undefined }): Promise<GcReport> {
      await new Promise((resolve) => {
        signal?.addEventListener("abort", resolve);
      });
      ended += 1;
      throw signal?.reason;
    },
  };
  const periodic = startPeriodicSweeps(collector, {
    everyMs: HOUR_MS,
    log: (event) => void events.push(event),
  });
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  await periodic[Symbol.asyncDispose]();
  expect([ended, events]).toEqual([1, []]);
  await vi.advanceTimersByTimeAsync(3 * HOUR_MS);
  expect(ended).toBe(1);
});
